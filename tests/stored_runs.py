"""Runs on disk for tests of what reads them: a valid record, and a folder with its cells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lifealign_bench.benchmark.columns import write_table
from lifealign_bench.benchmark.matrix import Matrix, Schedule
from lifealign_bench.benchmark.metrics import measure_all
from lifealign_bench.benchmark.schema import (
    DataRecord,
    Identity,
    MeasureRecord,
    MethodRecord,
    ModelRecord,
    OrderRecord,
    RunRecord,
    SpecRecord,
    SuiteRecord,
    comparability_key,
    write_run,
)

HASH = "ab" * 32
TASKS = ("a", "b", "c")
ROWS = ((10.0, 20.0, 30.0), (50.0, 26.0, 28.0), (60.0, 70.0, 34.0), (40.0, 75.0, 90.0))
SPEC = SpecRecord(
    title="Sequential fine-tuning",
    paper="",
    fidelity="faithful",
    schedule="sequential",
    keeps=("examples",),
    needs_task_identity=False,
    first_task_plain=True,
    distribution=(),
    api=1,
)


def make_matrix(rows: tuple[tuple[float | None, ...], ...] = ROWS, schedule: Schedule = "sequential") -> Matrix:
    return Matrix(TASKS, rows, schedule=schedule)


def make_record(
    method: str = "seqft", order: str = "order1", seed: int = 0, matrix: Matrix | None = None, **changes: Any
) -> RunRecord:
    """A valid record whose metrics are those of `matrix`; `changes` replace fields."""
    shown = matrix or make_matrix()
    data = {task: DataRecord(train_sha256=HASH, evaluation_sha256=HASH) for task in shown.tasks}
    measures = {name: MeasureRecord.from_measure(measure, n=60) for name, measure in measure_all(shown).items()}
    generation = {"max_new_tokens": 48}
    values: dict[str, Any] = {
        "package_version": "0.1.0",
        "identity": Identity(method=method, order=order, seed=seed),
        "suite": SuiteRecord(name="tiny", sha256=HASH, protocol=1),
        "method": MethodRecord(
            name=method,
            version="1",
            source_sha256=HASH,
            config={"cap": 3000},
            spec=SPEC.model_copy(update={"schedule": shown.schedule}),
        ),
        "model": ModelRecord(
            source="build:small",
            revision=None,
            dtype="float32",
            n_parameters=1000,
            weights_sha256=HASH,
            config_sha256=HASH,
            tokenizer_sha256=HASH,
            chat_template_sha256=HASH,
        ),
        "order": OrderRecord(name=order, tasks=shown.tasks),
        "data": data,
        "budget": {"batch_size": 16},
        "reference_policy": "base",
        "generation": generation,
        "primary_metric": "preference_accuracy",
        "metrics": {"preference_accuracy": measures},
        "comparability_key": comparability_key(1, data, generation, ()),
        "division": "open",
        "tuning_origin": "defaults",
        "node_keys": {"train a": HASH},
        "artefacts": {"cells.parquet": HASH},
    }
    return RunRecord(**{**values, **changes})


def cells_frame(matrix: Matrix, metric: str = "preference_accuracy") -> pd.DataFrame:
    """The `cells` rows of a matrix."""
    rows: list[Mapping[str, object]] = [
        {
            "step": step,
            "trained_task": matrix.tasks[step - 1] if step else None,
            "task": task,
            "metric": metric,
            "value": value,
            "reason": None if value is not None else "not evaluated",
            "n": 20,
            "standard_error": None if value is None else 1.5,
            "n_unscored": 0,
        }
        for step, row in enumerate(matrix.rows)
        for task, value in zip(matrix.tasks, row, strict=True)
    ]
    return pd.DataFrame(rows)


def store_run(
    results: Path,
    method: str = "seqft",
    order: str = "order1",
    seed: int = 0,
    matrix: Matrix | None = None,
    **changes: Any,
) -> Path:
    """Write a run's folder below `results` and return it."""
    folder = results / f"{method}--{order}--s{seed}"
    folder.mkdir(parents=True)
    write_run(folder, make_record(method, order, seed, matrix, **changes))
    write_table(folder, "cells", cells_frame(matrix or make_matrix()))
    return folder
