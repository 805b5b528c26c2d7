"""`lifealign export`: the board as static pages, CSV or JSON; runs and tasks in the forms of others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from lifealign_bench.cli import options
from lifealign_bench.cli.export_travel import lm_eval_results, model_index

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("lm-eval-results")(lm_eval_results)
app.command("model-index")(model_index)

Results = Annotated[
    list[str] | None,
    typer.Argument(
        help="Folders of results, or URLs; else the workspace's, else those that ship.", metavar="[RESULTS]..."
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write; it must not exist yet.")]
Metrics = Annotated[str | None, typer.Option("--metrics", help="Metrics, comma-separated.")]
Everything = Annotated[
    bool, typer.Option("--everything", help="Also harmful answers and texts under restrictive licences.")
]


@app.command("html")
def html(
    results: Results = None, out: Out = Path("board"), metrics: Metrics = None, everything: Everything = False
) -> None:
    """Write the board as pages for any web host: no server, nothing loaded from elsewhere."""
    from lifealign_bench.leaderboard.site.writing import write_html

    _write(write_html, results, out, metrics, everything)


@app.command("csv")
def csv(
    results: Results = None, out: Out = Path("board-csv"), metrics: Metrics = None, everything: Everything = False
) -> None:
    """Write every table of the board as CSV."""
    from lifealign_bench.leaderboard.site.writing import write_csv

    _write(write_csv, results, out, metrics, everything)


@app.command("json")
def json_(
    results: Results = None, out: Out = Path("board-json"), metrics: Metrics = None, everything: Everything = False
) -> None:
    """Write every table of the board as JSON."""
    from lifealign_bench.leaderboard.site.writing import write_json

    _write(write_json, results, out, metrics, everything)


@app.command("lm-eval")
def lm_eval(
    suite: options.SuiteArgument = "mini",
    out: Out = Path("lm-eval-tasks"),
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    eval_rows: options.EvaluationRows = None,
    base: options.Base = None,
    data_dir: options.DataDir = None,
    world_seed: options.WorldSeed = None,
) -> None:
    """Write a suite's evaluation pairs as lm-eval tasks, for any model: lm_eval --include_path DIR --tasks NAME."""
    from lifealign_bench.benchmark.capability.exporting import export_tasks
    from lifealign_bench.benchmark.session import overridden
    from lifealign_bench.benchmark.suite import load_suite
    from lifealign_bench.benchmark.workspaces import open_store
    from lifealign_bench.benchmark.world import load_world

    changes = options.make_overrides(None, None, None, None, eval_rows, base, data_dir, world_seed)
    store = open_store(workspace)
    world = load_world(overridden(load_suite(suite), changes), store.root, lambda text: None)
    exported = export_tasks(world, store, out)
    if exported.not_rendered:
        typer.echo(f"no rendered tasks: {exported.not_rendered}", err=True)
    for name in exported.names:
        typer.echo(name)


def _write(
    writer: Callable[..., Path], results: list[str] | None, out: Path, metrics: str | None, everything: bool
) -> None:
    from lifealign_bench.data.errors import UnknownNameError
    from lifealign_bench.leaderboard.board import load_board
    from lifealign_bench.leaderboard.queries import Rows
    from lifealign_bench.leaderboard.serving import absolute
    from lifealign_bench.leaderboard.shipped import shipped_results

    own = options.DEFAULT_WORKSPACE / "results"
    board = load_board(absolute(results or [str(own if own.exists() else shipped_results())]))
    chosen: list[str] | None = None if metrics is None else [name.strip() for name in metrics.split(",")]
    known: set[str] = {name for run in board.runs for name in run.metrics}
    unknown: Any = next((name for name in chosen or [] if name not in known), None)
    if unknown is not None:
        raise UnknownNameError("export", "metric", unknown, known)
    for item in board.left_out:
        typer.echo(f"left out: {item.place}: {item.reason}", err=True)
    typer.echo(str(writer(board, Rows(), out, chosen, everything=everything)))
