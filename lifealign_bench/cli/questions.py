"""`lifealign questions`: what variants of a suite show about data, bases, settings and safety."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lifealign_bench.cli import options

if TYPE_CHECKING:
    import pandas as pd


def questions(
    results: Annotated[list[Path], typer.Argument(help="Folders of one suite's variants.", metavar="RESULTS")],
    metric: Annotated[str | None, typer.Option("--metric", help="A metric; by default the primary one.")] = None,
    about: Annotated[
        str | None, typer.Option("--about", help="One question: data, bases, moves or safety; else all.")
    ] = None,
    figures: Annotated[Path | None, typer.Option("--figures", help="Folder for a figure and a CSV of each.")] = None,
    ending: Annotated[str, typer.Option("--format", help="Of figures: png, svg or html.")] = "png",
    classifier: Annotated[
        str | None,
        typer.Option(
            "--classifier", help="Of safety: also a text classifier reads the kept answers; world:mini ships."
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Does the order matter more where data differ, do rankings hold on another base, what moves the board most,
    which methods keep refusing: what the runs of a grid, of several bases, of one-field variants can say."""
    import json

    from rich.console import Console

    from lifealign_bench.data.errors import InputError, UnknownNameError
    from lifealign_bench.leaderboard.variation.answers import QUESTIONS, answered
    from lifealign_bench.leaderboard.variation.files import write_answers
    from lifealign_bench.leaderboard.variation.reading import read_variants
    from lifealign_bench.leaderboard.variation.terminal import render_answered

    if about is not None and about not in QUESTIONS:
        raise UnknownNameError("--about", "question", about, QUESTIONS)
    found = [
        own for own in answered(read_variants(results, metric), reread=_reader(classifier)) if about in (None, own.name)
    ]
    if not found:
        expected = "variants, as `lifealign run --grid`, `--bases` or `--vary` writes them, or a safety set"
        raise InputError(", ".join(str(place) for place in results), "questions", "nothing that answers one", expected)
    if figures is not None:
        write_answers(found, figures, ending)
    if as_json:
        answers: dict[str, dict[str, object]] = {
            own.name: {"rows": own.table.records(), "sentences": own.sentences} for own in found
        }
        for own in found:
            answers[own.name] |= {table.name: table.records() for table in own.more}
        typer.echo(json.dumps(answers, indent=2, sort_keys=True, allow_nan=False))
        return
    console = Console()
    for own in found:
        console.print(render_answered(own))
        console.print()


def _reader(classifier: str | None) -> Callable[[pd.DataFrame], pd.DataFrame] | None:
    """What has this classifier read rows again."""
    if classifier is None:
        return None
    from lifealign_bench.benchmark.safety.rereading import with_classifier

    return lambda rows: with_classifier(rows, classifier, {})
