"""`lifealign annotate status|add-rater|export|import|board`: what people said, counted, carried about, on the board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifealign_bench.cli import options
from lifealign_bench.cli.annotate_options import Runs, Study, new_rater


def status(study: Study, as_json: options.Json = False) -> None:
    """How far every rater is, and how many answers have the ratings they need."""
    import json
    from collections import Counter
    from dataclasses import asdict

    from lifealign_bench.judges.human.report import control_rows
    from lifealign_bench.judges.human.store import StudyFile

    file = StudyFile(study)
    progress = [file.progress_of(rater.name) for rater in file.raters()]
    questions, ratings, needed = file.questions(), file.ratings(), file.settings.per_item
    rated = Counter(rating.question for rating in ratings if rating.verdict is not None)
    real = [question for question in questions if question.control is None]
    whole = sum(rated[question.id] >= needed for question in real)
    controls = control_rows(questions, ratings)
    if as_json:
        found = {
            "study": file.id,
            "raters": [asdict(each) for each in progress],
            "questions": {"expected": len(real), "whole": whole},
            "controls": [row.model_dump(mode="json") for row in controls],
        }
        typer.echo(json.dumps(found, indent=2, sort_keys=True))
        return
    typer.echo(f"study {file.id}: {whole:,} of {len(real):,} questions rated by {needed} or more")
    for each in progress:
        typer.echo(f"  {each.rater}: {each.rated} rated, {each.skipped} skipped, of {each.total}")
    for row in controls:
        typer.echo(f"  {row.rater}: {row.missed} of {row.answered} controls missed")


def add_rater(
    name: Annotated[str, typer.Argument(help="Name of the new rater.")],
    study: Study,
) -> None:
    """Register one more rater, who gets the answers that fewest have."""
    from lifealign_bench.judges.human.drawing import assigned_later
    from lifealign_bench.judges.human.store import StudyFile

    file = StudyFile(study)
    rater = new_rater(name)
    questions = assigned_later(file.study(), rater.name)
    file.add_rater(rater, questions)
    typer.echo(f"{rater.name}: {len(questions)} questions, token {rater.token}")


def export(
    study: Study,
    out: Annotated[Path | None, typer.Option("--out", help="The file; else standard output.")] = None,
    texts: Annotated[
        bool,
        typer.Option("--texts", help="With prompts and answers, harmful ones among them; a judge card needs them."),
    ] = False,
) -> None:
    """Write all ratings as JSONL."""
    from lifealign_bench.benchmark.durable import write_whole
    from lifealign_bench.judges.human.exchange import export_lines
    from lifealign_bench.judges.human.store import StudyFile

    file = StudyFile(study)
    lines = list(export_lines(file.study(), file.ratings(), texts=texts))
    text = "".join(f"{line}\n" for line in lines)
    if out is None:
        typer.echo(text, nl=False)
        return
    write_whole(out, text)
    typer.echo(f"{len(lines):,} ratings: {out}")


def import_(
    ratings: Annotated[Path, typer.Argument(help="An export of another copy of this study.")],
    study: Study,
) -> None:
    """Take in ratings that were given on another copy of the study: all of them or, where one does not fit, none."""
    from lifealign_bench.judges.human.exchange import import_lines, read_lines
    from lifealign_bench.judges.human.store import StudyFile
    from lifealign_bench.judges.templates import read_text

    file = StudyFile(study)
    lines = read_lines(read_text(ratings), str(ratings))
    new = import_lines(file, lines)
    typer.echo(f"{new:,} new ratings of {len(lines):,}")


def board(
    runs: Runs,
    study: Study,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the judged runs; else judged/human-STUDY of their workspace."),
    ] = None,
) -> None:
    """Write the runs as people judged them, each rater a judge of their own, for the board."""
    from lifealign_bench.benchmark.human_answers import judged_runs, write_human_runs
    from lifealign_bench.benchmark.judged_results import place_of
    from lifealign_bench.benchmark.runs import find_runs
    from lifealign_bench.judges.human.drawing import check_templates
    from lifealign_bench.judges.human.judging import human_judges
    from lifealign_bench.judges.human.store import StudyFile
    from lifealign_bench.judges.templates import load_templates

    file = StudyFile(study)
    found = file.study()
    check_templates(found)
    own = found.settings.templates
    templates = load_templates("a", Path(own) if own else None)
    stored = find_runs(runs)
    judges = human_judges(found, file.ratings(), templates.identity)
    place = out or place_of(stored, f"human-{found.id}", options.DEFAULT_WORKSPACE)
    folders = write_human_runs(judged_runs(stored, found.settings.against), judges, place)
    typer.echo(f"{len(judges)} raters, {len(folders)} runs: {place}")
    typer.echo(f"tables: lifealign leaderboard {place}")
