"""From a store to result folders: what was computed, scored, and written for people and machines."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from lifealign_bench import __version__
from lifealign_bench.benchmark.bases import BaseIdentity, base_identity
from lifealign_bench.benchmark.capability.planning import Extra
from lifealign_bench.benchmark.columns import Table, write_table
from lifealign_bench.benchmark.cost import machine
from lifealign_bench.benchmark.durable import explained
from lifealign_bench.benchmark.engine import Outcome
from lifealign_bench.benchmark.extra_rows import extra_tables
from lifealign_bench.benchmark.judge_records import CoverageRecord
from lifealign_bench.benchmark.judge_scoring import coverage_of
from lifealign_bench.benchmark.measuring import measures_of, references_from
from lifealign_bench.benchmark.plan import Plan, Run
from lifealign_bench.benchmark.rows_of_run import Gatherer, RunRows, judges_of_run
from lifealign_bench.benchmark.schema import (
    DataRecord,
    Identity,
    MethodRecord,
    ModelRecord,
    NodeCost,
    OrderRecord,
    Provenance,
    RunRecord,
    SpecRecord,
    StageRecord,
    SuiteRecord,
    comparability_key,
    read_run,
    write_provenance,
    write_run,
)
from lifealign_bench.benchmark.scoring import score_cells
from lifealign_bench.benchmark.stages import Stage
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite_identity import generation_of, suite_hash
from lifealign_bench.benchmark.texts import write_texts
from lifealign_bench.benchmark.variant_records import condition_record
from lifealign_bench.benchmark.world import LoadedWorld
from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.identity import method_identity


@dataclass(frozen=True)
class Materials:
    """What all runs of a suite share when their folders are written."""

    plan: Plan
    world: LoadedWorld
    store: Store
    identity: BaseIdentity
    machine: Mapping[str, Any]
    extras: Mapping[str, Sequence[Extra]]


def materialise(plan: Plan, world: LoadedWorld, store: Store, outcome: Outcome, root: Path) -> list[Path]:
    """Write `root/<suite>/<run>/` for every run whose nodes are all finished; returns the folders.

    A folder that already holds this very run is left alone; another one is replaced as a whole.
    """
    finished = [run for run in plan.runs if outcome.finished(run.nodes)]
    folder = root / plan.folder
    extras = {run.name: [extra for extra in run.extras if outcome.finished([extra.node])] for run in finished}
    names = _with_peers(finished, extras)
    stale = [run for run in finished if not _is_current(folder / run.name, names[run.name])]
    if stale:
        with explained(root):
            identity = base_identity(world.folder_of_base(store), store.root)
            _write_all(folder, finished, stale, names, Materials(plan, world, store, identity, machine(), extras))
    return [folder / run.name for run in finished]


def _write_all(
    folder: Path,
    finished: Sequence[Run],
    stale: Sequence[Run],
    names: Mapping[str, dict[str, str]],
    materials: Materials,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    gatherer = Gatherer(materials.world, materials.store)
    write_texts(folder, materials.world.stream)
    rows = {run.name: gatherer.rows(run) for run in finished}
    cells = {run.name: _cells(run, rows[run.name], gatherer) for run in finished}
    for run in stale:
        peers: dict[str, pd.DataFrame] = {
            other.method.spec.schedule: cells[other.name] for other in finished if other.seed == run.seed
        }
        beside = extra_tables(run, materials.extras[run.name], gatherer)
        _write(folder / run.name, run, rows[run.name], cells[run.name], beside, peers, names[run.name], materials)


def _with_peers(runs: Sequence[Run], extras: Mapping[str, Sequence[Extra]]) -> dict[str, dict[str, str]]:
    """Keys of the nodes behind each run's numbers by label: its own, and those of the STL and MTL beside it."""
    found = {}
    for run in runs:
        peers = [other for other in runs if other.seed == run.seed and other.method.spec.schedule != "sequential"]
        nodes = [node for part in (run, *peers) for node in part.nodes] + [extra.node for extra in extras[run.name]]
        found[run.name] = {node.label: node.key for node in nodes}
    return found


def _is_current(folder: Path, keys: Mapping[str, str]) -> bool:
    if not (folder / "run.json").is_file():
        return False
    try:
        record = read_run(folder)
    except InputError:
        return False
    return record.node_keys == dict(keys) and record.package_version == __version__


def _cells(run: Run, rows: RunRows, gatherer: Gatherer) -> pd.DataFrame:
    trained = {stage.step: stage.task for stage in run.stages}
    return score_cells(rows.pairs, rows.samples, rows.judgments, gatherer.references(), trained)


