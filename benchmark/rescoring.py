"""Every number of finished runs again, from their rows and nothing else."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lifealign_bench.benchmark.columns import read_table, write_table
from lifealign_bench.benchmark.compact.opening import refuse_compact
from lifealign_bench.benchmark.judge_records import CoverageRecord
from lifealign_bench.benchmark.judge_scoring import coverage_of
from lifealign_bench.benchmark.measuring import measures_of, references_from
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.benchmark.schema import MeasureRecord, RunRecord, write_run
from lifealign_bench.benchmark.scoring import score_cells
from lifealign_bench.benchmark.texts import read_references

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Rescored:
    """One run: how many numbers were computed again, and a line for each that differs from what is written."""

    folder: Path
    cells: int
    measures: int
    differences: list[str]


@dataclass(frozen=True, slots=True)
class FreshScores:
    """What a run's rows give: the `cells` table, and by dimension how many answers have a verdict."""

    cells: pd.DataFrame
    coverage: dict[str, CoverageRecord]


Measures = Mapping[str, Mapping[str, MeasureRecord]]


def rescore(places: Sequence[Path], *, write: bool) -> list[Rescored]:
    """Score runs again; STL and MTL are taken from runs of the same suite folder and seed.

    Raises:
        InputError: a run or one of its tables cannot be read, or is to be written and was compact.
    """
    records = {run.folder: run.record for run in find_runs(places)}
    scored = {folder: fresh_scores(folder, record) for folder, record in records.items()}
    found = []
    for folder, record in records.items():
        peers: dict[str, pd.DataFrame] = {
            other.method.spec.schedule: scored[place].cells
            for place, other in records.items()
            if place.parent == folder.parent and other.identity.seed == record.identity.seed
        }
        found.append(_compare(folder, record, scored[folder], peers, write=write))
    return found


def fresh_scores(folder: Path, record: RunRecord) -> FreshScores:
    """Cells and coverage of a run, from its rows."""
    pairs, samples, judgments = (read_table(folder, name) for name in ("pairs", "samples", "judgments"))
    return scores_of(record, pairs, samples, judgments, read_references(folder.parent))


def scores_of(
    record: RunRecord,
    pairs: pd.DataFrame,
    samples: pd.DataFrame,
    judgments: pd.DataFrame,
    references: Mapping[str, str] | None,
) -> FreshScores:
    """Cells and coverage of a run, from these rows in place of its own."""
    tasks, schedule = record.order.tasks, record.method.spec.schedule
    trained = {} if schedule == "joint" else dict(enumerate(tasks, 1))
    return FreshScores(score_cells(pairs, samples, judgments, references, trained), coverage_of(judgments, samples))


def _compare(
    folder: Path, record: RunRecord, scores: FreshScores, peers: Mapping[str, pd.DataFrame], *, write: bool
) -> Rescored:
    references = references_from(peers.get("isolated"), peers.get("joint"))
    metrics = measures_of(scores.cells, record.order.tasks, record.method.spec.schedule, references)
    written = read_table(folder, "cells").set_index(["step", "task", "metric"])["value"]
    fresh = scores.cells.set_index(["step", "task", "metric"])["value"]
    differences = _different_cells(written, fresh) + _different_coverage(record.coverage, scores.coverage)
    differences += _different_measures(record.metrics, metrics)
    if write and differences:
        refuse_compact(folder, "write numbers")
        path = write_table(folder, "cells", scores.cells)
        artefacts = {**record.artefacts, path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
        changes = {"metrics": metrics, "coverage": scores.coverage, "artefacts": artefacts}
        write_run(folder, record.model_copy(update=changes))
    return Rescored(folder, len(fresh), sum(len(by_name) for by_name in metrics.values()), differences)


def _different_cells(written: pd.Series, fresh: pd.Series) -> list[str]:
    more = [f"cell {key}: written, but the rows give no such cell" for key in written.index.difference(fresh.index)]
    missing = object()
    return more + [
        f"cell {key}: written {'nothing' if before is missing else before}, rows give {value}"
        for key, value in fresh.items()
        if (before := written.get(key, missing)) is missing or not _same(before, value)
    ]


def _different_coverage(written: Mapping[str, CoverageRecord], fresh: Mapping[str, CoverageRecord]) -> list[str]:
    return [
        f"coverage of {name}: written {_shown(written.get(name))}, rows give {_shown(fresh.get(name))}"
        for name in sorted({*written, *fresh})
        if written.get(name) != fresh.get(name)
    ]


def _shown(coverage: CoverageRecord | None) -> str:
    return "nothing" if coverage is None else f"{coverage.scored} of {coverage.expected}, {coverage.unscored}"


def _different_measures(written: Measures, fresh: Measures) -> list[str]:
    found = [f"{metric}: written, but the rows give no such metric" for metric in written if metric not in fresh]
    for metric, by_name in fresh.items():
        for name, measure in by_name.items():
            before = written.get(metric, {}).get(name)
            if before is None:
                found.append(f"{metric} {name}: written nothing, rows give {measure.value}")
            elif not _same(before.value, measure.value):
                found.append(f"{metric} {name}: written {before.value}, rows give {measure.value}")
    return found


def _same(one: float | None, two: float | None) -> bool:
    first, second = (math.nan if value is None else float(value) for value in (one, two))
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return math.isclose(first, second, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
