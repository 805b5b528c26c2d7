"""Tables of the report on a page: its texts become numbers again where they are, so that they sort and save as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from lifealign_bench.leaderboard.analysis.findings import AVERAGE
from lifealign_bench.leaderboard.analysis.sheets import NULL, Sheet
from lifealign_bench.leaderboard.app.widgets import escaped, notes, show_table
from lifealign_bench.leaderboard.shown import Column, Table

AVERAGE_SHORT = "mean"
"""A pinned column is as wide as most of its names."""


def show_sheet(sheet: Sheet, name: str, heads: Mapping[str, str] | None = None) -> None:
    """A sheet under its sentence; below it why there are dashes. heads: longer headings, with units."""
    st.caption(escaped(sheet.sentence))
    if sheet.rows:
        show_table(table_of(sheet, name, heads or {}), name)
    for text in sheet.notes:
        notes([text if text.endswith(".") else f"{text}."])


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
            frame[key] = [AVERAGE_SHORT if text == AVERAGE else text.removeprefix("+") for text in texts]
            columns.append(Column(key, _once(title, columns), pinned=place == 0))
        else:
            frame[key] = pd.Series(values, dtype=float)
            columns.append(Column(key, _once(title, columns), _digits(texts), rounded=True))
    return Table(name, frame, tuple(columns))


def _numbers(texts: Sequence[str]) -> list[float | None] | None:
    """The numbers that these texts are, None for a dash; None where one is something else."""
    found: list[float | None] = []
    for text in texts:
        plain = text.replace("−", "-").replace(",", "").removesuffix(" %").removesuffix("%")
        try:
            found.append(None if text == NULL else float(plain))
        except ValueError:
            return None
    return found


def _digits(texts: Sequence[str]) -> int:
    return max((len(text.partition(".")[2].rstrip(" %")) for text in texts), default=0)


def _once(title: str, columns: Sequence[Column]) -> str:
    number = sum(column.title.partition(" (")[0] == title for column in columns)
    return f"{title} ({number + 1})" if number else title
