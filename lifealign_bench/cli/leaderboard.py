"""`lifealign leaderboard`: finished runs as tables in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifealign_bench.cli import options


def leaderboard(
    results: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of results; else the workspace's, else those that ship.", metavar="[RESULTS]..."),
    ] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="One metric; by default all.")] = None,
    matrix: Annotated[bool, typer.Option("--matrix", help="Also the forgetting matrix of every run.")] = False,
    costs: Annotated[bool, typer.Option("--costs", help="Also what a run of each method costs.")] = False,
    orders: Annotated[bool, typer.Option("--orders", help="Also the order design: orders, seeds, balance.")] = False,
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Draw the forgetting matrices: FILE.png, .svg or .html.")
    ] = None,
    order: Annotated[str | None, typer.Option("--order", help="The order that --figure draws; else the first.")] = None,
    as_json: options.Json = False,
) -> None:
    """Show Last, BWT and AP of every method and order; costs, orders, forgetting matrices, or a figure where asked."""
    from rich.console import Console

    from lifealign_bench.leaderboard.report import print_board, print_costs, print_designs, print_matrices
    from lifealign_bench.leaderboard.shipped import NOTE, shipped_results
    from lifealign_bench.leaderboard.tables import ranking_table

    own = options.DEFAULT_WORKSPACE / "results"
    places = results or [own if own.exists() else shipped_results()]
    if places == [shipped_results()]:
        typer.echo(f"no results in {own}: {NOTE}", err=True)
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