def _write(
    target: Path,
    run: Run,
    rows: RunRows,
    cells: pd.DataFrame,
    beside: Mapping[Table, pd.DataFrame],
    peers: Mapping[str, pd.DataFrame],
    keys: Mapping[str, str],
    materials: Materials,
) -> None:
    scratch = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}")
    scratch.mkdir()
    try:
        tables: dict[Table, pd.DataFrame] = {
            "cells": cells,
            "pairs": rows.pairs,
            "samples": rows.samples,
            "judgments": rows.judgments,
            "losses": rows.losses,
            **beside,
        }
        for name, frame in tables.items():
            write_table(scratch, name, frame)
        artefacts = {path.name: _sha256(path) for path in sorted(scratch.iterdir())}
        references = references_from(peers.get("isolated"), peers.get("joint"))
        metrics = measures_of(cells, run.order.tasks, run.method.spec.schedule, references)
        coverage = coverage_of(rows.judgments, rows.samples)
        write_run(scratch, _record(run, metrics, coverage, keys, artefacts, materials))
        write_provenance(scratch, _provenance(run, materials))
        _replace(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _replace(scratch: Path, target: Path) -> None:
    """Put a new folder in an old one's place; a reader meets the old or the new one, or for an instant none."""
    if target.exists():
        old = target.with_name(f".{target.name}.old.{secrets.token_hex(4)}")
        target.rename(old)
        scratch.rename(target)
        shutil.rmtree(old)
        return
    try:
        scratch.rename(target)
    except OSError:
        # Another process on the same workspace wrote the same run first.
        if not target.is_dir():
            raise


def _record(
    run: Run,
    metrics: Any,
    coverage: dict[str, CoverageRecord],
    keys: Mapping[str, str],
    artefacts: dict[str, str],
    materials: Materials,
) -> RunRecord:
    suite, world, identity = materials.plan.suite, materials.world, materials.identity
    own = method_identity(run.method)
    generation = generation_of(suite)
    judges = judges_of_run(run, materials.store)
    data = {
        task: DataRecord(
            train_sha256=world.train_fingerprint(task), evaluation_sha256=world.evaluation_fingerprint(task)
        )
        for task in run.order.tasks
    }
    return RunRecord(
        package_version=__version__,
        identity=Identity(method=run.entry.title, order=run.order.name, seed=run.seed),
        suite=SuiteRecord(name=suite.name, sha256=suite_hash(suite, identity), protocol=suite.protocol),
        method=MethodRecord(
            name=run.method.spec.name,
            version=run.method.spec.version,
            source_sha256=str(own["source"]),
            config=own["config"],  # type: ignore[arg-type]
            spec=SpecRecord.from_spec(run.method.spec),
        ),
        model=ModelRecord(
            source=suite.base.source,
            revision=suite.base.revision,
            dtype=suite.base.dtype,
            n_parameters=identity.n_parameters,
            weights_sha256=identity.weights_sha256,
            config_sha256=identity.config_sha256,
            tokenizer_sha256=identity.tokenizer_sha256,
            chat_template_sha256=identity.chat_template_sha256,
        ),
        order=OrderRecord(name=run.order.name, tasks=run.order.tasks),
        data=data,
        budget=suite.budget.model_dump(mode="json"),
        reference_policy=suite.budget.reference,
        generation=generation,
        judges=judges,
        coverage=coverage,
        primary_metric=suite.primary_metric,
        metrics=metrics,
        stages=tuple(_stage(stage, materials.store) for stage in run.stages),
        condition=condition_record(suite.condition, suite.data_seed, world.applied),
        varied=dict(materials.plan.varied),
        comparability_key=comparability_key(suite.protocol, data, generation, judges),
        division=suite.division,
        tuning_origin=suite.tuning_origin,
        node_keys=dict(keys),
        artefacts=artefacts,
    )


def _stage(stage: Stage, store: Store) -> StageRecord:
    trained = store.read_json(stage.train.key, "stage.json")
    kept = stage.memory or stage.train
    remembered = store.read_json(kept.key, "stage.json") if stage.memory else {}
    return StageRecord(
        step=stage.step,
        task=stage.task,
        trainable_parameters=trained["trainable_parameters"],
        policy_bytes=_bytes_below(store.path(stage.train.key) / "policy"),
        memory_bytes=_bytes_below(store.path(kept.key) / "memory"),
        steps_on=trained["example_passes"],
        with_gradient=trained["with_gradient"] + remembered.get("with_gradient", 0),
        without_gradient=trained["without_gradient"] + remembered.get("without_gradient", 0),
    )


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _provenance(run: Run, materials: Materials) -> Provenance:
    around = dict(materials.machine)
    now = datetime.now(UTC)
    costs, begun = {}, []
    nodes = [*run.nodes, *(extra.node for extra in materials.extras[run.name])]
    for node in {node.key: node for node in nodes}.values():
        kept = materials.store.read_provenance(node.key)
        if "cost" in kept:
            costs[node.key] = NodeCost(label=node.label, kind=node.kind, **kept["cost"])
            begun.append(kept.get("started", now.isoformat()))
    return Provenance(
        machine={name: around[name] for name in ("platform", "processor", "cores", "memory_bytes", "python")},
        versions=around["libraries"],
        started=min(begun, default=now.isoformat()),
        finished=now.isoformat(),
        nodes=costs,
        git_commit=around["git_commit"],
        git_dirty=around["git_dirty"],
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
