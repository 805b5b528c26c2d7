"""The record of a run: what `run.json` and `provenance.json` may hold. Free of torch; readers and writers share it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self, TypeVar

from pydantic import Field, JsonValue, ValidationError, model_validator

from lifealign_bench.benchmark.judge_records import CoverageRecord, JudgeRecord, JudgeUsage, check_panel
from lifealign_bench.benchmark.metrics import Measure
from lifealign_bench.benchmark.strict_json import write_json
from lifealign_bench.benchmark.strict_reading import read_json, shown_input
from lifealign_bench.benchmark.strict_record import LARGEST, Count, Name, Record, Seed, Sha256
from lifealign_bench.benchmark.variant_records import ConditionRecord
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest

if TYPE_CHECKING:
    from lifealign_bench.methods.base import MethodSpec

SCHEMA_VERSION: Final = 3
"""Raised whenever a field of the records or a column of the tables changes; see docs/versions.md."""

RUN_FILE = "run.json"
PROVENANCE_FILE = "provenance.json"

Division = Literal["closed", "open"]
Trust = Literal["self-reported", "recomputed", "reproduced"]
Kind = TypeVar("Kind", bound="Record")


class Identity(Record):
    """What a run is called: method (its title in the suite), order, seed."""

    method: Name
    order: Name
    seed: Seed


class SuiteRecord(Record):
    """The suite: its name, the hash of its content, the protocol version."""

    name: Name
    sha256: Sha256
    protocol: int = Field(ge=1, le=LARGEST)


class SpecRecord(Record):
    """What a method declares about itself (see `methods.base.MethodSpec`)."""

    title: str
    paper: str
    fidelity: Literal["faithful", "adapted", "as released"]
    schedule: Literal["sequential", "isolated", "joint"]
    keeps: tuple[str, ...]
    needs_task_identity: bool
    grows: bool = False
    first_task_plain: bool
    distribution: tuple[str, ...]
    api: int = Field(ge=1, le=LARGEST)

    @classmethod
    def from_spec(cls, spec: MethodSpec) -> SpecRecord:
        """The record of a method's specification; sets become sorted lists."""
        return cls(
            title=spec.title,
            paper=spec.paper,
            fidelity=spec.fidelity,
            schedule=spec.schedule,
            keeps=tuple(sorted(spec.keeps)),
            needs_task_identity=spec.needs_task_identity,
            grows=spec.grows,
            first_task_plain=spec.first_task_plain,
            distribution=tuple(sorted(spec.distribution)),
            api=spec.api,
        )


class MethodRecord(Record):
    """The method: registered name, version, hash of its source, its whole configuration, its specification."""

    name: Name
    version: Name
    source_sha256: Sha256
    config: dict[str, JsonValue]
    spec: SpecRecord


class ModelRecord(Record):
    """The base model, identified by content."""

    source: Name
    revision: str | None
    dtype: Name
    n_parameters: int = Field(ge=1, le=LARGEST)
    weights_sha256: Sha256
    config_sha256: Sha256
    tokenizer_sha256: Sha256
    chat_template_sha256: Sha256


class OrderRecord(Record):
    """The order of the tasks."""

    name: Name
    tasks: tuple[Name, ...] = Field(min_length=1)


class DataRecord(Record):
    """The rows of one task: hashes of what was learned from and of what was evaluated."""

    train_sha256: Sha256
    evaluation_sha256: Sha256


class MeasureRecord(Record):
    """A number, or null and the reason why there is none.

    standard_error: of the value, in its unit; null where it is not known. interval: lower and upper end at 95 %.
    n: how many evaluated rows are behind it.
    """

    value: float | None
    reason: str | None
    standard_error: float | None = Field(default=None, ge=0)
    interval: tuple[float, float] | None = None
    n: Count

    @model_validator(mode="after")
    def _value_or_reason(self) -> Self:
        if (self.value is None) == (self.reason is None):
            raise ValueError("either a value or a reason why there is none")
        if self.value is None and (self.standard_error is not None or self.interval is not None):
            raise ValueError("no standard error and no interval without a value")
        if self.interval is not None and self.interval[0] > self.interval[1]:
            raise ValueError("an interval begins with its lower end")
        return self

    @classmethod
    def from_measure(cls, measure: Measure, n: int, standard_error: float | None = None) -> MeasureRecord:
        """The record of a measure; a null one has no standard error."""
        error = standard_error if measure.value is not None else None
        return cls(value=measure.value, reason=measure.reason, standard_error=error, n=n)


class StageRecord(Record):
    """What one stage learned with and left, all of it determined.

    trainable_parameters: numbers that learn. policy_bytes: the saved policy; memory_bytes: what the method keeps beside
    it. steps_on: pairs that optimiser steps were taken on; with_gradient, without_gradient: pairs that went through the
    model so, what is remembered afterwards among them.
    """

    step: int = Field(ge=1, le=LARGEST)
    task: Name | None
    trainable_parameters: Count
    policy_bytes: Count
    memory_bytes: Count
    steps_on: Count
    with_gradient: Count
    without_gradient: Count


