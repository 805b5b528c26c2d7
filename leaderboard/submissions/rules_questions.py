"""Rule C5: every answer has the rows that its judges were asked for; a bad verdict that is left out raises a mean."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lifealign_bench.benchmark.judge_records import ENOUGH, JudgeRecord
from lifealign_bench.judges.interface import DIMENSIONS, PERSON
from lifealign_bench.leaderboard.submissions.bundle import Bundle, RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error, warning

ORACLE = "oracle"
SOME = 3
"""How many of many missing things are named."""


def c5_questions(rows: RunRows) -> Iterator[Finding]:
    """C5: each judge has a row for every answer and dimension that it was asked for, and the oracle a verdict.

    People are left out: not everybody rates every answer.
    """
    for judge in rows.run.record.judges:
        if not judge.name.startswith(PERSON):
            own = rows.judgments[rows.judgments["judge"] == judge.name]
            yield from _alone(rows, judge, own[own["against"].isna()])
            yield from _compared(rows, judge, own[own["against"].notna()])


def _alone(rows: RunRows, judge: JudgeRecord, own: pd.DataFrame) -> Iterator[Finding]:
    file = rows.run.file("judgments.parquet")
    for dimension in asked_in(rows.bundle, judge):
        asked = rows.samples[rows.samples["harm"].notna()] if dimension == "refusal" else rows.samples
        said = own[own["dimension"] == dimension]
        yield from _lacking(file, f"{dimension}, {judge.name}", asked["sample_id"], said["sample_id"])
        strange = said.loc[~said["sample_id"].isin(asked["sample_id"]), "sample_id"]
        if len(strange):
            found = f"{len(strange)} rows, {', '.join(map(str, strange[:SOME]))}"
            yield error("C5", file, f"{dimension}, {judge.name}", found, "rows only of answers that are asked for it")
        scored = said[said["status"] == "scored"]
        if judge.name == ORACLE:
            yield from _lacking(file, f"{dimension}: status", said["sample_id"], scored["sample_id"])
        else:
            yield from _thin_cells(file, dimension, asked, scored)


def _compared(rows: RunRows, judge: JudgeRecord, own: pd.DataFrame) -> Iterator[Finding]:
    """Where one answer of a cell is compared, all of it are, in both positions."""
    file, samples = rows.run.file("judgments.parquet"), rows.cells_of_samples
    for (against, dimension, step, task), said in own.groupby(["against", "dimension", "step", "task"], sort=True):
        asked = samples[int(str(step)), str(task)]["sample_id"]
        for position in (0, 1):
            place = f"{dimension} against {against}, {judge.name}: position {position}"
            there = said.loc[said["position"] == position, "sample_id"]
            yield from _lacking(file, place, asked, there)


def asked_in(bundle: Bundle, judge: JudgeRecord) -> list[str]:
    """The dimensions of a judge: all of the oracle in the closed division, else those of any run of the bundle."""
    if judge.name == ORACLE and bundle.submission.division == "closed":
        return list(DIMENSIONS)
    covered = {name for run in bundle.runs for name in run.record.coverage}
    return [name for name in DIMENSIONS if name in covered]


def _lacking(file: str, place: str, asked: pd.Series, there: pd.Series) -> Iterator[Finding]:
    gone = asked[~asked.isin(there)]
    if len(gone):
        found = f"no verdict on {len(gone):,} of {len(asked):,} answers: {', '.join(map(str, gone[:SOME]))}"
        yield error("C5", file, place, found, "one row for each answer, whatever it says")


def _thin_cells(file: str, dimension: str, asked: pd.DataFrame, scored: pd.DataFrame) -> Iterator[Finding]:
    """A mean of the whole run hides a cell that lost its worst answers."""
    there = asked[["step", "task"]].assign(share=asked["sample_id"].isin(scored["sample_id"]))
    for row in there.groupby(["step", "task"], as_index=False).mean().to_dict("records"):
        if row["share"] < ENOUGH:
            place, found = f"step {row['step']}, {row['task']}: {dimension}", f"{100 * row['share']:.1f} % judged"
            yield warning("C5", file, place, found, f"{100 * ENOUGH:.0f} % of the answers of each cell")
