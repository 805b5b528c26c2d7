"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lifealign_bench.benchmark.session import Overrides

SuiteArgument = Annotated[str, typer.Argument(help="A built-in suite or a YAML file.", metavar="SUITE")]
Workspace = Annotated[Path, typer.Option("--workspace", "-w", help="Folder of the store and the results.")]
Methods = Annotated[str | None, typer.Option("--methods", help="Methods, comma-separated; names or file.py:Class.")]
Orders = Annotated[
    str | None, typer.Option("--orders", help="paper, williams, all, random:N, names of the suite's orders, or a>b>c.")
]
Seeds = Annotated[str | None, typer.Option("--seeds", help="Run seeds, comma-separated.")]
TrainRows = Annotated[int | None, typer.Option("--train-rows", min=1, help="Training pairs a task.")]
EvaluationRows = Annotated[int | None, typer.Option("--eval-rows", min=1, help="Evaluation pairs a task.")]
Base = Annotated[str | None, typer.Option("--base", help="build:small, a hub id, or a model folder.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder with one folder of pairs per task.")]
WorldSeed = Annotated[
    int | None, typer.Option("--world-seed", help="A fresh miniature world; its base is built first.")
]
Judge = Annotated[
    str | None, typer.Option("--judge", help="Who judges: a judge file, a built-in judge, oracle, or none.")
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Nodes computed at once; by default as many as the cores allow."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

DEFAULT_WORKSPACE = Path("workspace")


def make_overrides(
    methods: str | None,
    orders: str | None,
    seeds: str | None,
    train_rows: int | None,
    evaluation_rows: int | None,
    base: str | None,
    data_dir: Path | None,
    world_seed: int | None = None,
    judge: str | None = None,
) -> Overrides:
    """The overrides of a command line.

    Raises:
        InputError: a seed that is no whole number.
    """
    from lifealign_bench.benchmark.session import Overrides
    from lifealign_bench.data.errors import InputError

    try:
        numbers = None if seeds is None else [int(seed) for seed in seeds.split(",")]
    except ValueError:
        raise InputError("--seeds", "seed", repr(seeds), "whole numbers, comma-separated") from None
    names = None if methods is None else [name.strip() for name in methods.split(",")]
    return Overrides(names, orders, numbers, train_rows, evaluation_rows, base, data_dir, world_seed, judge)
