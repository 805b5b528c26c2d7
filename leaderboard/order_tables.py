"""How much the order matters: Last by order, ranks by order, spread over orders beside spread over seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import pandas as pd

from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT, metric_name
from lifealign_bench.leaderboard.ranking import last_by_order
from lifealign_bench.leaderboard.shown import Column, Table

LEAST_ORDERS, LEAST_SEEDS = 5, 2
"""Fewer do not tell the spread over orders from the noise of seeds."""


def order_frame(runs: Sequence[BoardRun], metric: str) -> pd.DataFrame:
    """A row per entry, best worst order first: a method that learns nothing has no spread, so spread is no rank.

    worst, worst_order, best, best_order: of Last by order, seeds averaged. spread: standard deviation over orders;
    seed_spread: the root of the mean variance over seeds inside an order; NaN where there is no second. bwt_spread: of
    BWT over orders. Last by order stands in `last <order>`, its rank among all in `rank <order>`.
    """
    groups: dict[str, list[BoardRun]] = {}
    for run in runs:
        groups.setdefault(run.entry.key, []).append(run)
    lower = metric in LOWER_IS_BETTER
    frame = pd.DataFrame([_row(group, metric, lower) for group in groups.values()])
    if frame.empty:
        return frame
    for order in orders_of(runs):
        if f"last {order}" in frame:
            frame[f"rank {order}"] = frame[f"last {order}"].rank(method="min", ascending=lower).astype("Int64")
    return frame.sort_values(["worst", "method"], ascending=[lower, True], na_position="last", ignore_index=True)


def orders_of(runs: Sequence[BoardRun]) -> list[str]:
    """The names of the orders, sorted."""
    return sorted({run.order for run in runs})


def order_table(frame: pd.DataFrame, orders: Sequence[str], metric: str) -> Table:
    """Last by order as it is shown."""
    unit = metric_name(metric).unit
    columns = (
        Column("method", "Method", pinned=True),
        Column("worst", f"Worst Last, {unit}", 1),
        Column("worst_order", "Worst order"),
        Column("best", f"Best Last, {unit}", 1),
        Column("spread", f"Spread over orders, {CHANGE_UNIT}", 1, "Standard deviation over orders of Last."),
        Column("seed_spread", f"Spread over seeds, {CHANGE_UNIT}", 1, "Standard deviation over seeds in one order."),
        Column("bwt_spread", f"BWT's spread, {CHANGE_UNIT}", 1, "Standard deviation over orders of BWT."),
        *(Column(f"last {order}", f"{order}: Last, {unit}", 1) for order in orders),
        *(Column(f"rank {order}", f"{order}: rank", 0) for order in orders),
    )
    kept = tuple(column for column in columns if column.name in frame and frame[column.name].notna().any())
    return Table("order-sensitivity", frame, kept)


def enough(runs: Sequence[BoardRun]) -> str:
    """What these orders and seeds cannot tell, in a sentence; empty where they are enough."""
    orders, seeds = len(orders_of(runs)), len({run.seed for run in runs})
    if orders >= LEAST_ORDERS and seeds >= LEAST_SEEDS:
        return ""
    counted = f"{orders} {'order' if orders == 1 else 'orders'}, {seeds} {'seed' if seeds == 1 else 'seeds'}"
    noise = "the spread over orders includes seed noise" if orders > 1 else "there is nothing to compare"
    return f"{counted}: {noise}. {LEAST_ORDERS} orders and {LEAST_SEEDS} seeds are needed to tell them apart."


def sequences(runs: Sequence[BoardRun]) -> Table:
    """The tasks of every order, in the order of learning."""
    tasks = {run.order: run.tasks for run in runs}
    rows = [{"order": order, "tasks": " → ".join(tasks[order])} for order in sorted(tasks)]
    return Table("orders", pd.DataFrame(rows), (Column("order", "Order"), Column("tasks", "Tasks, first to last")))


def _row(group: Sequence[BoardRun], metric: str, lower: bool) -> dict[str, object]:
    by_order = last_by_order(group, metric)
    ends = sorted(by_order, key=lambda order: (by_order[order], order), reverse=lower)
    return {
        "entry": group[0].entry.key,
        "method": group[0].entry.label,
        "worst": by_order[ends[0]] if ends else math.nan,
        "worst_order": ends[0] if ends else "",
        "best": by_order[ends[-1]] if ends else math.nan,
        "best_order": ends[-1] if ends else "",
        "spread": _spread(list(by_order.values())),
        "seed_spread": _seed_spread(group, metric),
        "bwt_spread": _spread(_bwt_by_order(group, metric)),
        **{f"last {order}": value for order, value in by_order.items()},
    }


def _bwt_by_order(group: Sequence[BoardRun], metric: str) -> list[float]:
    found: dict[str, list[float]] = {}
    for run in group:
        value = run.number(metric, "bwt").value
        if value is not None:
            found.setdefault(run.order, []).append(value)
    return [statistics.fmean(values) for values in found.values()]


def _seed_spread(group: Sequence[BoardRun], metric: str) -> float:
    by_order: dict[str, list[float]] = {}
    for run in group:
        value = run.number(metric, "last").value
        if value is not None:
            by_order.setdefault(run.order, []).append(value)
    variances = [statistics.variance(values) for values in by_order.values() if len(values) > 1]
    return math.sqrt(statistics.fmean(variances)) if variances else math.nan


def _spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else math.nan
