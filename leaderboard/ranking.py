"""The ranking: one row a method, over all orders and seeds that it ran."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence, Set

import pandas as pd

from lifealign_bench.benchmark.judge_records import ENOUGH
from lifealign_bench.benchmark.judge_scoring import needs_of
from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT, metric_name
from lifealign_bench.leaderboard.shown import Column, Table
from lifealign_bench.leaderboard.trust import DIVISIONS, TRUST, in_words

Block = tuple[str, int]
"""An order's name and a seed."""
MEASURES = ("last", "bwt", "forgetting", "ap")
BESIDE = ("rubric", "helpfulness", "safety", "safety_compliance", "over_refusal")
LEAST_COVERAGE = 100.0 * ENOUGH
"""Per cent of the expected verdicts under which a method is shown but not ranked."""


def ranking(runs: Sequence[BoardRun], metric: str) -> pd.DataFrame:
    """A row per entry of one scope, best Last first; references (each task alone, all at once) below, unranked.

    last, bwt, forgetting, ap: means over the runs, in the metric's unit; NaN where a run has none, `reasons` says why.
    last_se: the mean of the runs' standard errors over prompts, an upper bound: all runs share the prompts.
    order_spread: standard deviation over orders of Last, seeds averaged; NaN under two orders. worst_order, worst_last:
    the order with the lowest Last. passes: pairs that went through the model for each pair that was learned from.
    stored_kb: what is stored at the end (10^3 bytes). rank: among the sequential entries that ran all orders and seeds
    of the board, with all their answers judged; `unranked` says what is missing else.
    """
    groups: dict[str, list[BoardRun]] = {}
    for run in runs:
        groups.setdefault(run.entry.key, []).append(run)
    blocks = _blocks(runs)
    frame = pd.DataFrame([_row(group, metric, blocks) for group in groups.values()], columns=_NAMES)
    best_first = metric in LOWER_IS_BETTER
    frame = frame.sort_values(
        ["reference", "last", "method"], ascending=[True, best_first, True], na_position="last", ignore_index=True
    )
    frame["rank"] = (
        frame["last"].where(frame["unranked"] == "").rank(method="min", ascending=best_first).astype("Int64")
    )
    return frame


def _blocks(runs: Sequence[BoardRun]) -> frozenset[Block]:
    """The orders and seeds that every ranked entry ran; those of the closed division, where there are any: what others
    ran beside them must not take its rows out of the ranking."""
    own = [run for run in runs if not run.entry.is_reference]
    closed = [run for run in own if run.division == "closed"]
    return frozenset((run.order, run.seed) for run in closed or own)


def ranking_table(frame: pd.DataFrame, metric: str, name: str = "ranking", *, always: Sequence[str] = ()) -> Table:
    """The ranking as it is shown; columns without any number are left away, but for those named in `always`."""
    title = metric_name(metric)
    unit = title.unit
    beside = [
        Column(f"{other}_last", metric_name(other).headed, 1, metric_name(other).sentence)
        for other in BESIDE
        if other != metric
    ]
    columns = [
        Column("rank", "Rank", 0, pinned=True),
        Column("method", "Method", pinned=True),
        Column("last", f"Last, {unit}", 1, f"{title.sentence} Mean over all tasks at the end."),
        Column("last_interval", f"Last, 95 % interval, {unit}"),
        Column("ranks", "Rank, 95 % interval", help="Where the method's rank lies, at 95 %."),
        Column("tie", "Tie group", 0, "Methods of one group cannot be told apart."),
        Column("last_se", f"± error, {CHANGE_UNIT}", 1, "Standard error over prompts; these runs only."),
        Column("bwt", f"BWT, {CHANGE_UNIT}", 1, "Change of earlier tasks until the end; below 0 is forgetting."),
        Column("bwt_interval", f"BWT, 95 % interval, {CHANGE_UNIT}"),
        Column("forgetting", f"Forgetting, {CHANGE_UNIT}", 1, "Fall of earlier tasks from their best."),
        Column("ap", f"AP, {unit}", 1, "Mean over the whole way."),
        Column("worst_last", f"Worst Last, {unit}", 1),
        Column("worst_order", "Worst order"),
        Column("order_spread", f"Spread over orders, {CHANGE_UNIT}", 1, "Standard deviation of Last over orders."),
        *beside,
        Column("passes", "Passes per pair", 2, "Pairs through the model for each pair learned from; 1 is plain."),
        Column("stored_kb", "Stored, kB", 0, "Policy and memory after the last task."),
        Column("task_identity", "When it answers"),
        Column("fidelity", "Fidelity"),
        Column("runs", "Runs", 0),
        Column("coverage", "Judged, %", 1),
        Column("trust", "Trust", help=in_words(TRUST)),
        Column("division", "Division", help=in_words(DIVISIONS)),
        Column("unranked", "Not ranked because"),
    ]
    kept = [
        column
        for column in columns
        if column.name in frame and (column.name in always or not _empty(frame[column.name]))
    ]
    return Table(name, frame, tuple(kept))


