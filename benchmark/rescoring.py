"""Every number of finished runs again, from their rows and nothing else."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lifealign_bench.benchmark.columns import read_table, write_table
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.benchmark.schema import RunRecord, write_run
from lifealign_bench.benchmark.scoring import measures_of, references_from, score_cells
from lifealign_bench.benchmark.texts import read_references

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Rescored:
    """One run: how many numbers were computed again, and a line for each that differs from what is written."""

    folder: Path
    cells: int
    measures: int
    differences: list[str]


def rescore(places: Sequence[Path], *, write: bool) -> list[Rescored]:
    """Score runs again; STL and MTL are taken from runs of the same suite folder and seed.

    Raises:
        InputError: a run or one of its tables cannot be read.
    """
    records = {run.folder: run.record for run in find_runs(places)}
    cells = {folder: _cells(folder, record) for folder, record in records.items()}
    found = []
    for folder, record in records.items():
        peers: dict[str, pd.DataFrame] = {
            other.method.spec.schedule: cells[place]
            for place, other in records.items()
            if place.parent == folder.parent and other.identity.seed == record.identity.seed
        }
        found.append(_compare(folder, record, cells[folder], peers, write=write))
    return found


def _cells(folder: Path, record: RunRecord) -> pd.DataFrame:
    pairs, samples, judgments = (read_table(folder, name) for name in ("pairs", "samples", "judgments"))
    tasks, schedule = record.order.tasks, record.method.spec.schedule
    trained = {} if schedule == "joint" else dict(enumerate(tasks, 1))
    return score_cells(pairs, samples, judgments, read_references(folder.parent), trained)


def _compare(
    folder: Path, record: RunRecord, cells: pd.DataFrame, peers: Mapping[str, pd.DataFrame], *, write: bool
) -> Rescored:
    references = references_from(peers.get("isolated"), peers.get("joint"))
    metrics = measures_of(cells, record.order.tasks, record.method.spec.schedule, references)
    written = read_table(folder, "cells").set_index(["step", "task", "metric"])["value"]
    fresh = cells.set_index(["step", "task", "metric"])["value"]
    differences = [
        f"cell {key}: written {written.get(key)}, rows give {value}"
        for key, value in fresh.items()
        if not _same(written.get(key, math.nan), value)
    ]
    measures = 0
    for metric, by_name in metrics.items():
        for name, measure in by_name.items():
            measures += 1
            before = record.metrics.get(metric, {}).get(name)
            shown = None if before is None else before.value
            if not _same(shown, measure.value):
                differences.append(f"{metric} {name}: written {shown}, rows give {measure.value}")
    if write and differences:
        path = write_table(folder, "cells", cells)
        artefacts = {**record.artefacts, path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
        write_run(folder, record.model_copy(update={"metrics": metrics, "artefacts": artefacts}))
    return Rescored(folder, len(fresh), measures, differences)


def _same(one: float | None, two: float | None) -> bool:
    first, second = (math.nan if value is None else float(value) for value in (one, two))
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return math.isclose(first, second, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