class RunRecord(Record):
    """`run.json`: all that is determined about a run, and nothing else.

    data: by task. judges: one, or an odd number whose verdicts on an answer collapse by their median; of people any
    number. coverage: by dimension. metrics: by metric (`preference_accuracy`), then by measure (`bwt`, see
    `benchmark.metrics`). node_keys: the store's key of each node by its label. artefacts: SHA-256 of each other file of
    the folder that is determined, by name. condition: how the tasks' data differ from what they hold; varied: fields of
    the suite that a command changed. Neither is written where there is nothing to say.
    """

    schema_version: Literal[3] = SCHEMA_VERSION
    package_version: Name
    identity: Identity
    suite: SuiteRecord
    method: MethodRecord
    model: ModelRecord
    order: OrderRecord
    data: dict[Name, DataRecord]
    budget: dict[str, JsonValue]
    reference_policy: Literal["base", "previous"]
    generation: dict[str, JsonValue]
    judges: tuple[JudgeRecord, ...] = ()
    coverage: dict[Name, CoverageRecord] = Field(default_factory=dict)
    primary_metric: Name
    metrics: dict[Name, dict[Name, MeasureRecord]]
    stages: tuple[StageRecord, ...] = ()
    condition: ConditionRecord | None = None
    varied: dict[Name, JsonValue] = Field(default_factory=dict)
    comparability_key: Sha256
    division: Division
    trust: Trust = "self-reported"
    tuning_origin: Name
    node_keys: dict[str, Sha256]
    artefacts: dict[Name, Sha256]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.order.tasks)) != len(self.order.tasks):
            raise ValueError("order.tasks names a task twice")
        if self.identity.order != self.order.name:
            raise ValueError(f"identity.order {self.identity.order!r} is not order.name {self.order.name!r}")
        if set(self.data) != set(self.order.tasks):
            raise ValueError("data has other tasks than order.tasks")
        check_panel([judge.name for judge in self.judges])
        return self

    def recomputed_comparability_key(self) -> str:
        """The comparability key that this record's own fields give."""
        return comparability_key(self.suite.protocol, self.data, self.generation, self.judges)


class NodeCost(Record):
    """What one node cost when it was computed; `seconds` are wall and CPU, memory is the largest resident set."""

    label: str
    kind: Name
    wall_s: float = Field(ge=0)
    cpu_s: float = Field(ge=0)
    peak_memory_bytes: Count
    example_passes: Count
    tokens: Count


class Provenance(Record):
    """`provenance.json`: what is not determined, and so is not hashed. started, finished: ISO 8601, UTC.

    nodes: what each node cost, by its key; a node that another run computed has its cost from then. judging: what each
    judge's verdicts on this run took, by its name.
    """

    schema_version: Literal[3] = SCHEMA_VERSION
    machine: dict[str, JsonValue]
    versions: dict[str, str | None]
    started: str
    finished: str
    nodes: dict[Sha256, NodeCost]
    judging: dict[Name, JudgeUsage] = Field(default_factory=dict)
    git_commit: str | None
    git_dirty: bool | None


def comparability_key(
    protocol: int, data: dict[str, DataRecord], generation: dict[str, JsonValue], judges: tuple[JudgeRecord, ...]
) -> str:
    """SHA-256 over what two runs must share to stand in one ranking: protocol, rows, generation settings, judges."""
    rows = {task: record.model_dump(mode="json") for task, record in data.items()}
    asked = sorted((judge.model_dump(mode="json") for judge in judges), key=digest)
    return digest({"protocol": protocol, "data": rows, "generation": generation, "judges": asked})


def write_run(folder: Path, record: RunRecord) -> None:
    """Write `run.json` whole or not at all; the same record gives the same bytes."""
    unsaid = {name for name in ("condition", "varied") if not getattr(record, name)}
    write_json(folder / RUN_FILE, record.model_dump(mode="json", exclude=unsaid))


def write_provenance(folder: Path, record: Provenance) -> None:
    """Write `provenance.json` whole or not at all."""
    write_json(folder / PROVENANCE_FILE, record.model_dump(mode="json"))


def read_run(folder: Path) -> RunRecord:
    """The record of a run's folder.

    Raises:
        InputError: no `run.json`, no strict JSON, another schema version, or a field that does not fit; names it.
    """
    return _read(folder / RUN_FILE, RunRecord)


def read_provenance(folder: Path) -> Provenance:
    """The provenance of a run's folder; raises as `read_run`."""
    return _read(folder / PROVENANCE_FILE, Provenance)


def _read(path: Path, kind: type[Kind]) -> Kind:
    text, value = read_json(path)
    if not isinstance(value, dict):
        raise InputError(path, "document", type(value).__name__, "an object")
    found = value.get("schema_version")
    if found != SCHEMA_VERSION or isinstance(found, bool):
        shown = "none" if found is None else repr(found)[:40]
        older = "`lifealign score --upgrade` carries 2 over, the version of this package that wrote it reads any other"
        raise InputError(path, "schema_version", shown, f"{SCHEMA_VERSION}; {older}")
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "document"
        raise InputError(path, place[:200], shown_input(first["type"], first["input"]), first["msg"]) from None
