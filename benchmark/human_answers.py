"""Answers of runs as people may be shown them, and the runs judged by what people said. Free of torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.comparing import BASE, with_comparisons
from lifealign_bench.benchmark.judged_answers import JudgedBy, JudgedRun, answers_of
from lifealign_bench.benchmark.judged_results import write_judged
from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest
from lifealign_bench.judges.human.judging import HumanJudge
from lifealign_bench.judges.human.sampling import Candidate, Stratum
from lifealign_bench.judges.human.study import unit_of
from lifealign_bench.judges.interface import DIMENSIONS, Dimension


def judged_runs(runs: Sequence[StoredRun], against: str | None) -> list[JudgedRun]:
    """The runs with their answers, compared with `against` where that is given; raises as `with_comparisons`."""
    found = answers_of(runs)
    return found if against is None else with_comparisons(found, against)


def sources_of(runs: Sequence[StoredRun]) -> str:
    """A digest of the runs that a study is drawn from: who they are and what they answered, not how they are judged."""
    known = [[run.record.identity.model_dump(mode="json"), run.record.artefacts.get("samples.parquet")] for run in runs]
    return digest(sorted(known, key=str))


def candidates_of(runs: Sequence[JudgedRun], against: str | None, dimensions: Sequence[Dimension]) -> list[Candidate]:
    """Every answer (or comparison) that may be drawn: where the runs were judged, those that a judge scored in all of
    these dimensions that are asked of them.

    Raises:
        InputError: there is none.
    """
    wanted = frozenset(dimensions)
    found = []
    for run in runs:
        scored = _scored(run)
        method = run.run.record.identity.method
        for sample, candidate in _of_run(run, method, against):
            own = scored.get(sample, frozenset()) if scored else frozenset(DIMENSIONS)
            asked = wanted if candidate.item.harm is not None else wanted - {"refusal"}
            if asked <= own:
                found.append(Candidate(candidate.item, candidate.stratum, own, candidate.other))
    if not found:
        expected = "answers that a judge scored in these dimensions, or runs that nobody judged"
        raise InputError("RUNS", ", ".join(dimensions), "no such answer", expected)
    return found


def _of_run(run: JudgedRun, method: str, against: str | None) -> Iterator[tuple[str, Candidate]]:
    places = zip(run.samples["sample_id"], run.samples["step"], run.items, strict=True)
    for sample, step, item in places:
        # Row 0 is the same untouched base, whoever the run belongs to.
        stratum = Stratum(item.task, int(step), method if step else BASE)
        if against is None:
            yield str(sample), Candidate(item, stratum, frozenset())
        elif (pair := run.comparisons.get(str(sample))) is not None and pair.other != item.answer:
            yield str(sample), Candidate(item, stratum, frozenset(), pair.other)


def _scored(run: JudgedRun) -> dict[str, frozenset[Dimension]]:
    """By sample, the dimensions in which a judge scored it; empty where the run was not judged."""
    if not run.run.record.judges:
        return {}
    rows = read_table(run.run.folder, "judgments")
    rows = rows[rows["against"].isna() & (rows["status"] == "scored")]
    return {str(sample): frozenset(own) for sample, own in rows.groupby("sample_id")["dimension"]}


def write_human_runs(runs: Sequence[JudgedRun], judges: Sequence[HumanJudge], out: Path) -> list[Path]:
    """Write the runs as people judged them, each rater a judge of their own; runs without a rated answer are left out.

    Raises:
        InputError: nothing was rated, or as `write_judged`.
    """
    rated = {unit for judge in judges for unit in judge.units}
    kept = [run for run in runs if rated & _units(run)]
    if not kept:
        raise InputError(out, "ratings", "none of the answers of these runs", "the runs that the study was drawn from")
    return write_judged(kept, [_by(judge, kept) for judge in judges], out)


def _units(run: JudgedRun) -> set[str]:
    compared = {unit_of(pair.item, pair.other) for pair in run.comparisons.values()}
    return compared | {unit_of(item, None) for item in run.items}


def _by(judge: HumanJudge, runs: Sequence[JudgedRun]) -> JudgedBy:
    items = {item: judge.said_of(item) for run in runs for item in run.items}
    pairs = {pair: judge.said_of_pair(pair) for run in runs for pair in run.comparisons.values()}
    return JudgedBy(judge, items, pairs)
