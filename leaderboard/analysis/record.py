"""Everything that a report says about one board, as one frozen record; the same as strict JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from lifealign_bench.benchmark.matrix import Schedule
from lifealign_bench.benchmark.statistics.agreement import Agreement
from lifealign_bench.benchmark.statistics.crossed import Interval
from lifealign_bench.benchmark.statistics.estimates import Estimate
from lifealign_bench.benchmark.statistics.interference import Interference
from lifealign_bench.benchmark.statistics.pairwise import BradleyTerry
from lifealign_bench.benchmark.statistics.positions import PositionEffect
from lifealign_bench.benchmark.statistics.power import PairPower
from lifealign_bench.benchmark.statistics.ranking import Ranking
from lifealign_bench.benchmark.statistics.sensitivity import Sensitivity
from lifealign_bench.benchmark.statistics.similarity import SimilarityTest

SCHEMA_VERSION: Final = 3
"""Raised whenever a field of the record changes; see docs/versions.md."""

Counts = tuple[tuple[int, ...], ...]
Level = Literal["shown", "seen", "open"]
Kind = Literal["interference", "ending", "order", "order matters", "position", "methods", "agreement"]


@dataclass(frozen=True)
class OrderRow:
    """An order and its tasks, first to last."""

    name: str
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class DesignRecord:
    """Which orders and seeds were run. positions: (T, T) orders that have a task (row) in a position (column).

    adjacent: (T, T) orders that learn a task (column) right after another (row). missing: runs that are not there.
    """

    name: str
    summary: str
    balanced: bool
    tasks: tuple[str, ...]
    orders: tuple[OrderRow, ...]
    seeds: tuple[int, ...]
    positions: Counts
    adjacent: Counts
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    """What stands behind a method's numbers: runs of the blocks there are, verdicts of those that were expected.

    cells_missing: cells of these runs without a number. expected, scored: None where the metric needs no judge.
    """

    runs: int
    blocks: int
    cells_missing: int
    expected: int | None
    scored: int | None


@dataclass(frozen=True)
class MethodRow:
    """A method's means over its runs with their intervals, in points, and what stands behind them."""

    method: str
    schedule: Schedule
    last: Interval
    bwt: Interval
    ap: Interval
    coverage: Coverage


@dataclass(frozen=True)
class MeanMatrix:
    """R of a method in one order, the mean over its seeds: T + 1 rows of T, None where missing."""

    method: str
    schedule: Schedule
    order: str
    tasks: tuple[str, ...]
    rows: tuple[tuple[float | None, ...], ...]
    n_seeds: int


@dataclass(frozen=True)
class Finding:
    """One test of a family. method: None for the mean over methods. subject: tasks, or an order. p_holm: corrected for
    the `family` tests of its kind."""

    method: str | None
    subject: tuple[str, ...]
    estimate: Estimate
    p_holm: float | None
    family: int


@dataclass(frozen=True)
class Averaged:
    """The same for the mean over methods that have every cell. over: which; reason: why there is none."""

    over: tuple[str, ...]
    interference: Interference | None
    sensitivity: Sensitivity | None
    positions: tuple[PositionEffect, ...]
    reason: str | None


@dataclass(frozen=True)
class Endings:
    """Last of orders that end with a task, less the mean of the others, for the mean over methods.

    other_orders: whether it speaks of other orders, too (some task ends two of them); else of these orders alone, whose
    seeds vary.
    """

    findings: tuple[Finding, ...]
    other_orders: bool
    reason: str | None


@dataclass(frozen=True)
class Similarity:
    """Whether tasks that are alike forget more of each other; exploratory. reason: why it was not looked at."""

    tests: tuple[SimilarityTest, ...]
    reason: str | None


@dataclass(frozen=True)
class Statement:
    """A sentence with its numbers.

    level: `shown` states a difference that its rule allowed; `seen` describes these runs and claims nothing of others;
    `open` names what is not known and what it would take. method: None for the mean over methods. p: corrected for the
    `family` tests. strength: size in points times -log10 p, what statements are sorted by.
    """

    kind: Kind
    level: Level
    text: str
    method: str | None
    subject: tuple[str, ...]
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    family: int
    n_runs: int
    rule: str
    limits: str
    strength: float


@dataclass(frozen=True)
class MetricAnalysis:
    """One metric of a board: means and ranks, differences, orders, interference, positions, and what follows.

    order_tests: permutation F-tests of Last over orders, value the order's standard deviation. order_effects: Last of
    an order less the mean of the others. interference_tests: mean change of the second task when the first is learned
    after it. position_tests: a position, (at, 1..T), less the mean position. difference: the points of `power`.
    """

    metric: str
    methods: tuple[MethodRow, ...]
    ranking: Ranking
    averaged: Averaged
    sensitivity: tuple[Sensitivity, ...]
    order_tests: tuple[Finding, ...]
    order_effects: tuple[Finding, ...]
    endings: Endings
    agreement: Agreement
    interference: tuple[Interference, ...]
    interference_tests: tuple[Finding, ...]
    positions: tuple[PositionEffect, ...]
    position_tests: tuple[Finding, ...]
    similarity: Similarity
    difference: float
    power: tuple[PairPower, ...]
    matrices: tuple[MeanMatrix, ...]
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Compared:
    """Strengths of the methods from answers that a judge compared in pairs, in one dimension, and from how many."""

    dimension: str
    result: BradleyTerry
    n_verdicts: int
    n_prompts: int
    n_runs: int


@dataclass(frozen=True)
class Refused:
    """What one method gives and declines under one attack, in per cent over its runs; see `variation.refusals`.

    base, lowest, last: attack success of the base, at its lowest after a stage, and after the last task. over: harmless
    look-alikes that are declined then. Intervals draw prompts of one item together, and speak of these runs only.
    """

    method: str
    attack: str
    base: float | None
    lowest: float | None
    last: float | None
    last_low: float | None
    last_high: float | None
    over: float | None
    over_low: float | None
    over_high: float | None
    runs: int
    items: int


@dataclass(frozen=True)
class Analysis:
    """Everything about one board: runs of one suite, comparability key and base. pairwise: by dimension, empty where no
    answers were compared. notes: what a reader must know."""

    schema_version: Literal[2, 3]
    suite: str
    comparability_key: str
    base: str
    judges: tuple[str, ...]
    primary_metric: str
    methods: tuple[str, ...]
    design: DesignRecord
    metrics: tuple[MetricAnalysis, ...]
    pairwise: tuple[Compared, ...]
    notes: tuple[str, ...]
    refusals: tuple[Refused, ...] = ()
