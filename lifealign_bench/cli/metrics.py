"""`lifealign metrics`: every continual metric of a matrix that somebody published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lifealign_bench.benchmark.matrix import Matrix
    from lifealign_bench.benchmark.metrics import Measure

MatrixArgument = Annotated[
    Path, typer.Argument(help="CSV: a row per step, a column per task, an optional row 0, blank = missing.")
]
Stl = Annotated[Path | None, typer.Option("--stl", help="CSV with the numbers of each task learned alone.")]
Mtl = Annotated[Path | None, typer.Option("--mtl", help="CSV with the numbers of all tasks learned at once.")]
GapError = Annotated[
    float | None, typer.Option("--gap-error", min=0, help="Standard error of (Last of MTL - base), for Gap closed.")
]
ScheduleOption = Annotated[
    Literal["sequential", "isolated", "joint"],
    typer.Option("--schedule", help="How the tasks were learned: in order, each alone (STL), all at once (MTL)."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def metrics(
    matrix: MatrixArgument,
    stl: Stl = None,
    mtl: Mtl = None,
    gap_error: GapError = None,
    schedule: ScheduleOption = "sequential",
    as_json: Json = False,
) -> None:
    """Print every continual metric of a matrix, its formula, and why a number does not exist."""
    from lifealign_bench.benchmark.matrix import Matrix
    from lifealign_bench.benchmark.matrix_csv import read_reference
    from lifealign_bench.benchmark.metrics import References, measure_all

    read = Matrix.from_csv(matrix, schedule)
    references = References(
        stl=read_reference(stl, read.tasks, "isolated") if stl else None,
        mtl=read_reference(mtl, read.tasks, "joint") if mtl else None,
        gap_standard_error=gap_error,
    )
    measures = measure_all(read, references)
    if as_json:
        _print_json(read, measures)
    else:
        _print_table(read, measures)


def _print_json(matrix: Matrix, measures: Mapping[str, Measure]) -> None:
    import json

    from lifealign_bench.benchmark.metrics import METRICS

    listed = {
        metric.name: {
            "value": measures[metric.name].value,
            "reason": measures[metric.name].reason,
            "formula": metric.formula,
        }
        for metric in METRICS
    }
    value = {"tasks": matrix.tasks, "row_0": matrix.has_base, "schedule": matrix.schedule, "metrics": listed}
    typer.echo(json.dumps(value, indent=2, sort_keys=True, allow_nan=False))


def _print_table(matrix: Matrix, measures: Mapping[str, Measure]) -> None:
    from rich.console import Console

    from lifealign_bench.leaderboard.rendering import render_matrix, render_measures

    console = Console()
    console.print(render_matrix(matrix, "R[k, j]: the j-th task after k learned tasks"))
    console.print(render_measures(measures))
