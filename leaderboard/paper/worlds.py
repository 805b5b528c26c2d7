"""Does one world's ranking of methods say anything of another's: Kendall's tau beside what chance reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.benchmark.metrics import Measure
from lifealign_bench.benchmark.statistics.agreement import agreement
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.metric_names import MEASURE_TITLES, metric_name
from lifealign_bench.leaderboard.paper.beside import means_of, printed_of, ranked
from lifealign_bench.leaderboard.published import TITLES
from lifealign_bench.leaderboard.shown import Column, Table

RankedBy = Literal["last", "bwt"]
REFERENCES = ("stl", "mtl")


@dataclass(frozen=True, slots=True)
class World:
    """A place in which methods were compared: its name, and each method's score by name, higher is better."""

    name: str
    scores: Mapping[str, float]

    @classmethod
    def of_runs(cls, name: str, runs: Sequence[BoardRun], metric: str, measure: RankedBy) -> World:
        """The mean over orders and seeds of every sequential method."""
        sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
        return cls(name, {key: sign * value for key, value in means_of(ranked(runs), metric, measure).items()})

    @classmethod
    def of_paper(cls, metric: str, measure: RankedBy) -> World:
        """The paper's main table (one order, one seed) for one of its metrics."""
        found = printed_of(metric, measure)
        scores = {name: value for name, value in found.items() if name not in REFERENCES}
        return cls(f"the paper's order1, {TITLES[metric]}", scores)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two worlds rank the methods that both have: tau-b, -1 to 1, and the tau that two rankings reach by
    chance in at most 5 % of cases; left_out: methods that only one of them has."""

    first: str
    second: str
    methods: tuple[str, ...]
    tau: Measure
    line: Measure
    left_out: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """What tau says, in words."""
        if self.tau.value is None:
            return self.tau.reason or ""
        if self.line.value is None:
            return self.line.reason or ""
        return "more than chance" if self.tau.value >= self.line.value - 1e-9 else "no more than chance may give"


def likeness(first: World, second: World) -> Likeness:
    """Two worlds compared."""
    methods = tuple(name for name in first.scores if name in second.scores)
    left_out = tuple(sorted(set(first.scores) ^ set(second.scores)))
    scores = np.array([[world.scores[name] for name in methods] for world in (first, second)], float)
    found = agreement(scores.reshape(2, len(methods)), (first.name, second.name), methods)
    return Likeness(first.name, second.name, methods, found.tau[0][1], found.tau_line, left_out)


def likenesses(worlds: Sequence[World]) -> tuple[Likeness, ...]:
    """Each two of them."""
    return tuple(likeness(first, second) for first, second in combinations(worlds, 2))


def worlds_table(found: Sequence[Likeness], name: str = "worlds") -> Table:
    """A row for each two worlds."""
    rows = [
        {
            "first": one.first,
            "second": one.second,
            "methods": len(one.methods),
            "tau": one.tau.value,
            "line": one.line.value,
            "verdict": one.verdict,
            "left_out": ", ".join(one.left_out),
        }
        for one in found
    ]
    columns = (
        Column("first", "One world"),
        Column("second", "The other"),
        Column("methods", "Methods in both", 0),
        Column("tau", "Kendall's tau", 2),
        Column("line", "Chance reaches, 5 %", 2),
        Column("verdict", "They agree"),
        Column("left_out", "Only in one"),
    )
    frame = pd.DataFrame(rows, columns=[column.name for column in columns])
    frame[["tau", "line"]] = frame[["tau", "line"]].astype(float)
    return Table(name, frame, columns)


def paper_likeness(runs: Sequence[BoardRun], metric: str) -> Table:
    """Runs of one scope against the paper's main table: the judge's Last and BWT, the overlaps' Last."""
    found = []
    for measure, printed in (("last", "judge"), ("bwt", "judge"), ("last", "bleu4"), ("last", "rougeL")):
        by: RankedBy = "bwt" if measure == "bwt" else "last"
        title = MEASURE_TITLES[by]
        own = World.of_runs(f"here, {metric_name(metric).title}, {title}", runs, metric, by)
        there = World.of_paper(printed, by)
        found.append(likeness(own, World(f"{there.name}, {title}", there.scores)))
    return worlds_table(found, "paper-worlds")
