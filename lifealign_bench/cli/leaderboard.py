"""`lifealign leaderboard`: the board in a browser, or as tables in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifealign_bench.cli import options

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104


def leaderboard(
    results: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folders of results, or URLs (s3://...); else the workspace's, else those that ship.",
            metavar="[RESULTS]...",
        ),
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="Tables in the terminal instead of a browser.")] = False,
    metric: Annotated[str | None, typer.Option("--metric", help="In the terminal: one metric; else all.")] = None,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="In the terminal: also the forgetting matrix of every run.")
    ] = False,
    reference: Annotated[
        bool | None,
        typer.Option(
            "--reference/--no-reference",
            help="The results that ship beside these; by default where no RESULTS are named.",
        ),
    ] = None,
    costs: Annotated[bool, typer.Option("--costs", help="In the terminal: also what a run costs.")] = False,
    orders: Annotated[bool, typer.Option("--orders", help="In the terminal: also orders, seeds, balance.")] = False,
    capability: Annotated[
        bool, typer.Option("--capability", help="In the terminal: also what lm-eval found before and after.")
    ] = False,
    drift: Annotated[
        bool, typer.Option("--drift", help="In the terminal: also how answers changed, and what was lost.")
    ] = False,
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Draw the forgetting matrices: FILE.png, .svg or .html.")
    ] = None,
    order: Annotated[str | None, typer.Option("--order", help="The order that --figure draws; else the first.")] = None,
    host: Annotated[str, typer.Option("--host", help="Address to serve on; 0.0.0.0 for other machines.")] = "localhost",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to serve on.")] = 8501,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    as_json: options.Json = False,
) -> None:
    """Open the board in a browser; --table, --matrix, --costs, --capability, --drift and --json print it, --figure
    draws it."""
    from lifealign_bench.benchmark.compact.opening import is_packed
    from lifealign_bench.leaderboard.shipped import NOTE, REFERENCE, board_folder, shipped_results

    own = options.DEFAULT_WORKSPACE / "results"
    places = results or ([str(own)] if own.exists() else [])
    if not places:
        typer.echo(f"no results in {own}: {NOTE}", err=True)
    wanted = not results if reference is None else reference
    beside = capability or drift
    prints = table or matrix or costs or orders or beside or as_json or figure is not None or metric is not None
    opens = board_folder() / REFERENCE if prints else board_folder()
    if not (places and prints) and (wanted or not places) and is_packed(opens):
        typer.echo("unpacking the results that ship, once: some seconds", err=True)
    if prints:
        from lifealign_bench.benchmark.workspaces import results_folder

        paths = [results_folder(place) for place in places or [str(shipped_results())]]
        _in_terminal(paths, metric, matrix, costs, orders, figure, order, as_json)
        if places and wanted and not as_json and figure is None:
            _beside_reference(paths, metric)
        if beside and not as_json and figure is None:
            _beside(paths, capability, drift)
        return
    from lifealign_bench.leaderboard.serving import absolute, serve

    found = absolute([*places, *([str(board_folder())] if wanted or not places else [])])
    typer.echo(
        f"the board is at http://{'localhost' if host in ANY_ADDRESS else host}:{port}; Ctrl-C ends it", err=True
    )
    serve(found, host=host, port=port, open_browser=browser)


def _beside_reference(places: list[Path], metric: str | None) -> None:
    from rich.console import Console

    from lifealign_bench.benchmark.runs import find_runs
    from lifealign_bench.leaderboard.report import print_beside

    records = [run.record for run in find_runs(places)]
    for suite, primary in dict.fromkeys((record.suite.name, record.primary_metric) for record in records):
        print_beside(Console(), places, suite, metric or primary)


def _beside(places: list[Path], capability: bool, drift: bool) -> None:
    from rich.console import Console

    from lifealign_bench.leaderboard.behaviour import behaviour_table, render_behaviour
    from lifealign_bench.leaderboard.retained import render_retained, retained_table

    if capability:
        Console().print(render_retained(retained_table(places)))
    if drift:
        Console().print(render_behaviour(behaviour_table(places)))


def _in_terminal(
    places: list[Path],
    metric: str | None,
    matrix: bool,
    costs: bool,
    orders: bool,
    figure: Path | None,
    order: str | None,
    as_json: bool,
) -> None:
    from rich.console import Console

    from lifealign_bench.leaderboard.report import print_board, print_costs, print_designs, print_matrices
    from lifealign_bench.leaderboard.tables import ranking_table

    if as_json:
        frame = ranking_table(places, metric)
        typer.echo(frame.to_json(orient="records", indent=2))
        return
    console = Console()
    if figure is not None:
        from lifealign_bench.leaderboard.figures import figure_of_runs, write_figure

        write_figure(figure_of_runs(places, metric, order), figure)
        console.print(f"wrote {figure}", markup=False, soft_wrap=True)
        return
    print_board(console, places, [metric] if metric else None)
    if costs:
        print_costs(console, places)
    if orders:
        print_designs(console, places)
    if matrix:
        print_matrices(console, places, metric)
