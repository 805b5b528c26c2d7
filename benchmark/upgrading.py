"""Carrying runs of the result schema before this one over: renamed and rearranged, no number computed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from lifealign_bench.benchmark.columns import write_table
from lifealign_bench.benchmark.schema import PROVENANCE_FILE, RUN_FILE, SCHEMA_VERSION, RunRecord, read_run, write_run
from lifealign_bench.benchmark.strict_json import write_json
from lifealign_bench.benchmark.strict_reading import read_json
from lifealign_bench.benchmark.texts import FILE as TEXTS
from lifealign_bench.data.errors import InputError

BEFORE = SCHEMA_VERSION - 1


def upgrade(places: Sequence[Path]) -> list[Path]:
    """Rewrite every run of the schema before this one below these folders; returns the folders that were rewritten.

    From 2 to 3: a judge's record names its templates, a judgment its own; samples get harm label and category, from the
    suite's texts. What has to be computed, coverage and the new cells, comes from `lifealign score --write`.

    Raises:
        InputError: a run that cannot be read.
    """
    found = [path.parent for place in places for path in sorted(place.rglob(RUN_FILE))]
    if not found:
        raise InputError(places[0], "results", "no run.json", "a folder of runs")
    return [folder for folder in found if _upgrade(folder)]


def _upgrade(folder: Path) -> bool:
    values = _document(folder / RUN_FILE)
    if values.get("schema_version") != BEFORE:
        read_run(folder)
        return False
    judges = [_judge(judge) for judge in values["judges"]]
    labels = {judge["name"]: next(iter(judge["templates"])) for judge in judges}
    artefacts = dict(values["artefacts"])
    for path in (_samples(folder), _judgments(folder, labels)):
        artefacts[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    provenance = folder / PROVENANCE_FILE
    if provenance.is_file():
        write_json(provenance, {**_document(provenance), "schema_version": SCHEMA_VERSION, "judging": {}})
    # The record comes last: a run that was stopped half-way is found again.
    changes = {"schema_version": SCHEMA_VERSION, "judges": judges, "coverage": {}, "artefacts": artefacts}
    write_json(folder / RUN_FILE, {**values, **changes})
    record: RunRecord = read_run(folder)
    write_run(folder, record.model_copy(update={"comparability_key": record.recomputed_comparability_key()}))
    return True


def _document(path: Path) -> Mapping[str, Any]:
    value = read_json(path)[1]
    if not isinstance(value, dict):
        raise InputError(path, "document", type(value).__name__, "an object")
    return value


def _judge(judge: Mapping[str, Any]) -> dict[str, Any]:
    label = f"{judge['template']}@{judge['template_version']}"
    return {**judge, "revision": None, "templates": {label: judge["template_sha256"]}}


def _samples(folder: Path) -> Path:
    frame = pq.read_table(folder / "samples.parquet", partitioning=None).to_pandas()
    texts = folder.parent / TEXTS
    known = pd.read_parquet(texts, columns=["pair_id", "harm", "category"]) if texts.is_file() else None
    for name in ("harm", "category"):
        said = {} if known is None else dict(zip(known["pair_id"], known[name], strict=True))
        labels = [said.get(pair_id) for pair_id in frame["pair_id"]]
        frame[name] = pd.Series([None if pd.isna(label) else label for label in labels], dtype=object)
    return write_table(folder, "samples", frame)


def _judgments(folder: Path, labels: Mapping[str, str]) -> Path:
    frame = pq.read_table(folder / "judgments.parquet", partitioning=None).to_pandas()
    frame["template"] = [labels[judge] for judge in frame["judge"]]
    frame["against"] = pd.Series([None] * len(frame), dtype=object)
    return write_table(folder, "judgments", frame)