_NAMES = [
    "rank", "entry", "method", "title", "paper", *MEASURES, "last_se", "worst_order", "worst_last", "order_spread",
    *(f"{name}_last" for name in BESIDE), "passes", "stored_kb", "task_identity", "fidelity", "orders", "seeds", "runs",
    "coverage", "trust", "division", "reference", "schedule", "unranked", "reasons",
]  # fmt: skip


def last_by_order(runs: Sequence[BoardRun], metric: str) -> dict[str, float]:
    """Last by order, the mean over seeds; an order in which a run has no Last is not there."""
    found: dict[str, list[float | None]] = {}
    for run in runs:
        found.setdefault(run.order, []).append(run.number(metric, "last").value)
    return {
        order: statistics.fmean(number for number in numbers if number is not None)
        for order, numbers in sorted(found.items())
        if None not in numbers
    }


def _row(group: Sequence[BoardRun], metric: str, blocks: Set[Block]) -> dict[str, object]:
    entry = group[0].entry
    # What learns each task alone, or all at once, has no order.
    orders = {} if entry.is_reference else last_by_order(group, metric)
    worst = (max if metric in LOWER_IS_BETTER else min)(orders, key=lambda order: orders[order], default=None)
    values, reasons = _measures(group, metric)
    coverage = min(run.covered(metric) for run in group)
    return {
        "entry": entry.key,
        "method": entry.label,
        "title": entry.title,
        "paper": entry.paper,
        **values,
        "last_se": _mean_or_nan([run.number(metric, "last").standard_error for run in group]),
        "worst_order": worst or "",
        "worst_last": orders[worst] if worst else math.nan,
        "order_spread": statistics.stdev(orders.values()) if len(orders) > 1 else math.nan,
        **{f"{name}_last": _mean_or_nan([run.number(name, "last").value for run in group]) for name in BESIDE},
        **_costs(group),
        "task_identity": "needs the task's name" if entry.needs_task_identity else "task-free",
        "fidelity": entry.fidelity,
        "orders": len({run.order for run in group}),
        "seeds": len({run.seed for run in group}),
        "runs": len(group),
        "coverage": coverage if needs_of(metric) else math.nan,
        "trust": "; ".join(sorted({run.trust for run in group})),
        "division": "; ".join(sorted({run.division for run in group})),
        "reference": entry.is_reference,
        "schedule": entry.schedule,
        "unranked": _unranked(group, values["last"], reasons, blocks, coverage),
        "reasons": tuple(f"{name}: {reason}" for name, reason in reasons.items()),
    }


def _measures(group: Sequence[BoardRun], metric: str) -> tuple[dict[str, float], dict[str, str]]:
    values, reasons = {}, {}
    for measure in MEASURES:
        numbers = [run.number(metric, measure) for run in group]
        values[measure] = _mean_or_nan([number.value for number in numbers])
        reason = next((number.reason for number in numbers if number.reason), None)
        if reason:
            reasons[measure] = reason
    return values, reasons


def _unranked(
    group: Sequence[BoardRun], last: float, reasons: Mapping[str, str], blocks: Set[Block], coverage: float
) -> str:
    if group[0].entry.is_reference:
        return "a reference"
    if math.isnan(last):
        return reasons.get("last", "no Last")
    if coverage < LEAST_COVERAGE:
        return f"{coverage:.0f} % of its answers are judged, {LEAST_COVERAGE:.0f} % are needed"
    own = {(run.order, run.seed) for run in group}
    if lacking := blocks - own:
        return f"{len(blocks) - len(lacking)} of {len(blocks)} runs (an order and a seed each)"
    return f"runs of orders and seeds that are not the board's: {len(own - blocks)}" if own - blocks else ""


def _costs(group: Sequence[BoardRun]) -> dict[str, float]:
    """Of the orders' costs, the mean; both are determined, so that anybody gets the same."""
    passes, stored = [], []
    for run in group:
        learned = sum(stage.steps_on for stage in run.stages)
        if learned:
            through = sum(stage.with_gradient + stage.without_gradient for stage in run.stages)
            passes.append(through / learned)
            stored.append((run.stages[-1].policy_bytes + run.stages[-1].memory_bytes) / 1e3)
    mean = statistics.fmean
    return {"passes": mean(passes) if passes else math.nan, "stored_kb": mean(stored) if stored else math.nan}


def _mean_or_nan(numbers: Sequence[float | None]) -> float:
    known = [number for number in numbers if number is not None]
    return statistics.fmean(known) if known and len(known) == len(numbers) else math.nan


def _empty(column: pd.Series) -> bool:
    return bool((column.isna() | (column.astype(str) == "")).all())
