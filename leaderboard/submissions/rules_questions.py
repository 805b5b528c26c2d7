"""Rule C5: every answer has the rows that its judges were asked for; a bad verdict that is left out raises a mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

import pandas as pd

from lifealign_bench.benchmark.judge_records import ENOUGH, JudgeRecord
from lifealign_bench.judges.interface import DIMENSIONS, PERSON
from lifealign_bench.leaderboard.submissions.bundle import Bundle, RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error, warning

ORACLE = "oracle"
SOME = 3
"""How many of many missing things are named."""


def c5_questions(rows: RunRows) -> Iterator[Finding]:
    """C5: each judge has a row for every answer and dimension that it was asked for, and the oracle a verdict; in the
    closed division every cell has enough verdicts to be ranked.

    People are left out: not everybody rates every answer.
    """
    for judge in rows.run.record.judges:
        if not judge.name.startswith(PERSON):
            own = rows.judgments[rows.judgments["judge"] == judge.name]
            yield from _alone(rows, judge, own[own["against"].isna()])
            yield from _compared(rows, judge, own[own["against"].notna()])


def _alone(rows: RunRows, judge: JudgeRecord, own: pd.DataFrame) -> Iterator[Finding]:
    file, samples = rows.run.file("judgments.parquet"), rows.samples
    labelled = samples["harm"].notna().tolist()
    everything = samples["sample_id"].tolist()
    said = _by_dimension(own)
    for dimension in asked_in(rows.bundle, judge):
        place, about = f"{dimension}, {judge.name}", dimension == "refusal"
        asked = [one for one, known in zip(everything, labelled, strict=True) if known or not about]
        there, scored = said.get(dimension, ([], set()))
        yield from _lacking(file, place, asked, set(there))
        wanted = set(asked)
        if strange := [one for one in there if one not in wanted]:
            found = f"{len(strange)} rows, {', '.join(map(str, strange[:SOME]))}"
            yield error("C5", file, place, found, "rows only of answers that are asked for it")
        if judge.name == ORACLE:
            yield from _lacking(file, f"{dimension}: status", there, scored)
        else:
            yield from _thin_cells(rows, dimension, wanted, scored)


def _by_dimension(own: pd.DataFrame) -> dict[str, tuple[list[str], set[str]]]:
    """The samples that have a row, and those of them that have a verdict, by dimension."""
    found: dict[str, tuple[list[str], set[str]]] = {}
    columns = (own[name].tolist() for name in ("sample_id", "dimension", "status"))
    for sample, dimension, status in zip(*columns, strict=True):
        there, scored = found.setdefault(dimension, ([], set()))
        there.append(sample)
        if status == "scored":
            scored.add(sample)
    return found


def _compared(rows: RunRows, judge: JudgeRecord, own: pd.DataFrame) -> Iterator[Finding]:
    """Where one answer of a cell is compared, all of it are, in both positions."""
    file, samples = rows.run.file("judgments.parquet"), rows.cells_of_samples
    for (against, dimension, step, task), said in own.groupby(["against", "dimension", "step", "task"], sort=True):
        asked = samples[int(str(step)), str(task)]["sample_id"].tolist()
        for position in (0, 1):
            place = f"{dimension} against {against}, {judge.name}: position {position}"
            there = said.loc[said["position"] == position, "sample_id"]
            yield from _lacking(file, place, asked, set(there))


def asked_in(bundle: Bundle, judge: JudgeRecord) -> list[str]:
    """The dimensions of a judge: all of the oracle in the closed division, else those of any run of the bundle."""
    if judge.name == ORACLE and bundle.submission.division == "closed":
        return list(DIMENSIONS)
    covered = {name for run in bundle.runs for name in run.record.coverage}
    return [name for name in DIMENSIONS if name in covered]


def _lacking(file: str, place: str, asked: Sequence[str], there: Set[str]) -> Iterator[Finding]:
    if gone := [one for one in asked if one not in there]:
        found = f"no verdict on {len(gone):,} of {len(asked):,} answers: {', '.join(map(str, gone[:SOME]))}"
        yield error("C5", file, place, found, "one row for each answer, whatever it says")


def _thin_cells(rows: RunRows, dimension: str, asked: Set[str], scored: Set[str]) -> Iterator[Finding]:
    """A mean of the whole run hides a cell that lost its worst answers: each cell must have enough verdicts."""
    say = error if rows.bundle.submission.division == "closed" else warning
    for (step, task), own in rows.cells_of_samples.items():
        there = [one for one in own["sample_id"].tolist() if one in asked]
        share = sum(one in scored for one in there) / len(there) if there else 1.0
        if share < ENOUGH:
            place, found = f"step {step}, {task}: {dimension}", f"{100 * share:.1f} % judged"
            expected = f"{100 * ENOUGH:.0f} % of the answers of each cell: judge the rest, or submit without verdicts"
            yield say("C5", rows.run.file("judgments.parquet"), place, found, expected)
