"""Which of the paper's printed numbers follow from others that it prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pandas as pd

from lifealign_bench.benchmark.matrix import Cell, Matrix
from lifealign_bench.benchmark.metrics import average_performance, backward_transfer, last
from lifealign_bench.leaderboard.published import TITLES, published
from lifealign_bench.leaderboard.shown import Column, Table

ROUNDING = 0.005
"""Half of the last digit that the paper prints."""
PARTS = ("bleu4", "rougeL", "judge")
MEASURES = {"last": last, "ap": average_performance, "bwt": backward_transfer}
TITLES_OF_MEASURES = {"last": "Last", "ap": "AP", "bwt": "BWT"}


@dataclass(frozen=True, slots=True)
class Claim:
    """A printed number and what other printed numbers give for it, in points; slack: what rounding alone can do."""

    what: str
    source: str
    printed: float
    recomputed: float
    slack: float

    @property
    def follows(self) -> bool:
        """Whether rounding explains the difference."""
        return abs(self.printed - self.recomputed) <= self.slack + 1e-9


def claims(content: Mapping[str, Any] | None = None) -> tuple[Claim, ...]:
    """Every printed number that can be recomputed: from the printed matrices, and the means of three metrics."""
    known = published() if content is None else content
    return (*_of_matrices(known), *_of_means(known))


def claims_table(found: tuple[Claim, ...]) -> Table:
    """The claims as a table: those from matrices first, then the means that do not follow."""
    shown = [claim for claim in found if claim.source == "matrix" or not claim.follows]
    rows = [
        {
            "what": claim.what,
            "printed": claim.printed,
            "recomputed": claim.recomputed,
            "difference": round(claim.printed - claim.recomputed, 2) + 0.0,  # no -0
            "source": {"matrix": "the printed matrix", "mean": "the mean of the printed metrics"}[claim.source],
            "follows": "yes" if claim.follows else "no",
        }
        for claim in shown
    ]
    columns = (
        Column("what", "Number"),
        Column("printed", "Printed, points", 2),
        Column("recomputed", "Recomputed, points", 2),
        Column("difference", "Difference, points", 2),
        Column("source", "From"),
        Column("follows", "Follows"),
    )
    return Table("paper-recomputed", pd.DataFrame(rows, columns=[column.name for column in columns]), columns)


def claims_in_words(found: tuple[Claim, ...]) -> str:
    """How many of them follow, and a sentence for each that does not."""
    broken = [claim for claim in found if not claim.follows]
    said = [f"{one.what} recomputes to {one.recomputed:.2f}, {one.printed:.2f} is printed" for one in broken]
    return " ".join(f"{text}." for text in (f"{len(found) - len(broken)} of {len(found)} follow from others", *said))


def published_matrix(tasks: tuple[str, ...], rows: list[list[float]]) -> Matrix:
    """A printed lower triangle as a matrix; row 0 and what was not yet learned are missing."""
    cells = [Cell(k, task, value) for k, row in enumerate(rows, 1) for task, value in zip(tasks, row, strict=False)]
    return Matrix.from_cells(tasks, cells)


def _of_matrices(known: Mapping[str, Any]) -> Iterator[Claim]:
    for one in known["matrices"]:
        matrix = published_matrix(tuple(known["tasks"]), one["rows"])
        printed = known["methods"][one["method"]][one["metric"]]
        for name, function in MEASURES.items():
            value = function(matrix).value
            if value is not None:
                what = f"{one['method']}, {TITLES[one['metric']]}, {TITLES_OF_MEASURES[name]}"
                # Each cell is rounded, and so is the number; BWT is a mean of differences of two cells.
                slack = ROUNDING * (3 if name == "bwt" else 2)
                yield Claim(what, "matrix", printed[name], value, slack)


def _of_means(known: Mapping[str, Any]) -> Iterator[Claim]:
    for method, by_metric in known["methods"].items():
        for name, title in TITLES_OF_MEASURES.items():
            parts = [by_metric[part][name] for part in PARTS]
            printed = by_metric["avg"][name]
            if printed is not None and None not in parts:
                what = f"{method}, {TITLES['avg']}, {title}"
                yield Claim(what, "mean", printed, fmean(parts), 2 * ROUNDING)
