"""`lifealign compare-worlds`: does one world's ranking of methods say anything of another's?"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from lifealign_bench.cli import options


def compare_worlds(
    results: Annotated[
        list[str], typer.Argument(help="Results, one world each; NAME=FOLDER gives a name.", metavar="RESULTS...")
    ],
    metric: Annotated[str, typer.Option("--metric", help="Metric of ours that ranks.")] = "rubric",
    by: Annotated[Literal["last", "bwt"], typer.Option("--by", help="Measure of it.")] = "last",
    paper: Annotated[bool, typer.Option("--paper", help="Also the paper's main table, each of its metrics.")] = False,
    as_json: options.Json = False,
) -> None:
    """Print Kendall's tau of the methods' rankings in each two worlds, beside what chance reaches."""
    import json

    from lifealign_bench.data.errors import InputError
    from lifealign_bench.leaderboard.board import load_board
    from lifealign_bench.leaderboard.paper.claims import PARTS
    from lifealign_bench.leaderboard.paper.worlds import World, likenesses, worlds_table

    worlds = []
    for text in results:
        name, _, place = text.rpartition("=") if "://" not in text.partition("=")[0] else ("", "", text)
        board = load_board([place])
        for scope in board.scopes:
            runs = board.of(scope)
            own = name or runs[0].suite
            worlds.append(World.of_runs(own if len(board.scopes) == 1 else f"{own} {scope[:6]}", runs, metric, by))
    if paper:
        worlds += [World.of_paper(part, by) for part in PARTS]
    worlds = [world for world in worlds if world.scores]
    if len(worlds) < 2:
        raise InputError("compare-worlds", "worlds", f"{len(worlds)} with {metric}", "at least two; --paper adds three")
    table = worlds_table(likenesses(worlds))
    if as_json:
        typer.echo(json.dumps(table.records(), indent=2, sort_keys=True))
        return
    from rich.console import Console

    from lifealign_bench.leaderboard.rendering import render_table

    Console().print(render_table(table, f"rankings by {metric}, {by}"))
