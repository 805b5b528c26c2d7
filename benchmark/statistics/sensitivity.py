"""Order sensitivity of one method: how far its numbers depend on the order of the tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.metrics import Measure
from lifealign_bench.benchmark.statistics.board import Board, Measured, measured
from lifealign_bench.benchmark.statistics.measures import LinearMeasure
from lifealign_bench.benchmark.statistics.variance import VarianceSplit, variance_split

Floats = NDArray[np.float64]

LEAST_ORDERS, LEAST_SEEDS = 5, 2
"""Under these an order's part is shown together with the seeds' noise and says so."""


@dataclass(frozen=True)
class Differences:
    """Order performance differences in points. opd: by task, max - min over orders of R[T, task], means over seeds."""

    opd: tuple[Measure, ...]
    aopd: Measure
    mopd: Measure


@dataclass(frozen=True)
class Spread:
    """How one measure varies over orders.

    raw_sd: standard deviation over orders of the means over seeds. seed_sd: that over seeds within an order.
    order_sd: the order's alone, seed variance subtracted (0 where nothing is left); null under `LEAST_ORDERS` orders or
    `LEAST_SEEDS` seeds. split: the variances behind the two.
    """

    measure: LinearMeasure
    raw_sd: Measure
    order_sd: Measure
    seed_sd: Measure
    split: VarianceSplit


@dataclass(frozen=True)
class Sensitivity:
    """All of a method's order sensitivity.

    by_order: mean Last over seeds of each order, best first; an order without a number is last. caution: what a reader
    must know before using the numbers, None where there are enough orders and seeds.
    """

    method: str
    differences: Differences
    last: Spread
    bwt: Spread
    by_order: tuple[tuple[str, Measure], ...]
    caution: str | None

    @property
    def best(self) -> tuple[str, float] | None:
        """The order with the highest Last; None where fewer than two orders have one."""
        found = self._found()
        return found[0] if len(found) > 1 else None

    @property
    def worst(self) -> tuple[str, float] | None:
        """The order with the lowest Last; None where fewer than two orders have one."""
        found = self._found()
        return found[-1] if len(found) > 1 else None

    def _found(self) -> list[tuple[str, float]]:
        return [(name, measure.value) for name, measure in self.by_order if measure.value is not None]


def order_sensitivity(board: Board) -> tuple[Sensitivity, ...]:
    """The order sensitivity of every sequential method of a board, in its order."""
    last, bwt = measured(board, "last"), measured(board, "bwt")
    return tuple(_of_method(board, board.methods.index(name), last, bwt) for name in board.sequential)


def order_differences(last: Floats, tasks: Sequence[str]) -> Differences:
    """OPD of each task, its mean AOPD and its maximum MOPD; last: (O, T) R[T, task] of each order, NaN where missing.

    Source: Yoon et al. (2020), Scalable and order-robust continual learning with additive parameter decomposition.
    """
    if len(last) < 2:
        none = Measure(None, "one order: nothing to compare" if len(last) else "no order")
        return Differences((none,) * len(tasks), none, none)
    found: list[Measure] = []
    for column, task in zip(last.T, tasks, strict=True):
        missing = int(np.isnan(column).sum())
        reason = f"{task} has no last number in {missing} of {len(column)} orders"
        found.append(Measure(None, reason) if missing else Measure(float(np.ptp(column))))
    numbers = [measure.value for measure in found if measure.value is not None]
    if len(numbers) < len(found):
        first = next(measure for measure in found if measure.reason is not None)
        return Differences(tuple(found), first, first)
    return Differences(tuple(found), Measure(float(np.mean(numbers))), Measure(max(numbers)))


def caution_of(orders: int, seeds: int) -> str | None:
    """What must be said beside order spreads of so many orders and seeds; None from 5 orders and 2 seeds on."""
    if orders >= LEAST_ORDERS and seeds >= LEAST_SEEDS:
        return None
    counted = f"{orders} order{'s' if orders != 1 else ''}"
    few = f"{counted}, 1 seed" if orders >= LEAST_ORDERS else counted
    return f"{few}, includes seed noise"


def _of_method(board: Board, m: int, last: Measured, bwt: Measured) -> Sensitivity:
    names = sorted({block.order for block in board.blocks})
    ran = last.ran[m]
    place = np.array([names.index(block.order) for block in board.blocks])
    used = [o for o in range(len(names)) if ran[place == o].any()]
    seeds = min((int(ran[place == o].sum()) for o in used), default=0)
    ends = task_ends(board, m)
    by_order = [ends[ran & (place == o)].mean(axis=0) for o in used]
    differences = order_differences(np.array(by_order).reshape(len(used), len(board.tasks)), board.tasks)
    caution = caution_of(len(used), seeds)
    spreads = [_spread(found, m, enough=caution is None) for found in (last, bwt)]
    means = [(name, _mean(last.means[m][ran & (place == o)])) for o, name in enumerate(names)]
    means.sort(key=lambda item: (item[1].value is None, -(item[1].value or 0.0), item[0]))
    return Sensitivity(board.methods[m], differences, spreads[0], spreads[1], tuple(means), caution)


def task_ends(board: Board, m: int) -> Floats:
    """(R, T) R[T, task] of each run of a method, tasks as in the board's list; NaN where missing."""
    ends = board.values[m, :, -1]
    return np.stack([ends[:, board.prompts.task == task].mean(axis=1) for task in range(len(board.tasks))], axis=1)


def _spread(found: Measured, m: int, *, enough: bool) -> Spread:
    ran, board = found.ran[m], found.board
    runs = board.runs.of(ran)
    if not ran.any():
        why = Measure(None, found.why_missing(board.methods[m]) or "no run")
        empty = VarianceSplit(None, None, None, None, None, 0, why.reason)
        return Spread(found.measure, why, why, why, empty)
    split = variance_split(found.values[m][ran], runs, board.prompts)
    means = np.array([found.means[m][ran][runs.order == order].mean() for order in np.unique(runs.order)])
    raw = Measure(float(means.std(ddof=1))) if len(means) > 1 else Measure(None, "one order: nothing to compare")
    few = Measure(None, f"{caution_of(runs.orders, runs.seeds)}: the two cannot be told apart")
    order = _measure(split.order_sd, split.reason) if enough else few
    return Spread(found.measure, raw, order, _measure(split.seed_sd, split.reason), split)


def _measure(value: float | None, reason: str | None) -> Measure:
    return Measure(None, reason or "not known") if value is None else Measure(value)


def _mean(values: Floats) -> Measure:
    return Measure(float(values.mean())) if len(values) else Measure(None, "no run with a number")
