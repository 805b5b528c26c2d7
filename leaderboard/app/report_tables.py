"""Tables of the report on a page: its texts become numbers again where they are, so that they sort and save as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from lifealign_bench.leaderboard.analysis.findings import AVERAGE
from lifealign_bench.leaderboard.analysis.sheets import NULL, Sheet
from lifealign_bench.leaderboard.app.widgets import escaped, notes, show_table
from lifealign_bench.leaderboard.shown import Column, Rounded, Table, in_full

AVERAGE_SHORT = "mean"
"""A pinned column is as wide as most of its names."""


def show_sheet(sheet: Sheet, name: str, heads: Mapping[str, str] | None = None) -> None:
    """A sheet under its sentence; below it why there are dashes. heads: longer headings, with units."""
    st.caption(escaped(sheet.sentence))
    if sheet.rows:
        show_table(table_of(sheet, name, heads or {}), name)
    for text in sheet.notes:
        # A command stands between marks where a terminal or a page of the report shows it.
        plain = _of_all(text.replace("`", ""), len(sheet.rows))
        notes([plain if plain.endswith(".") else f"{plain}."])


def _of_all(note: str, rows: int) -> str:
    """A note of `analysis.sheets.merged`, without the names where it is of every row; as a sentence without any."""
    names, _, reason = note.partition(": ")
    if not reason:
        return f"{note[:1].upper()}{note[1:]}"
    listed = names.split("; ")
    more = listed[-1].rpartition(" and ")[2].removesuffix(" more")
    count = len(listed) + (int(more) if listed[-1].endswith(" more") and more.isdecimal() else 0)
    return f"All rows: {reason}" if count == rows > 1 else note


def table_of(sheet: Sheet, name: str, heads: Mapping[str, str]) -> Table:
    """The sheet as a table; a column of numbers alone is one of numbers."""
    frame = pd.DataFrame(index=range(len(sheet.rows)))
    columns: list[Column] = []
    for place, head in enumerate(sheet.heads):
        texts = [row[place] for row in sheet.rows]
        title = heads.get(head, head[:1].upper() + head[1:])
        values = None if place < sheet.texts else _numbers(texts)
        # The place is the name: two columns may have one heading.
        key = f"{place}"
        if values is None:
            # A plus in front would be taken for a formula.
            frame[key] = pd.Series([_unsigned(text) for text in texts], dtype=object)
            columns.append(Column(key, _once(title, columns), pinned=place == 0))
        else:
            frame[key] = pd.Series(values, dtype=float)
            columns.append(Column(key, _once(title, columns), _digits(texts)))
    return Table(name, frame, tuple(columns))


def _numbers(texts: Sequence[str]) -> list[float | None] | None:
    """The numbers that these texts are, None for a dash; None where one is something else."""
    found: list[float | None] = []
    for text in texts:
        plain = text.replace("−", "-").replace(",", "").removesuffix(" %").removesuffix("%")
        try:
            shown = None if text == NULL else float(plain)
        except ValueError:
            return None
        full = in_full(text)
        found.append(full if isinstance(full, float) else shown)
    return found


def _unsigned(text: str) -> str:
    if text == AVERAGE:
        return AVERAGE_SHORT
    plain, full = text.removeprefix("+"), in_full(text)
    return Rounded(plain, full) if full != text else plain


def _digits(texts: Sequence[str]) -> int:
    return max((len(text.partition(".")[2].rstrip(" %")) for text in texts), default=0)


def _once(title: str, columns: Sequence[Column]) -> str:
    number = sum(column.title.partition(" (")[0] == title for column in columns)
    return f"{title} ({number + 1})" if number else title
