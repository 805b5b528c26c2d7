"""`lifealign annotate report|advise`: how raters agree, and how many are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifealign_bench.cli import options
from lifealign_bench.cli.annotate_options import Study

Compared = Annotated[
    list[Path] | None,
    typer.Argument(help="Runs with the judge's verdicts to compare with; else people alone.", metavar="[RUNS]..."),
]


def report(study: Study, runs: Compared = None, as_json: options.Json = False) -> None:
    """Agreement of raters, severity, drift, missed controls; with RUNS the judge of these runs beside people."""
    from rich.console import Console

    from lifealign_bench.benchmark.human_answers import beside_of
    from lifealign_bench.benchmark.runs import find_runs
    from lifealign_bench.cli.people_view import show_section
    from lifealign_bench.judges.human.report import Beside, people_section
    from lifealign_bench.judges.human.store import StudyFile

    file = StudyFile(study)
    found = file.study()
    beside = beside_of(find_runs(runs), found) if runs else Beside()
    section = people_section(found.id, found.questions, file.ratings(), beside)
    if as_json:
        typer.echo(section.model_dump_json(indent=2))
        return
    show_section(section, Console())


def advise(
    half_width: Annotated[
        float, typer.Option("--half-width", help="Of the interval of a mean score, in points.")
    ] = 0.5,
    share: Annotated[float, typer.Option("--share-width", help="Of the interval of a win rate, 0 to 1.")] = 0.1,
    pilot: Annotated[Path | None, typer.Option("--pilot", help="A study whose ratings say how much they vary.")] = None,
    as_json: options.Json = False,
) -> None:
    """How many answers and raters an interval of a given width needs."""
    import json

    from rich.console import Console

    from lifealign_bench.cli.people_view import show_advice
    from lifealign_bench.judges.human.advice import RATERS, Spread, advise_mean, advise_share, spread_of
    from lifealign_bench.judges.human.given import by_dimension
    from lifealign_bench.judges.human.store import StudyFile

    spreads = {"by default": Spread()}
    if pilot is not None:
        file = StudyFile(pilot)
        own = by_dimension(file.questions(), file.ratings())
        seen = {name: spread_of(ratings) for name, ratings in own.items() if name != "refusal"}
        spreads = {name: spread for name, spread in seen.items() if spread is not None} or spreads
    shares = [advise_share(share, raters) for raters in RATERS[:1]]
    plans = {name: [advise_mean(half_width, spread, raters) for raters in RATERS] for name, spread in spreads.items()}
    if as_json:
        told = {name: [each.model_dump(mode="json") for each in own] for name, own in plans.items()}
        typer.echo(json.dumps({"mean": told, "share": [each.model_dump(mode="json") for each in shares]}, indent=2))
        return
    console = Console()
    for name, spread in spreads.items():
        words = (
            f"{name}: answers differ by {spread.answers:.2f}, readings of one answer by {spread.readings:.2f} points"
        )
        console.print(f"{words} (standard deviations)", markup=False, highlight=False, soft_wrap=True)
        show_advice([*plans[name], *shares], console)
