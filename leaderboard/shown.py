"""A table as it is shown and exported: rows, headings with units, digits; safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lifealign_bench.leaderboard.visible import visible

FORMULA = ("=", "+", "-", "@", "\t", "\r")
NO_NUMBER = "–"


class Rounded(str):
    """A text of rounded numbers that knows them in full: the number, or the text as it is with every digit."""

    __slots__ = ("full",)
    full: float | str

    def __new__(cls, text: str, full: float | str) -> Rounded:
        """The text, and what it stands for."""
        made = super().__new__(cls, text)
        made.full = full
        return made


def in_full(text: str) -> float | str:
    """What a text of rounded numbers stands for; any other text as it is."""
    return text.full if isinstance(text, Rounded) else text


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the frame's name for it, its heading with unit, digits after the point (None: text).

    pinned: whether it stays in sight when a wide table is scrolled.
    """

    name: str
    title: str
    digits: int | None = None
    help: str = ""
    pinned: bool = False


@dataclass(frozen=True)
class Table:
    """A frame with what is needed to show it; columns that the frame has not are not shown.

    name: of the file that it is saved as.
    """

    name: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        present = tuple(column for column in self.columns if column.name in self.frame.columns)
        object.__setattr__(self, "columns", present)

    def shown(self) -> pd.DataFrame:
        """The frame with the headings, texts defused."""
        found = self.frame[[column.name for column in self.columns]].copy()
        for column in self.columns:
            if column.digits is None:
                found[column.name] = [defused(value) for value in found[column.name]]
        return found.set_axis([defused(column.title) for column in self.columns], axis=1)

    def texts(self) -> list[list[str]]:
        """Every cell as text, numbers with their digits, a dash where there is none."""
        return [
            [as_text(row[column.name], column.digits) for column in self.columns]
            for row in self.frame.to_dict("records")
        ]

    def csv(self) -> bytes:
        """The whole table as UTF-8 CSV: full numbers, nothing where there is none, no cell that begins a formula."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([defused(column.title) for column in self.columns])
        for row in self.frame.to_dict("records"):
            writer.writerow([_cell(row[column.name]) for column in self.columns])
        return out.getvalue().encode()

    def records(self) -> list[dict[str, Any]]:
        """The rows as JSON values by the frame's names; None where there is no number."""
        names = [column.name for column in self.columns]
        return [{name: _plain(row[name]) for name in names} for row in self.frame.to_dict("records")]


def defused(value: object) -> str:
    """A text that no spreadsheet takes for a formula: one that begins like a formula gets an apostrophe."""
    text = "" if value is None or (isinstance(value, float) and math.isnan(value)) else visible(value)
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text


def as_text(value: object, digits: int | None) -> str:
    """A cell for people: a number with its digits, a dash where there is none, a text as it is."""
    plain = _plain(value)
    if plain is None or plain == "":
        return NO_NUMBER
    if digits is not None and isinstance(plain, int | float):
        return f"{plain:,.{digits}f}".replace("-", "−")
    return visible(plain)


def text_table(name: str, rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> Table:
    """A table of these rows, with all columns even where there is no row."""
    return Table(name, pd.DataFrame(list(rows), columns=[column.name for column in columns]), tuple(columns))


def _cell(value: object) -> object:
    plain = _plain(in_full(value) if isinstance(value, str) else value)
    return "" if plain is None else plain if isinstance(plain, int | float) else defused(plain)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return "; ".join(str(part) for part in value)
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value
