"""Answers as files: a figure of each question, a CSV of each of its tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.figures import write_figure
from lifealign_bench.leaderboard.variation.answers import Answered

WIDTH = 900


def write_answers(found: Sequence[Answered], folder: Path, ending: str = "png") -> tuple[Path, ...]:
    """Write `NAME.png` of each question, with another ending in that format, and its tables; returns the paths.

    Raises:
        InputError: the folder cannot be made, another format than png, svg or html, or no browser to draw with.
    """
    written = write_figures(found, folder, ending)
    for own in found:
        for table in (own.table, *own.more):
            (folder / f"{table.name}.csv").write_bytes(table.csv())
            written.append(folder / f"{table.name}.csv")
    return tuple(written)


def write_figures(found: Sequence[Answered], folder: Path, ending: str = "png") -> list[Path]:
    """The figures alone; raises as `write_answers`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(folder, "folder", error.strerror or type(error).__name__, "one that can be written") from None
    for own in found:
        own.figure.update_layout(width=WIDTH, paper_bgcolor="white", plot_bgcolor="white")
        write_figure(own.figure, folder / f"{own.name}.{ending}")
    return [folder / f"{own.name}.{ending}" for own in found]
