"""From cells to a run's numbers: every continual metric of every metric that has a matrix."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lifealign_bench.benchmark.matrix import Cell, Matrix, Schedule
from lifealign_bench.benchmark.metrics import Measure, References, measure_all
from lifealign_bench.benchmark.pairwise_scoring import WIN
from lifealign_bench.benchmark.schema import MeasureRecord

CONTINUAL = (
    "preference_accuracy",
    "preference_accuracy_per_token",
    "implicit_accuracy",
    "bleu4_char",
    "bleu",
    "rouge_l",
    "rubric",
    "helpfulness",
    "safety",
    "helpful_and_safe",
    "safety_compliance",
    "over_refusal",
)
"""Metrics from 0 to 100 with a matrix of their own, as win rates are, too; margins, lengths and log-sigmoid sums are
cells only."""

LABELLED = ("safety_compliance", "over_refusal")
"""Metrics over labelled prompts, which not every task has: their Last is the mean over the tasks that do."""
LOWER_IS_BETTER = ("over_refusal",)
"""The continual metrics are written for what is better when it is higher, so only Last is made of these."""


def measures_of(
    cells: pd.DataFrame, tasks: Sequence[str], schedule: Schedule, references: Mapping[str, References]
) -> dict[str, dict[str, MeasureRecord]]:
    """Every continual metric of every metric that has a matrix, from a run's cells.

    The standard error of Last is that of a mean over tasks whose prompts are independent of each other.
    """
    found = {}
    for metric in (*CONTINUAL, *sorted(name for name in set(cells["metric"]) if name.startswith(WIN))):
        own = cells[cells["metric"] == metric]
        if own.empty:
            continue
        rows = [_cell(row) for row in own.to_dict("records")]
        matrix = Matrix.from_cells(tasks, rows, schedule)
        measures = measure_all(matrix, references.get(metric, References()))
        counted: Sequence[str] = tasks
        if metric in LABELLED:
            counted = [task for task in tasks if own.loc[own["task"] == task, ["n", "n_unscored"]].to_numpy().any()]
            measures = _of_labelled(metric, matrix, counted, measures)
        n = int(own["n"].sum())
        error = _error_of_last(own[own["task"].isin(counted)], counted, len(tasks), schedule)
        found[metric] = {
            name: MeasureRecord.from_measure(measure, n, error if name == "last" else None)
            for name, measure in measures.items()
        }
    return found


def _of_labelled(
    metric: str, matrix: Matrix, counted: Sequence[str], measures: Mapping[str, Measure]
) -> dict[str, Measure]:
    """Last over the tasks that have labelled prompts, BWT over those of them that were not learned last, no others;
    every measure where all tasks have such prompts."""
    if not counted:
        return dict.fromkeys(measures, Measure(None, "no task has such prompts"))
    whole = len(counted) == matrix.size
    if whole and metric not in LOWER_IS_BETTER:
        return dict(measures)
    some = f"only {len(counted)} of {matrix.size} tasks have such prompts"
    reason = "lower is better: only Last is shown" if metric in LOWER_IS_BETTER else some
    own = {"last": _mean_of(matrix, counted, _at_the_end)}
    earlier = [task for task in counted if task != matrix.tasks[-1]]
    if metric not in LOWER_IS_BETTER and matrix.schedule == "sequential" and earlier:
        own["bwt"] = _mean_of(matrix, earlier, _change)
    if matrix.schedule != "sequential":
        own["bwt"] = measures["bwt"]
    return {name: own.get(name, Measure(None, reason)) for name in measures}


def _at_the_end(matrix: Matrix, j: int) -> float | str:
    """R[T, j] (R[j, j] where each task is learned alone), or why it is missing."""
    step = j if matrix.schedule == "isolated" else matrix.size
    value = matrix.value(step, j)
    return matrix.missing(step, j) if value is None else value


def _change(matrix: Matrix, j: int) -> float | str:
    """R[T, j] - R[j, j], or why it is missing."""
    after = matrix.value(j, j)
    end = _at_the_end(matrix, j)
    return end if isinstance(end, str) else matrix.missing(j, j) if after is None else end - after


def _mean_of(matrix: Matrix, tasks: Sequence[str], number: Callable[[Matrix, int], float | str]) -> Measure:
    numbers: list[float] = []
    for task in tasks:
        found = number(matrix, matrix.tasks.index(task) + 1)
        if isinstance(found, str):
            return Measure(None, found)
        numbers.append(found)
    return Measure(math.fsum(numbers) / len(numbers))


def _cell(row: Mapping[Hashable, Any]) -> Cell:
    value = row["value"]
    return Cell(int(row["step"]), str(row["task"]), None if pd.isna(value) else float(value), row["reason"])


def references_from(isolated: pd.DataFrame | None, joint: pd.DataFrame | None) -> dict[str, References]:
    """What STL (the diagonal) and MTL (the last row) of the same seed say of each task, by metric."""
    found = {}
    for metric in CONTINUAL:
        stl = None if isolated is None else _by_task(isolated, metric, lambda row: row["trained_task"] == row["task"])
        mtl = None if joint is None else _by_task(joint, metric, lambda row: row["step"] > 0)
        found[metric] = References(stl=stl, mtl=mtl, gap_standard_error=_gap_error(joint, metric))
    return found


def _by_task(cells: pd.DataFrame, metric: str, wanted: Callable[[pd.Series], bool]) -> dict[str, float | None]:
    own = cells[cells["metric"] == metric]
    return {
        str(row["task"]): None if pd.isna(row["value"]) else float(row["value"])
        for _, row in own.iterrows()
        if wanted(row)
    }


def _gap_error(joint: pd.DataFrame | None, metric: str) -> float | None:
    """Standard error of Last of MTL less the base's mean, the two taken as independent (an upper bound: they share
    their prompts)."""
    if joint is None:
        return None
    errors = joint[joint["metric"] == metric]["standard_error"]
    tasks = joint["task"].nunique()
    return None if errors.isna().any() else math.sqrt(float(np.square(errors).sum())) / tasks


def _error_of_last(cells: pd.DataFrame, counted: Sequence[str], size: int, schedule: Schedule) -> float | None:
    """The standard error of the mean over `counted`, of `size` tasks in all."""
    own = cells[cells["trained_task"] == cells["task"]] if schedule == "isolated" else cells[cells["step"] == size]
    errors = own["standard_error"]
    if not len(counted) or len(own) != len(counted) or errors.isna().any():
        return None
    return math.sqrt(float(np.square(errors).sum())) / len(counted)
