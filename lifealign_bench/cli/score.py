"""`lifealign score`: every number of finished runs again, from their rows, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifealign_bench.cli import options


def score(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders that hold them.", metavar="RUNS")],
    write: Annotated[bool, typer.Option("--write", help="Replace numbers that differ.")] = False,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="First carry runs of schema 2 over to 3.")] = False,
    as_json: options.Json = False,
) -> None:
    """Recompute cells and metrics from the rows of finished runs and compare them with what is written.

    Exits with 1 where a number differs and was not replaced.
    """
    from rich.console import Console

    from lifealign_bench.benchmark.rescoring import rescore

    console = Console(stderr=as_json)
    if upgrade:
        from lifealign_bench.benchmark.upgrading import upgrade as carry_over

        console.print(f"carried over: {len(carry_over(runs))} runs", markup=False)
    found = rescore(runs, write=write)
    if as_json:
        import json

        typer.echo(json.dumps({str(item.folder): item.differences for item in found}, indent=2, sort_keys=True))
    for item in found:
        state = "agrees with its rows" if not item.differences else "differs from its rows"
        console.print(f"{item.folder.name}: {item.cells} cells, {item.measures} measures; {state}", markup=False)
        for line in item.differences:
            console.print(f"  {line}", markup=False, style="red")
    if any(item.differences for item in found) and not write:
        raise typer.Exit(1)
