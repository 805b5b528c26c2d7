"""Suite files: tasks, base, budget, evaluation, orders and seeds in one validated YAML file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from lifealign_bench.benchmark.strict_record import TuningOrigin
from lifealign_bench.benchmark.suite_parts import (
    Answers,
    BaseEntry,
    Capability,
    Evaluation,
    ExtraRows,
    Limits,
    Resources,
    Safety,
    Strict,
    Training,
)
from lifealign_bench.data.conditions import AGAIN, Condition
from lifealign_bench.data.errors import InputError, UnknownNameError

PROTOCOL_VERSION = 1
SHIPPED_WORLD = 0
"""The seed of the miniature world whose bases ship with the package."""
LoraTargets = Literal["query_value", "attention", "all_linear"]


class TaskEntry(Strict):
    """One task of a suite: a catalogue name, or a card of one's own; rows override the suite's."""

    name: str
    card: str | None = None
    train_rows: int | None = Field(default=None, ge=1)
    evaluation_rows: int | None = Field(default=None, ge=1)


class MethodEntry(Strict):
    """One method of a suite: a registered name or `path/to/file.py:ClassName`, and what differs from its settings."""

    name: str
    config: Mapping[str, Any] = Field(default_factory=dict)
    label: str | None = None

    @property
    def title(self) -> str:
        """How runs of this entry are called: the label, else the name."""
        return self.label or self.name.rsplit(":", 1)[-1]


class Rows(Strict):
    """Pairs per task; null takes what the task's card says."""

    train: int | None = Field(default=None, ge=1)
    evaluation: int | None = Field(default=None, ge=1)


