"""What alignment costs elsewhere: lm-eval's numbers after the last task, beside what was forgotten. Free of torch."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.leaderboard.rendering import NULL, new_table, plain

MAIN_METRICS = ("acc", "exact_match", "prompt_level_strict_acc", "preference_accuracy")
"""Which of a task's metrics is shown, the first that it has; else the first by name."""
MEAN = "mean change"
COLUMNS = ["suite", "method", "last", "bwt", "asked", "metric", "base", "after", "change", "n", "runs"]


def retained_table(results: Path | Sequence[Path]) -> pd.DataFrame:
    """A row per suite, method and capability task, means over the runs that were asked.

    last, bwt: of the runs' primary metric, 0-100, NaN where there is none. base, after: the task's main metric at row 0
    and after the last learned task, in lm-eval's own units; a task of several parts to whose whole lm-eval gives no
    number has their mean. change: after - base. n: examples. runs: how many runs are behind it.

    Source: `mean_change` of a method's rows is TRACE's general ability delta (Wang et al., 2023, arXiv 2310.06762).

    Raises:
        InputError: no runs, or a table that cannot be read.
    """
    groups: dict[tuple[str, str, str, str], list[dict[str, float]]] = defaultdict(list)
    for run in find_runs(results):
        for (asked, metric), numbers in _numbers(run).items():
            groups[run.record.suite.name, run.record.identity.method, asked, metric].append(numbers)
    rows = [
        {"suite": suite, "method": method, "asked": asked, "metric": metric, **_mean(found), "runs": len(found)}
        for (suite, method, asked, metric), found in groups.items()
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["suite", "method"], kind="stable", ignore_index=True)


def mean_change(rows: pd.DataFrame) -> float:
    """The mean of the changes of one method's tasks, all of them shares of 1; NaN where one of them is missing."""
    return float(rows["change"].mean(skipna=False)) if len(rows) else math.nan


def render_retained(frame: pd.DataFrame) -> RenderableType:
    """One table per suite of `retained_table`: a row per method, a column per task as `after (change)`."""
    parts: list[RenderableType] = []
    for suite, rows in frame.groupby("suite", sort=False):
        tasks = list(dict.fromkeys(zip(rows["asked"], rows["metric"], strict=True)))
        table = new_table(f"capability after the last task, and its change from the base ({suite})")
        table.add_column("method")
        for heading in ("Last", "BWT", *(f"{asked} {metric}" for asked, metric in tasks), MEAN):
            table.add_column(heading, justify="right")
        for method, own in rows.groupby("method", sort=False):
            by_task = {(row["asked"], row["metric"]): row for _, row in own.iterrows()}
            shown = [_shown(by_task.get(task)) for task in tasks]
            first = own.iloc[0]
            scores = [_number(float(first[name]), "{:.2f}") for name in ("last", "bwt")]
            mean = _number(mean_change(own), "{:+.3f}")
            table.add_row(*(plain(text) for text in (method, *scores, *shown, mean)))
        parts.append(table)
    return Group(*parts) if parts else plain("no run here was asked capability tasks (`capability` of a suite)")


def _numbers(run: StoredRun) -> dict[tuple[str, str], dict[str, float]]:
    if not (run.folder / "capability.parquet").is_file():
        return {}
    table = read_table(run.folder, "capability")
    measures = run.record.metrics.get(run.record.primary_metric, {})
    scores = {name: _value(measures[name].value if name in measures else None) for name in ("last", "bwt")}
    found = {}
    for asked, rows in table.groupby("asked", sort=False):
        whole = rows[rows["task"] == asked]
        own = whole if len(whole) else rows
        metric = _main(own["metric"])
        kept = own[own["metric"] == metric].drop_duplicates(["step", "task"])
        base, after = kept[kept["step"] == 0], kept[kept["step"].isin(_ends(run))]
        if after["step"].nunique() == len(_ends(run)):
            numbers = {"base": float(base["value"].mean()), "after": float(after["value"].mean())}
            change = numbers["after"] - numbers["base"]
            asked_once = float(after["n"].sum()) / len(_ends(run))
            found[str(asked), metric] = {**scores, **numbers, "change": change, "n": asked_once}
    return found


def _ends(run: StoredRun) -> range:
    """After how many tasks the numbers count: the last one; each, where every task is learned alone."""
    tasks = len(run.record.order.tasks)
    return range(1, tasks + 1) if run.record.method.spec.schedule == "isolated" else range(tasks, tasks + 1)


def _main(metrics: pd.Series) -> str:
    known = sorted(set(metrics))
    return next((name for name in MAIN_METRICS if name in known), known[0])


def _mean(found: Sequence[dict[str, float]]) -> dict[str, float]:
    means = pd.DataFrame(found).mean(skipna=False)
    return {str(name): float(value) for name, value in means.items()}


def _value(value: float | None) -> float:
    return math.nan if value is None else value


def _shown(row: pd.Series | None) -> str:
    return NULL if row is None else f"{row['after']:.3f} ({row['change']:+.3f})"


def _number(value: float, form: str) -> str:
    return NULL if math.isnan(value) else form.format(value)
