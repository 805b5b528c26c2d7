"""Tables of results, from the files of runs alone: pure reading, free of torch."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.judge_records import ENOUGH
from lifealign_bench.benchmark.judge_scoring import needs_of
from lifealign_bench.benchmark.matrix import Cell, Matrix
from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.benchmark.schema import MeasureRecord, RunRecord, read_run
from lifealign_bench.benchmark.variant_records import in_words
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.data.rows import digest

MEASURES = ("last", "bwt", "ap")
REASONS = "reasons"
TABLE = ["comparability_key", "base", "condition"]
"""What the rows of one table share."""


def ranking_table(results: Path | Sequence[Path], metric: str | None = None) -> pd.DataFrame:
    """A row per method and order: the means over seeds of Last, BWT and AP of one metric.

    metric: by default the primary metric of the runs. Rows of one `comparability_key`, base and condition may be
    compared; within these they are sorted by order, then by Last. `rank` counts within an order and only sequential
    methods; STL and MTL are references, and a row of which too few answers have a verdict has none. A number that one
    of the seeds lacks is NaN, and `reasons` says why. `judges` are those behind the rows, in one text.

    Raises:
        InputError: no runs, two runs of the same name, no common primary metric, or an unknown metric.
    """
    runs = find_runs(results)
    chosen = metric if metric is not None else _primary(runs)
    known = {name for run in runs for name in run.record.metrics}
    if chosen not in known:
        raise UnknownNameError("ranking", "metric", chosen, known)
    # Runs of other judges, or of none, have tables of their own: those that say nothing of this metric are left out.
    measured = {run.record.comparability_key for run in runs if chosen in run.record.metrics}
    groups: dict[str, list[StoredRun]] = defaultdict(list)
    for run in (run for run in runs if run.record.comparability_key in measured):
        groups[_group(run.record)].append(run)
    frame = pd.DataFrame([_row(group, chosen) for group in groups.values()])
    lower = chosen in LOWER_IS_BETTER
    frame = frame.sort_values(
        [*TABLE, "order", "last", "method"], ascending=[True, True, True, True, lower, True], na_position="last"
    ).reset_index(drop=True)
    ranked = frame["last"].where((frame["schedule"] == "sequential") & frame.pop("covered"))
    places = ranked.groupby([*(frame[name] for name in TABLE), frame["order"]]).rank(method="min", ascending=lower)
    frame.insert(0, "rank", places.astype("Int64"))
    return frame


def forgetting_matrix(run: Path, metric: str) -> Matrix:
    """R of a run for one metric, from its `cells` table.

    Raises:
        InputError: the run cannot be read, or a cell is not of its tasks.
        UnknownNameError: the run has no such metric.
    """
    record = read_run(run)
    cells = read_table(run, "cells")
    known = sorted(set(cells["metric"]))
    if metric not in known:
        raise UnknownNameError(run, "metric", metric, known)
    rows = cells[cells["metric"] == metric]
    return Matrix.from_cells(
        record.order.tasks,
        [
            Cell(int(step), str(task), None if math.isnan(value) else float(value), reason)
            for step, task, value, reason in zip(rows["step"], rows["task"], rows["value"], rows["reason"], strict=True)
        ],
        record.method.spec.schedule,
    )


def _primary(runs: Sequence[StoredRun]) -> str:
    names = sorted({run.record.primary_metric for run in runs})
    if len(names) > 1:
        raise InputError("ranking", "metric", f"runs with primary metrics {', '.join(names)}", "a metric by name")
    return names[0]


def _group(record: RunRecord) -> str:
    """What the runs of one row share: all but the seed."""
    method = record.method
    return digest(
        [
            record.comparability_key,
            record.model.model_dump(mode="json"),
            [record.identity.method, method.name, method.version, method.config],
            [record.budget, in_words(record.condition, record.varied)],
            [record.order.name, list(record.order.tasks)],
        ]
    )


def _row(group: Sequence[StoredRun], metric: str) -> dict[str, object]:
    record = group[0].record
    seeds = sorted(run.record.identity.seed for run in group)
    if len(set(seeds)) != len(seeds):
        folders = ", ".join(str(run.folder) for run in group)
        raise InputError("ranking", "runs", f"the same method, order and seed twice: {folders}", "each run once")
    values, reasons = {}, []
    for measure in MEASURES:
        values[measure], reason = _over_seeds(group, metric, measure)
        reasons += [f"{measure}: {reason}"] if reason else []
    uncovered = _uncovered(group, metric)
    return {
        "method": record.identity.method,
        "order": record.order.name,
        **values,
        "metric": metric,
        "schedule": record.method.spec.schedule,
        "seeds": tuple(seeds),
        "suite": record.suite.name,
        "base": record.model.source,
        "condition": in_words(record.condition, record.varied),
        "division": record.division,
        "trust": record.trust,
        "judges": _judges(record),
        "comparability_key": record.comparability_key,
        "covered": uncovered is None,
        REASONS: (*([f"rank: {uncovered}"] if uncovered else []), *reasons),
    }


def _judges(record: RunRecord) -> str:
    """The judges of a run's answers with their templates, in one text; empty where there are none."""
    return " + ".join(f"{judge.name} {judge.template}@{judge.template_version}" for judge in record.judges)


def _uncovered(group: Sequence[StoredRun], metric: str) -> str | None:
    """Why a row is not ranked: the first dimension that too few of its answers have a verdict in."""
    for run in group:
        for dimension in needs_of(metric):
            coverage = run.record.coverage.get(dimension)
            if coverage is not None and coverage.share < ENOUGH:
                reasons = ", ".join(f"{count} {name}" for name, count in coverage.unscored.items())
                share = f"{100 * coverage.share:.1f} % of the answers"
                return f"only {share} have a {dimension} verdict, under {100 * ENOUGH:.0f} % ({reasons})"
    return None


def _over_seeds(group: Sequence[StoredRun], metric: str, measure: str) -> tuple[float, str | None]:
    """The mean over the runs of a group, or NaN and the first reason why a run has no number."""
    numbers = []
    for run in group:
        found: MeasureRecord | None = run.record.metrics.get(metric, {}).get(measure)
        if found is None or found.value is None:
            reason = "not measured" if found is None or found.reason is None else found.reason
            where = f"seed {run.record.identity.seed}: " if len(group) > 1 else ""
            return math.nan, where + reason
        numbers.append(found.value)
    return math.fsum(numbers) / len(numbers), None
