"""People as judges on a board: how many raters, how much of the answers they rated, what each of them gave."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lifealign_bench.benchmark.judge_records import study_of
from lifealign_bench.judges.interface import PERSON
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.shown import Column, Table

# A stage that several runs share has the same answers in each: they were rated once, and count once.
_OWN = """
select distinct judge, dimension, sample_id, against, position, status, verdict
from read($judgments) where starts_with(judge, $person)
"""
_COVERAGE = f"""
with own as ({_OWN}),
answers as (
    select dimension, sample_id, against, count(distinct judge) filter (where status = 'scored') as raters
    from own group by dimension, sample_id, against
),
everybody as (select dimension, count(distinct judge) as raters from own group by dimension)
select answers.dimension, any_value(everybody.raters) as raters, count(*) filter (where answers.raters > 0) as rated,
       count(*) filter (where answers.raters > 1) as twice, count(*) filter (where answers.raters = 0) as skipped
from answers join everybody using (dimension) group by answers.dimension order by answers.dimension
"""  # noqa: S608
_RATERS = f"""
select judge, dimension, count(*) filter (where status = 'scored') as rated,
       count(*) filter (where status <> 'scored') as skipped, avg(verdict) as mean
from ({_OWN}) group by judge, dimension order by dimension, judge
"""  # noqa: S608


STUDY = "study"


def rated_by_people(runs: Sequence[BoardRun]) -> tuple[BoardRun, ...]:
    """The runs that people judged."""
    return tuple(run for run in runs if any(judge.name.startswith(PERSON) for judge in run.judges))


def coverage_by_people(rows: Rows, runs: Sequence[BoardRun]) -> Table | None:
    """By question: raters, answers with a verdict, with two and more, and skipped by all; None where no person judged.

    Raises:
        InputError: verdicts that cannot be read.
    """
    columns = (
        Column(STUDY, "Study"),
        Column("dimension", "Question"),
        Column("raters", "Raters", 0),
        Column("rated", "Answers rated", 0),
        Column("twice", "By two and more", 0),
        Column("skipped", "Skipped by all", 0),
    )
    return _table(rows, runs, "people-coverage", _COVERAGE, columns)


def raters_table(rows: Rows, runs: Sequence[BoardRun]) -> Table | None:
    """By rater and question: verdicts, skipped ones, mean verdict; None where no person judged.

    Means of two raters compare only where both rated the same answers; severity on the judge card does.

    Raises:
        InputError: verdicts that cannot be read.
    """
    columns = (
        Column(STUDY, "Study"),
        Column("judge", "Rater"),
        Column("dimension", "Question"),
        Column("rated", "Verdicts", 0),
        Column("skipped", "Skipped", 0),
        Column("mean", "Mean verdict", 2),
    )
    return _table(rows, runs, "raters", _RATERS, columns)


def _table(rows: Rows, runs: Sequence[BoardRun], name: str, query: str, columns: tuple[Column, ...]) -> Table | None:
    # Another study is another draw, and the same name in it another judge: no table mixes two.
    files: dict[str, list[str]] = {}
    for run in rated_by_people(runs):
        if place := run.table("judgments"):
            files.setdefault(next(own for each in run.judges if (own := study_of(each))), []).append(place)
    frames = []
    for study, of_study in sorted(files.items()):
        frame = rows.query(query, {"judgments": of_study}, person=PERSON)
        frame.insert(0, STUDY, study)
        frames.append(frame)
    return Table(name, pd.concat(frames, ignore_index=True), columns) if frames else None
