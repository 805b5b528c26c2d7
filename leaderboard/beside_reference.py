"""A reader's own runs beside those that ship: does each lie where a further run of the reference would?

The reference of a method and an order is its shipped runs of that order with other seeds than the own run's. A further
run of the same kind lies in mean ± t * sd * sqrt(1 + 1/n) in 95 of 100 cases, t of n - 1 degrees of freedom and n
seeds (the prediction interval of a normal distribution; Hahn and Meeker, Statistical Intervals, 1991, section 4.7),
cut off where the metric ends.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from lifealign_bench.benchmark.statistics.quantiles import t_quantile
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.shown import Column, Table

LEVEL = 0.95
LOWEST, HIGHEST = 0.0, 100.0
"""Between these lies every metric that has a Last."""


@dataclass(frozen=True, slots=True)
class Beside:
    """An own run's Last and the interval of a further run of the reference, in the metric's unit.

    mean, low, high: None where fewer than two seeds ship. seeds: the shipped ones behind them. same_seed: the Last of
    the shipped run with the own run's seed, None where there is none.
    """

    method: str
    order: str
    seed: int
    own: float
    seeds: tuple[int, ...]
    mean: float | None
    low: float | None
    high: float | None
    same_seed: float | None

    @property
    def inside(self) -> bool | None:
        """Whether the own run lies in the interval, ends included; None where there is none."""
        if self.low is None or self.high is None:
            return None
        return self.low - 1e-9 <= self.own <= self.high + 1e-9


def competing(runs: Iterable[BoardRun]) -> tuple[BoardRun, ...]:
    """The runs that rankings and tests are about: all but a reader's own copies of what ships."""
    return tuple(run for run in runs if run.entry.beside is None)


def beside_reference(runs: Sequence[BoardRun], metric: str) -> tuple[Beside, ...]:
    """Every own run that has a Last, by method, order and seed, beside the shipped runs of its entry."""
    found = []
    for run in runs:
        own = run.number(metric, "last").value
        if run.entry.beside is None or own is None:
            continue
        shipped = {
            one.seed: value
            for one in runs
            if one.ships and (one.scope, one.entry.label, one.order) == (run.scope, run.entry.beside, run.order)
            if (value := one.number(metric, "last").value) is not None
        }
        same = shipped.pop(run.seed, None)
        mean, low, high = _next_run(list(shipped.values()))
        seeds = tuple(sorted(shipped))
        found.append(Beside(run.entry.beside, run.order, run.seed, own, seeds, mean, low, high, same))
    return tuple(sorted(found, key=lambda one: (one.method, one.order, one.seed)))


def beside_in_words(found: Sequence[Beside]) -> str:
    """How many own runs lie inside, in a sentence; empty where there is none to compare."""
    judged = [one for one in found if one.inside is not None]
    if not judged:
        return ""
    inside = sum(bool(one.inside) for one in judged)
    runs = "run lies" if len(judged) == 1 else "runs lie"
    return (
        f"{inside} of your {len(judged)} {runs} where 95 of 100 further runs of the reference would "
        "(each method in each order, other seeds)."
    )


def beside_runs_table(found: Sequence[Beside], metric: str) -> Table:
    """A row for each own run."""
    unit = metric_name(metric).unit
    rows = [
        {
            "method": one.method,
            "order": one.order,
            "seed": one.seed,
            "own": one.own,
            "mean": math.nan if one.mean is None else one.mean,
            "interval": "" if one.low is None else f"{one.low:.1f} to {one.high:.1f}".replace("-", "−"),
            "inside": {True: "inside", False: "outside", None: "too few seeds ship"}[one.inside],
            "same_seed": math.nan if one.same_seed is None else one.same_seed,
            "seeds": len(one.seeds),
        }
        for one in found
    ]
    columns = (
        Column("method", "Method"),
        Column("order", "Order"),
        Column("seed", "Seed", 0),
        Column("own", f"Yours: Last, {unit}", 1),
        Column("mean", f"Reference, other seeds: Last, {unit}", 1),
        Column("interval", f"95 % of further runs, {unit}"),
        Column("inside", "Yours is"),
        Column("same_seed", f"Reference with your seed, {unit}", 1),
        Column("seeds", "Other seeds that ship", 0),
    )
    return Table("beside-reference", pd.DataFrame(rows, columns=[column.name for column in columns]), columns)


def _next_run(values: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    if len(values) < 2:
        return (values[0] if values else None), None, None
    mean, count = statistics.fmean(values), len(values)
    reach = t_quantile(0.5 + LEVEL / 2, count - 1) * statistics.stdev(values) * math.sqrt(1 + 1 / count)
    return mean, max(LOWEST, mean - reach), min(HIGHEST, mean + reach)
