"""Answers of runs as people may be shown them, and the runs judged by what people said. Free of torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.comparing import BASE, with_comparisons
from lifealign_bench.benchmark.judge_records import JudgeRecord, study_of
from lifealign_bench.benchmark.judge_running import world_of
from lifealign_bench.benchmark.judged_answers import JudgedBy, JudgedRun, answers_of
from lifealign_bench.benchmark.judged_results import write_judged
from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest
from lifealign_bench.judges.cards.truth import median_of
from lifealign_bench.judges.human.given import levels_of
from lifealign_bench.judges.human.judging import HumanJudge
from lifealign_bench.judges.human.report import Beside, truth_of
from lifealign_bench.judges.human.sampling import Candidate, Stratum
from lifealign_bench.judges.human.study import Question, Study, unit_of
from lifealign_bench.judges.interface import PERSON, Dimension, JudgedItem


def judged_runs(runs: Sequence[StoredRun], against: str | None) -> list[JudgedRun]:
    """The runs with their answers, compared with `against` where that is given; raises as `with_comparisons`."""
    found = answers_of(runs)
    return found if against is None else with_comparisons(found, against)


def sources_of(runs: Sequence[StoredRun]) -> str:
    """A digest of the runs that a study is drawn from: who they are and what they answered, not how they are judged."""
    known = [[run.record.identity.model_dump(mode="json"), run.record.artefacts.get("samples.parquet")] for run in runs]
    return digest(sorted(known, key=str))


def candidates_of(runs: Sequence[JudgedRun], against: str | None, dimensions: Sequence[Dimension]) -> list[Candidate]:
    """Every answer (or comparison) that may be drawn: where a run was judged in some of these dimensions, those answers
    that have a verdict in each of them, so that people and the judge can be compared on all that is drawn.

    Raises:
        InputError: there is none.
    """
    wanted = frozenset(dimensions)
    found = []
    for run in runs:
        scored = _scored(run)
        method = run.run.record.identity.method
        judged = wanted & frozenset(name for own in scored.values() for name in own)
        for sample, candidate in _of_run(run, method, against):
            asked = judged if candidate.item.harm is not None else judged - {"refusal"}
            if asked <= scored.get(sample, frozenset()):
                found.append(candidate)
    if not found:
        what = "answers that" if against is None else f"answers that differ from those of {against} and"
        expected = f"{what} have a verdict in each of them, or runs that were not judged in them"
        raise InputError("RUNS", ", ".join(dimensions), "no such answer", expected)
    return found


def _of_run(run: JudgedRun, method: str, against: str | None) -> Iterator[tuple[str, Candidate]]:
    places = zip(run.samples["sample_id"], run.samples["step"], run.items, strict=True)
    for sample, step, item in places:
        # Row 0 is the same untouched base, whoever the run belongs to.
        stratum = Stratum(item.task, int(step), method if step else BASE)
        if against is None:
            yield str(sample), Candidate(item, stratum)
        elif (pair := run.comparisons.get(str(sample))) is not None and pair.other != item.answer:
            yield str(sample), Candidate(item, stratum, pair.other)


def _scored(run: JudgedRun) -> dict[str, frozenset[Dimension]]:
    """By sample, the dimensions in which a judge scored it; empty where the run was not judged."""
    if not run.run.record.judges:
        return {}
    rows = read_table(run.run.folder, "judgments")
    rows = rows[rows["against"].isna() & (rows["status"] == "scored")]
    return {str(sample): frozenset(own) for sample, own in rows.groupby("sample_id")["dimension"]}


def write_human_runs(runs: Sequence[JudgedRun], judges: Sequence[HumanJudge], out: Path) -> list[Path]:
    """Write the runs as people judged them, each rater a judge of their own; runs without a rated answer are left out.

    What lies there of the same study is replaced: raters and ratings come in as it goes on.

    Raises:
        InputError: nothing was rated, or as `write_judged`.
    """
    rated = {unit for judge in judges for unit in judge.units}
    kept = [run for run in runs if rated & _units(run)]
    if not kept:
        raise InputError(out, "ratings", "none of the answers of these runs", "the runs that the study was drawn from")
    study = judges[0].study.id

    def same_study(there: tuple[JudgeRecord, ...]) -> bool:
        return bool(there) and all(study_of(judge) == study for judge in there)

    return write_judged(kept, [_by(judge, kept) for judge in judges], out, grown=same_study)


def _units(run: JudgedRun) -> set[str]:
    compared = {unit_of(pair.item, pair.other) for pair in run.comparisons.values()}
    return compared | {unit_of(item, None) for item in run.items}


def _by(judge: HumanJudge, runs: Sequence[JudgedRun]) -> JudgedBy:
    items = {item: judge.said_of(item) for run in runs for item in run.items}
    pairs = {pair: judge.said_of_pair(pair) for run in runs for pair in run.comparisons.values()}
    return JudgedBy(judge, items, pairs)


def beside_of(runs: Sequence[StoredRun], study: Study) -> Beside:
    """What the judges of these runs said of a study's questions (of several the median), and the truth where it is
    known.

    Raises:
        InputError: as `judged_runs`.
    """
    by_question = {(q.unit, q.dimension, q.place): q.id for q in study.questions if q.control is None}
    votes: dict[str, dict[str, float]] = {}
    declines: dict[str, bool] = {}
    for run in judged_runs(runs, study.settings.against):
        for row, unit in _verdicts(run):
            name = by_question.get((unit, row["dimension"], int(row["position"])))
            if name is not None:
                votes.setdefault(name, {})[row["judge"]] = float(row["verdict"])
            if row["dimension"] == "refusal":
                declines[unit] = row["verdict"] == 1
    judged = {q.id: _middle(q, list(votes[q.id].values())) for q in study.questions if q.id in votes}
    truth, known = truth_of(study.questions, world_of(runs))
    refused = {q.id: declines[q.unit] for q in study.questions if q.unit in declines}
    return Beside(judged, truth, {**refused, **known})


def _middle(question: Question, votes: Sequence[float]) -> float:
    """The median of judges' verdicts, on the question's scale."""
    levels = levels_of(question)
    places = [levels.index(vote) for vote in votes if vote in levels]
    return levels[median_of(places, question.id)] if places else votes[0]


def _verdicts(run: JudgedRun) -> Iterator[tuple[dict[str, Any], str]]:
    """The scored rows of a run's judges, people left out, each with the unit it is about."""
    if not run.run.record.judges:
        return
    rows = read_table(run.run.folder, "judgments")
    rows = rows[(rows["status"] == "scored") & ~rows["judge"].astype(str).str.startswith(PERSON)]
    items = dict(zip(run.samples["sample_id"].astype(str), run.items, strict=True))
    units: dict[tuple[str, bool], str | None] = {}
    for row in rows.to_dict("records"):
        key = str(row["sample_id"]), bool(pd.isna(row["against"]))
        if key not in units:
            units[key] = _unit(run, items, *key)
        unit = units[key]
        if unit is not None:
            yield {str(name): value for name, value in row.items()}, unit


def _unit(run: JudgedRun, items: dict[str, JudgedItem], sample: str, alone: bool) -> str | None:
    if alone:
        return unit_of(items[sample], None) if sample in items else None
    pair = run.comparisons.get(sample)
    return None if pair is None else unit_of(pair.item, pair.other)
