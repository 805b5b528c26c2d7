"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lifealign_bench.benchmark.session import Overrides

SuiteArgument = Annotated[str, typer.Argument(help="A built-in suite or a YAML file.", metavar="SUITE")]


def _workspace(place: str | Path) -> Path:
    from lifealign_bench.benchmark.workspaces import workspace_folder

    return workspace_folder(str(place))


def _results(place: str | Path) -> Path:
    from lifealign_bench.benchmark.workspaces import results_folder

    return results_folder(str(place))


Workspace = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        parser=_workspace,
        metavar="FOLDER|URL",
        help="Folder, or URL (s3://...), of the store and the results.",
    ),
]
RunFolders = Annotated[
    list[Path],
    typer.Argument(parser=_results, metavar="RUNS", help="Run folders, or folders or URLs that hold them."),
]
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
Engine = Annotated[str, typer.Option("--engine", help="Who computes the nodes: local, or ray.")]
Address = Annotated[
    str | None,
    typer.Option("--address", help="With --engine ray: host:port, ray://host:port or auto; else a cluster of its own."),
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
