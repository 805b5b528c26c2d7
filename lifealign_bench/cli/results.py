"""`lifealign results`: results made small for shipping, and run folders again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Out = Annotated[Path, typer.Argument(help="Folder to write; it must not exist yet.", metavar="OUT")]


@app.command("compact")
def compact(
    results: Annotated[Path, typer.Argument(help="Folder that holds runs.", metavar="RESULTS")], out: Out
) -> None:
    """Store every distinct answer, verdict and number of many runs once; all commands read the compact form, too."""
    from lifealign_bench.benchmark.compact.writing import compact as make

    done = make(results, out)
    for name in done.left_out:
        typer.echo(f"left out: {name}", err=True)
    typer.echo(f"{done.runs} runs, {done.before / 1e6:.1f} MB before, {done.after / 1e6:.1f} MB after: {out}")


@app.command("expand")
def expand(
    compacted: Annotated[Path, typer.Argument(help="Folder of compact results.", metavar="COMPACT")], out: Out
) -> None:
    """Write compact results as run folders again, with the same rows."""
    from lifealign_bench.benchmark.compact.reading import expand as unpack

    typer.echo(f"{unpack(compacted, out)} runs: {out}")
