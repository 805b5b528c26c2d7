"""The `lifealign` command; every command imports what is heavy only when it runs."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from lifealign_bench import __version__
from lifealign_bench.cli.annotate import app as annotate_app
from lifealign_bench.cli.base import app as base_app
from lifealign_bench.cli.data import app as data_app
from lifealign_bench.cli.export import app as export_app
from lifealign_bench.cli.judge import app as judge_app
from lifealign_bench.cli.leaderboard import leaderboard
from lifealign_bench.cli.method import app as method_app
from lifealign_bench.cli.metrics import metrics
from lifealign_bench.cli.plan import plan
from lifealign_bench.cli.questions import questions
from lifealign_bench.cli.report import report
from lifealign_bench.cli.results import app as results_app
from lifealign_bench.cli.run import run
from lifealign_bench.cli.score import score
from lifealign_bench.cli.submission import app as submission_app
from lifealign_bench.cli.tune import tune
from lifealign_bench.cli.worlds import compare_worlds
from lifealign_bench.data.errors import LifeAlignError

app = typer.Typer(
    name="lifealign",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    help="The benchmark for lifelong preference alignment.",
)
app.command()(run)
app.command()(plan)
app.command()(tune)
app.command()(score)
app.command()(metrics)
app.command()(leaderboard)
app.command()(report)
app.command("compare-worlds")(compare_worlds)
app.command()(questions)
app.add_typer(judge_app, name="judge", help="Judges: test one, or run it on answers that exist.")
app.add_typer(annotate_app, name="annotate", help="People as judges: draw answers, rate them on a page, count them.")
app.add_typer(data_app, name="data", help="Tasks: show, scaffold and check preference data.")
app.add_typer(base_app, name="base", help="Base models: build one from preference text.")
app.add_typer(export_app, name="export", help="The board as static pages, CSV or JSON; tasks for lm-eval.")
app.add_typer(results_app, name="results", help="Results: made small for shipping, and run folders again.")
app.add_typer(method_app, name="method", help="Method adapters.")
app.add_typer(submission_app, name="submission", help="Submissions: pack runs, check them, put them on a board.")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"lifealign {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Options of every command."""
    if debug:
        os.environ["LIFEALIGN_DEBUG"] = "1"


def main() -> None:
    """Entry point: errors that a user can act on are one line on standard error, with an exit code of their own."""
    # Threads that spin while they wait slow training tenfold on cores that are shared; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # The bars of libraries would be drawn across our own; read when the library of bars is loaded.
    os.environ.setdefault("TQDM_DISABLE", "1")
    try:
        app()
    except LifeAlignError as error:
        if os.environ.get("LIFEALIGN_DEBUG"):
            raise
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(error.exit_code) from None
