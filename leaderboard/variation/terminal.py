"""Variants in a terminal: a table and its sentences for every question that the runs can answer."""

from __future__ import annotations

from rich.console import Group, RenderableType

from lifealign_bench.leaderboard.rendering import new_table, plain
from lifealign_bench.leaderboard.shown import Table
from lifealign_bench.leaderboard.variation.answers import Answered

LEFT_OUT = ("over_base", "runs", "n", "items", "seeds", "orders")
"""Columns that stand in the files of --figures and in the JSON alone, as do the tables that say more."""


def render_answered(found: Answered) -> RenderableType:
    """The question, its table and what it says."""
    return Group(_drawn(found.table, found.question), *(plain(sentence) for sentence in found.sentences))


def _drawn(found: Table, title: str) -> RenderableType:
    table = new_table(title)
    kept = [place for place, column in enumerate(found.columns) if column.name not in LEFT_OUT]
    for place in kept:
        column = found.columns[place]
        table.add_column(column.title, justify="left" if column.digits is None else "right")
    for row in found.texts():
        table.add_row(*(plain(row[place]) for place in kept))
    return table