class Lora(Strict):
    """The adapter; targets are roles, resolved to layer names for each model family."""

    r: int = Field(default=8, ge=1)
    alpha: float = Field(default=16, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: LoraTargets = "query_value"


class Phase(Strict):
    """One part of learning a task."""

    kind: Literal["sft", "preference"]
    epochs: float = Field(gt=0)
    learning_rate: float = Field(gt=0)


PAPER_PHASES = (
    Phase(kind="sft", epochs=3, learning_rate=1e-4),
    Phase(kind="preference", epochs=3, learning_rate=5e-6),
)


class Budget(Strict):
    """What every method may spend on a task; the defaults are the paper's."""

    lora: Lora = Lora()
    phases: tuple[Phase, ...] = Field(default=PAPER_PHASES, min_length=1)
    batch_size: int = Field(default=16, ge=1)
    micro_batch_size: int = Field(default=4, ge=1)
    max_length: int = Field(default=2048, ge=32)
    beta: float = Field(default=0.1, gt=0)
    reference: Literal["base", "previous"] = "base"
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: float = Field(default=0.1, ge=0, lt=1)
    max_grad_norm: float = Field(default=1.0, gt=0)
    gradient_checkpointing: bool = False
    # Rows of like length in a batch waste less padding, and make another order of rows.
    batches: Literal["shuffled", "by_length"] = Field(default="shuffled", exclude_if=lambda value: value == "shuffled")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.batch_size % self.micro_batch_size:
            raise ValueError(
                f"batch_size {self.batch_size} is not a multiple of micro_batch_size {self.micro_batch_size}"
            )
        kinds = [phase.kind for phase in self.phases]
        if len(set(kinds)) != len(kinds):
            raise ValueError(f"phases {kinds} name a kind twice")
        return self


class Suite(Strict):
    """A benchmark: everything that decides its numbers, and nothing else."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    description: str = ""
    protocol: int = PROTOCOL_VERSION
    tasks: tuple[TaskEntry, ...] = Field(min_length=1)
    data_dir: str | None = None
    data_seed: int = 0
    world_seed: int | None = Field(default=None, description="which miniature world tasks and base are taken from")
    base: BaseEntry
    rows: Rows = Rows()
    condition: Condition = Condition()
    budget: Budget = Budget()
    # What one process learns stays named as it was before there could be several.
    training: Training = Field(default=Training(), exclude_if=lambda value: value == Training())
    evaluation: Evaluation = Evaluation()
    judge: str | None = Field(default=None, description="oracle, a built-in judge, or a judge file; null: nobody")
    capability: Capability = Capability()
    drift: ExtraRows = "none"
    safety: Safety = Safety()
    methods: tuple[MethodEntry, ...] = Field(min_length=1)
    orders: str | Mapping[str, tuple[str, ...]] | tuple[tuple[str, ...], ...] = "paper"
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    primary_metric: Literal["preference_accuracy", "bleu4_char", "rouge_l", "rubric"] = "preference_accuracy"
    threads: int = Field(default=2, ge=1)
    resources: Resources = Resources()
    division: Literal["closed", "open"] = "open"
    tuning_origin: TuningOrigin = "defaults"
    report_to: tuple[str, ...] = ()
    limits: Limits = Limits()

    @field_validator("tasks", "methods", mode="before")
    @classmethod
    def _names_may_be_bare(cls, value: object) -> object:
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [{"name": item} if isinstance(item, str) else item for item in value]
        return value

    @field_validator("capability", mode="before")
    @classmethod
    def _capability_may_be_a_list(cls, value: object) -> object:
        return {"tasks": value} if isinstance(value, list | tuple) else value

    @field_validator("base", mode="before")
    @classmethod
    def _base_may_be_bare(cls, value: object) -> object:
        return {"source": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.protocol != PROTOCOL_VERSION:
            raise ValueError(f"protocol {self.protocol} is not the one of this version, {PROTOCOL_VERSION}")
        for field, names in (
            ("tasks", [task.name for task in self.tasks]),
            ("methods", [method.title for method in self.methods]),
            ("seeds", [str(seed) for seed in self.seeds]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{field} stands twice: {', '.join(twice)}")
        self.training.refuse_unfit(self.budget.batch_size, self.budget.micro_batch_size, self.budget.batches)
        if unknown := [name for name in self.condition.recurrence if name not in self.task_names]:
            raise ValueError(f"condition.recurrence names {', '.join(unknown)}, no task of the suite")
        if self.primary_metric == "rubric" and self.judge is None:
            raise ValueError("primary_metric rubric needs a judge")
        return self

    @property
    def world(self) -> int:
        """The miniature world that tasks, base and oracle are of; the shipped one where none is named."""
        return SHIPPED_WORLD if self.world_seed is None else self.world_seed

    @property
    def task_names(self) -> tuple[str, ...]:
        """The names of the tasks as the suite lists them, then of those that come back."""
        return (*(task.name for task in self.tasks), *(f"{name}{AGAIN}" for name in self.condition.recurrence))

    def with_overrides(self, overrides: Mapping[str, object]) -> Suite:
        """This suite with top-level fields replaced and checked again."""
        return parse_suite({**self.model_dump(mode="json"), **overrides}, where=f"suite {self.name} with overrides")


def parse_suite(values: object, where: str) -> Suite:
    """A validated suite.

    Raises:
        InputError: names `where`, the field, what was found and what was expected; unknown keys list near matches.
    """
    if not isinstance(values, Mapping):
        raise InputError(where, "document", type(values).__name__, "a mapping of suite fields")
    try:
        return Suite.model_validate(values)
    except ValidationError as error:
        raise _explain(error, where) from None


def _explain(error: ValidationError, where: str) -> InputError:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "suite"
    if first["type"] == "extra_forbidden":
        *parents, key = first["loc"]
        return UnknownNameError(where, place, str(key), _known_keys(parents))
    found = first["input"]
    shown = "nothing" if first["type"] == "missing" else repr(found)
    return InputError(where, place, shown if len(shown) < 80 else shown[:77] + "...", first["msg"])


def _known_keys(parents: Sequence[int | str]) -> list[str]:
    nested: dict[str, type[BaseModel]] = {
        "tasks": TaskEntry,
        "methods": MethodEntry,
        "base": BaseEntry,
        "rows": Rows,
        "condition": Condition,
        "budget": Budget,
        "evaluation": Evaluation,
        "limits": Limits,
        "training": Training,
        "answers": Answers,
        "resources": Resources,
        "capability": Capability,
        "safety": Safety,
        "lora": Lora,
        "phases": Phase,
    }
    names = [part for part in parents if isinstance(part, str)]
    return list((nested[names[-1]] if names else Suite).model_fields)


def load_suite(reference: str | Path) -> Suite:
    """The suite of a YAML file, or a built-in one by its name; relative paths in it are relative to the file.

    Raises:
        UnknownNameError: no such file and no built-in suite of that name.
        InputError: the file is no YAML or does not describe a suite.
    """
    path = Path(reference)
    if path.suffix not in {".yaml", ".yml"}:
        return _built_in(str(reference))
    if not path.is_file():
        raise InputError(path, "suite file", "no such file", "a YAML file")
    suite = _read(path.read_text("utf-8"), str(path))
    cards = [
        task.model_copy(update={"card": str((path.parent / task.card).resolve())}) if task.card else task
        for task in suite.tasks
    ]
    judge = None if suite.judge is None else judge_reference(suite.judge, path.parent)
    return suite.model_copy(update={"data_dir": _folder(suite.data_dir, path), "tasks": tuple(cards), "judge": judge})


def judge_reference(judge: str, folder: Path) -> str:
    """A judge's name as it is; of a judge file its whole path, a relative one being relative to `folder`."""
    return str((folder / judge).resolve()) if Path(judge).suffix in {".yaml", ".yml"} else judge


def suite_names() -> list[str]:
    """The names of the suites that ship with the package."""
    folder = resources.files("lifealign_bench.benchmark.suites")
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def _built_in(name: str) -> Suite:
    if name not in suite_names():
        raise UnknownNameError("suite", "name", name, suite_names())
    text = (resources.files("lifealign_bench.benchmark.suites") / f"{name}.yaml").read_text("utf-8")
    return _read(text, f"{name}.yaml")


def _read(text: str, where: str) -> Suite:
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(where, "YAML", str(error).replace("\n", " "), "a well-formed document") from None
    return parse_suite(values, where)


def _folder(value: str | None, suite_file: Path) -> str | None:
    if value is None:
        return None
    expanded = os.path.expandvars(value)
    if "$" in expanded:
        raise InputError(suite_file, "data_dir", repr(value), "an environment variable that is set")
    return str((suite_file.parent / Path(expanded).expanduser()).resolve())
