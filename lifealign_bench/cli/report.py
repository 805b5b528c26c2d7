"""`lifealign report`: everything that finished runs say, as tables, JSON, a page, and figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lifealign_bench.cli import options

if TYPE_CHECKING:
    from lifealign_bench.leaderboard.analysis.record import Analysis


def report(
    runs: options.RunFolders,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", help="A metric, as often as wanted; by default the primary one and the rubric."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for report.html and report.json.")] = None,
    figures: Annotated[
        Literal["pdf", "png"] | None, typer.Option("--figures", help="With --out: also every figure as a file.")
    ] = None,
    suite: Annotated[
        str | None, typer.Option("--suite", help="Where there are several boards: the suite, or its file.")
    ] = None,
    judge: Annotated[str | None, typer.Option("--judge", help="Where there are several: the judge, or none.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="Where there are several: how the key begins.")] = None,
    condition: Annotated[
        str | None, typer.Option("--condition", help="Where there are several: the condition, as the board says it.")
    ] = None,
    base: Annotated[str | None, typer.Option("--base", help="Where there are several: the base.")] = None,
    difference: Annotated[
        float, typer.Option("--difference", min=0.01, max=100, help="Points of Last that more runs should show.")
    ] = 5.0,
    as_json: options.Json = False,
) -> None:
    """Rank methods, compare orders and tasks, with intervals and tests; say in words what is shown and what is not."""
    from rich.console import Console

    from lifealign_bench.data.errors import InputError
    from lifealign_bench.leaderboard.analysis.analysis import analyse, to_json
    from lifealign_bench.leaderboard.analysis.selection import select_runs
    from lifealign_bench.leaderboard.analysis.terminal import render_analysis

    if figures is not None and out is None:
        raise InputError("--figures", "folder", "none", "--out FOLDER to write them to")
    found = analyse(select_runs(runs, _suite_name(suite), judge, key, condition, base), tuple(metric or ()), difference)
    if as_json:
        typer.echo(to_json(found).decode(), nl=False)
    else:
        Console().print(render_analysis(found))
    if out is not None:
        _write(found, out, figures)


def _suite_name(reference: str | None) -> str | None:
    if reference is None or Path(reference).suffix not in (".yaml", ".yml"):
        return reference
    from lifealign_bench.benchmark.suite import load_suite

    return load_suite(reference).name


def _write(found: Analysis, out: Path, figures: str | None) -> None:
    from lifealign_bench.leaderboard.analysis.files import write_report

    for path in write_report(found, out, figures):
        typer.echo(f"wrote {path}", err=True)
