"""Forgetting matrices with what stands behind each cell, and the difference of two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lifealign_bench.benchmark.matrix import Cell, Matrix
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.shown import Column, Table

_CELLS = """
select filename, step, task, avg(value) as value, sqrt(avg(standard_error * standard_error)) as standard_error,
       min(n) as n, sum(n_unscored) as n_unscored, min(reason) as reason
from read($cells) where metric = $metric group by filename, step, task
"""


@dataclass(frozen=True, slots=True)
class DetailedMatrix:
    """R of one run and, by (step, task), the standard error and the number of evaluated rows of each cell."""

    matrix: Matrix
    standard_errors: dict[tuple[int, str], float]
    counts: dict[tuple[int, str], int]
    unscored: dict[tuple[int, str], int]


def matrix_of(rows: Rows, run: BoardRun, metric: str) -> DetailedMatrix:
    """R of a run for one metric, from its cells.

    Raises:
        InputError: cells that cannot be read, or that are not of the run's tasks, or none of this metric.
    """
    return matrices_of(rows, [run], metric)[0]


def matrices_of(rows: Rows, runs: Sequence[BoardRun], metric: str) -> list[DetailedMatrix]:
    """R of each of these runs, read at once; raises as `matrix_of`."""
    places = [run.table("cells") for run in runs]
    files = [place for place in places if place is not None]
    if not files:
        return []
    frame = rows.query(_CELLS, {"cells": files}, metric=metric)
    by_file = {str(name): part for name, part in frame.groupby("filename", sort=False)}
    found = []
    for run, place in zip(runs, places, strict=True):
        part = by_file.get(str(place))
        if part is None:
            raise InputError(run.folder, "metric", f"no cells of {metric}", "a metric that this run was scored by")
        found.append(_detailed(run, part))
    return found


def _detailed(run: BoardRun, frame: pd.DataFrame) -> DetailedMatrix:
    cells, errors, counts, unscored = [], {}, {}, {}
    for row in frame.to_dict("records"):
        step, task, value = int(row["step"]), str(row["task"]), row["value"]
        reason = row["reason"] if isinstance(row["reason"], str) else None
        cells.append(Cell(step, task, None if pd.isna(value) else float(value), reason))
        counts[step, task], unscored[step, task] = int(row["n"]), int(row["n_unscored"])
        if not pd.isna(row["standard_error"]):
            errors[step, task] = float(row["standard_error"])
    matrix = Matrix.from_cells(run.tasks, cells, run.entry.schedule)  # type: ignore[arg-type]
    return DetailedMatrix(matrix, errors, counts, unscored)


def matrix_table(detailed: DetailedMatrix, metric: str, name: str = "forgetting-matrix") -> Table:
    """The matrix as rows: after how many tasks, which was learned, then a column a task in the order of learning."""
    matrix, unit = detailed.matrix, metric_name(metric).unit
    rows = [
        {"step": step, "after": matrix.tasks[step - 1] if step else "the untouched base"}
        | {f"task {place}": matrix.rows[step][place] for place in range(matrix.size)}
        for step in range(matrix.size + 1)
        if any(value is not None for value in matrix.rows[step])
    ]
    columns = (
        Column("step", "Tasks learned", 0),
        Column("after", "Just learned"),
        *(Column(f"task {place}", f"{task}, {unit}", 1) for place, task in enumerate(matrix.tasks)),
    )
    return Table(name, pd.DataFrame(rows, columns=[column.name for column in columns]), columns)


def difference(first: Matrix, second: Matrix) -> list[list[float | None]]:
    """First less second, cell by cell, None where either is missing.

    Raises:
        InputError: matrices of different orders, whose rows do not mean the same.
    """
    if first.tasks != second.tasks:
        found, expected = " > ".join(second.tasks), " > ".join(first.tasks)
        raise InputError("difference", "order", found[:120], expected[:120])
    return [
        [None if a is None or b is None else a - b for a, b in zip(left, right, strict=True)]
        for left, right in zip(first.rows, second.rows, strict=True)
    ]


def lost_by_task(matrix: Matrix) -> dict[str, float]:
    """By task, what was lost from when it was learned until the end; tasks without both cells are not there."""
    found = {}
    for task, start in matrix.diagonal.items():
        end = matrix.last[task]
        if start is not None and end is not None and not math.isnan(start - end):
            found[task] = start - end
    return found
