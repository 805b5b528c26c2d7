"""`lifealign annotate`: people judge answers that exist, by the questions that judges are asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from lifealign_bench.cli import annotate_data, annotate_report
from lifealign_bench.cli.annotate_options import Browser, Host, Port, Runs, Study, TokensOnly, new_rater

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lifealign_bench.benchmark.runs import StoredRun
    from lifealign_bench.judges.human.store import StudyFile
    from lifealign_bench.judges.human.study import Settings

DRAW = "draw"
HELP = ("--help",)
RATERS = ("rater-1", "rater-2")


class RunsOrCommand(TyperGroup):
    """A group whose first argument may also be a folder of runs: `annotate RUNS` is `annotate draw RUNS`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in where none is named."""
        if args and args[0] not in self.commands and args[0] not in HELP:
            args = [DRAW, *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


app = typer.Typer(cls=RunsOrCommand, no_args_is_help=True, rich_markup_mode=None)
app.command("status")(annotate_data.status)
app.command("add-rater")(annotate_data.add_rater)
app.command("export")(annotate_data.export)
app.command("import")(annotate_data.import_)
app.command("board")(annotate_data.board)
app.command("report")(annotate_report.report)
app.command("advise")(annotate_report.advise)


@app.callback()
def annotate() -> None:
    """People judge answers that exist: draw them, rate them on a page, count them as judges of their own.

    `lifealign annotate RUNS --share 50` draws and serves; the same command again goes on.
    """


@app.command(DRAW)
def draw(
    runs: Runs,
    study: Study,
    share: Annotated[str, typer.Option("--share", help="How many answers are drawn: 50, or a part: 2%.")] = "50",
    raters: Annotated[
        str | None, typer.Option("--raters", help="Names of the raters, comma-separated; else rater-1,rater-2.")
    ] = None,
    per_item: Annotated[int, typer.Option("--per-item", help="Raters of each answer, at least 2.")] = 2,
    dimensions: Annotated[
        str, typer.Option("--dimensions", help="Some of helpfulness,safety,rubric,refusal.")
    ] = "helpfulness,safety",
    pairwise: Annotated[
        str | None, typer.Option("--pairwise", help="Compare the last answers with `base`, or a METHOD's.")
    ] = None,
    controls: Annotated[
        int | None, typer.Option("--controls", min=0, help="Answers of known truth in each dimension; else a tenth.")
    ] = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="Always show the data's better answer, too, to compare with.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of the draw and of every order.")] = 0,
    templates: Annotated[
        Path | None, typer.Option("--templates", help="A folder of your own templates; else those that ship.")
    ] = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page, too.")] = True,
    tokens_only: TokensOnly = False,
    host: Host = "localhost",
    port: Port = 8502,
    browser: Browser = True,
) -> None:
    """Draw a stratified, seeded, blinded sample of answers and serve the page on which they are rated."""
    from lifealign_bench.benchmark.runs import find_runs

    stored = find_runs(runs)
    settings = _settings(stored, share, per_item, dimensions, pairwise, controls, seed, templates, reference=reference)
    names = None if raters is None else [name.strip() for name in raters.split(",") if name.strip()]
    file = _opened(study, stored, settings, names)
    _greet(file, host, port, tokens_only=tokens_only)
    if serve:
        _serve(study, host, port, browser, tokens_only=tokens_only)


@app.command("serve")
def serve(
    study: Study,
    tokens_only: TokensOnly = False,
    host: Host = "localhost",
    port: Port = 8502,
    browser: Browser = True,
) -> None:
    """Serve the page of a study that was drawn before."""
    from lifealign_bench.judges.human.store import StudyFile

    _greet(StudyFile(study), host, port, tokens_only=tokens_only)
    _serve(study, host, port, browser, tokens_only=tokens_only)


def _serve(study: Path, host: str, port: int, browser: bool, *, tokens_only: bool) -> None:
    from lifealign_bench.leaderboard.annotation.serving import Served, serve

    serve(Served(str(study.absolute()), tokens_only), host=host, port=port, open_browser=browser)


def _settings(
    stored: Sequence[StoredRun],
    share: str,
    per_item: int,
    dimensions: str,
    pairwise: str | None,
    controls: int | None,
    seed: int,
    templates: Path | None,
    *,
    reference: bool,
) -> Settings:
    from lifealign_bench.benchmark.human_answers import sources_of
    from lifealign_bench.benchmark.judge_running import check_compared, dimensions_of
    from lifealign_bench.judges.human.drawing import control_count
    from lifealign_bench.judges.human.study import Settings
    from lifealign_bench.judges.interface import compared_in

    wanted = dimensions_of(dimensions)
    check_compared(wanted, pairwise)
    count = _share(share, stored)
    return Settings(
        seed=seed,
        share=count,
        dimensions=wanted if pairwise is None else compared_in(wanted),
        per_item=per_item,
        controls=control_count(count) if controls is None else controls,
        against=pairwise,
        templates=str(templates.absolute()) if templates is not None else None,
        reference=reference,
        sources=sources_of(stored),
    )


def _share(text: str, stored: Sequence[StoredRun]) -> int:
    """How many answers a share is."""
    from lifealign_bench.benchmark.columns import read_table
    from lifealign_bench.data.errors import InputError

    expected = "a number of answers, like 50, or a part of all, like 2%"
    try:
        if not text.strip().endswith("%"):
            count = int(text)
        else:
            part = float(text.strip()[:-1]) / 100
            whole = sum(len(read_table(run.folder, "samples")) for run in stored)
            count = round(part * whole) if 0 < part <= 1 else 0
    except ValueError:
        raise InputError("--share", "share", repr(text), expected) from None
    if count < 1:
        raise InputError("--share", "share", repr(text), expected)
    return count


def _opened(path: Path, stored: Sequence[StoredRun], settings: Settings, names: Sequence[str] | None) -> StudyFile:
    """The study of these settings: as it is where it was drawn before, else drawn now."""
    from lifealign_bench.benchmark.human_answers import candidates_of, judged_runs
    from lifealign_bench.benchmark.judge_running import world_of
    from lifealign_bench.data.errors import InputError
    from lifealign_bench.judges.human.drawing import check_templates, make_study
    from lifealign_bench.judges.human.sampling import counted
    from lifealign_bench.judges.human.sampling import draw as drawn_from
    from lifealign_bench.judges.human.store import StudyFile, create

    if path.exists():
        file = StudyFile(path)
        if file.settings != settings:
            raise InputError(path, "study", "one of other runs or settings", "another --study, or `annotate serve`")
        check_templates(file.study())
        _check_raters(file, names or ())
        return file
    candidates = candidates_of(judged_runs(stored, settings.against), settings.against, settings.dimensions)
    found = drawn_from(candidates, settings.share, settings.seed)
    study = make_study(found, settings, [new_rater(name) for name in names or RATERS], world_of(stored))
    for name, counts in counted(found).items():
        told = ", ".join(f"{key} {count}" for key, count in sorted(counts.items()))
        typer.echo(f"drawn by {name}: {told}")
    return create(path, study)


def _check_raters(file: StudyFile, names: Sequence[str]) -> None:
    """Raise InputError where somebody is named who was not when the study was drawn."""
    from lifealign_bench.data.errors import InputError

    known = [rater.name for rater in file.raters()]
    if unknown := [name for name in names if name not in known]:
        expected = f"{', '.join(known)}; `annotate add-rater NAME` registers somebody later"
        raise InputError("--raters", "name", unknown[0], expected)


def _greet(file: StudyFile, host: str, port: int, *, tokens_only: bool) -> None:
    """What there is to rate, and where each rater goes."""
    typer.echo(f"study {file.id}: {file.path}")
    for rater in file.raters():
        progress = file.progress_of(rater.name)
        link = f"http://{host}:{port}/?rater={rater.token if tokens_only else rater.name}"
        typer.echo(f"  {rater.name}: {progress.done} of {progress.total} done, {link}")
