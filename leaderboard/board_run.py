"""One run as the board keeps it: what its record says, small enough for thousands of runs in memory."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from lifealign_bench.benchmark.judge_records import JudgeRecord
from lifealign_bench.benchmark.judge_scoring import needs_of
from lifealign_bench.benchmark.schema import RunRecord, StageRecord
from lifealign_bench.benchmark.strict_record import Name
from lifealign_bench.benchmark.variant_records import in_words
from lifealign_bench.data.conditions import AGAIN
from lifealign_bench.data.mini.tasks import CONTRASTS
from lifealign_bench.data.rows import digest
from lifealign_bench.leaderboard.visible import named

NUMBERS = (float, int, type(None))


@dataclass(frozen=True, slots=True)
class Number:
    """A measure of a run: its value, or None and the reason; standard error in its unit, n evaluated rows."""

    value: float | None
    reason: str | None
    standard_error: float | None
    n: int

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Number:
        """The number that a measure of a record holds; one that is no number is none, and says so."""
        value, error, n = raw.get("value"), raw.get("standard_error"), raw.get("n")
        if not isinstance(value, NUMBERS) or not isinstance(error, NUMBERS):
            return UNREADABLE
        reason = raw.get("reason")
        return cls(value, None if reason is None else str(reason), error, n if isinstance(n, int) else 0)


NOT_MEASURED = Number(None, "not measured", None, 0)
UNREADABLE = Number(None, "its record holds no number", None, 0)


class Unread(BaseModel):
    """An object of a record that the board has no use for: it is there, and nothing is made of what is in it."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class BoardRecord(RunRecord):
    """A run's record as the board reads it: thousands at once, so numbers are looked at where they are asked for.

    The checker and `lifealign score` read the whole record strictly.
    """

    metrics: dict[Name, dict[Name, dict[str, Any]]]  # type: ignore[assignment]
    node_keys: Unread  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Entry:
    """What competes: a method with its configuration, whatever the order and the seed. `key` tells two apart.

    beside: the label of the entry that ships, where this is a reader's own copy of it.
    """

    key: str
    label: str
    method: str
    version: str
    title: str
    paper: str
    fidelity: str
    schedule: str
    needs_task_identity: bool
    keeps: tuple[str, ...]
    config: str
    beside: str | None = None

    @property
    def is_reference(self) -> bool:
        """Whether it is read against and never ranked: each task alone, all tasks at once."""
        return self.schedule != "sequential"


@dataclass(frozen=True, slots=True)
class BoardRun:
    """A run: who learned what in which order, its numbers by metric and measure, and where its rows are.

    scope: runs of one scope may be compared: one suite, comparability key, base and variant. condition: the data
    condition and the varied fields of its suite in words, `as given` where it is as written. files: the names of the
    tables that are there. coverage: per cent of the answers that have a verdict, by dimension. lacking: tables that
    `run.json` names and that are not there. ships: whether it came with the package.
    """

    folder: str
    entry: Entry
    order: str
    seed: int
    tasks: tuple[str, ...]
    suite: str
    protocol: int
    base: str
    scope: str
    judges: tuple[JudgeRecord, ...]
    primary_metric: str
    metrics: Mapping[str, Mapping[str, Mapping[str, Any]]]
    stages: tuple[StageRecord, ...]
    condition: str
    division: str
    trust: str
    tuning_origin: str
    coverage: Mapping[str, float]
    files: frozenset[str]
    lacking: tuple[str, ...]
    ships: bool = False

    @property
    def label(self) -> str:
        """Method, order and seed, as people read them."""
        return f"{named(self.entry.label)}, {named(self.order)}, seed {self.seed}"

    @property
    def is_synthetic(self) -> bool:
        """Whether its tasks are those of the miniature world, whose texts a grammar made."""
        return {task.removesuffix(AGAIN) for task in self.tasks} <= set(CONTRASTS)

    @property
    def judge(self) -> str:
        """The names of its judges, or `none`."""
        return ", ".join(judge.name for judge in self.judges) or "none"

    def number(self, metric: str, measure: str) -> Number:
        """A measure, or `not measured`."""
        raw = self.metrics.get(metric, {}).get(measure)
        return NOT_MEASURED if raw is None else Number.of(raw)

    def covered(self, metric: str) -> float:
        """Per cent of the answers that have the verdicts which a metric needs; 100 where it needs none."""
        return min((self.coverage.get(name, 100.0) for name in needs_of(metric)), default=100.0)

    def dimension(self, metric: str) -> str:
        """The question whose verdicts stand behind a metric; the task's rubric where it needs none."""
        return next((name for name in needs_of(metric) if name in self.coverage), "rubric")

    def table(self, name: str) -> str | None:
        """The path or URL of a table, None where it is not there."""
        return f"{self.folder}/{name}.parquet" if f"{name}.parquet" in self.files else None


@dataclass
class Known:
    """What many runs share, made once: entries, and the hashes of scopes."""

    entries: dict[tuple[Hashable, ...], Entry] = field(default_factory=dict)
    scopes: dict[tuple[str, ...], str] = field(default_factory=dict)

    def entry(self, record: BoardRecord) -> Entry:
        """What competes in the run of a record."""
        method = record.method
        names = (record.identity.method, method.name, method.version, method.source_sha256)
        own = [*names, method.config, record.budget]
        # The written form tells apart what the hash does, and is quicker to make.
        key = (*names, repr(method.config), repr(record.budget), *vars(method.spec).values())
        if key not in self.entries:
            self.entries[key] = Entry(
                key=digest(own)[:16],
                label=record.identity.method,
                method=method.name,
                version=method.version,
                title=method.spec.title,
                paper=method.spec.paper,
                fidelity=method.spec.fidelity,
                schedule=method.spec.schedule,
                needs_task_identity=method.spec.needs_task_identity,
                keeps=method.spec.keeps,
                config=", ".join(f"{name}={value}" for name, value in sorted(method.config.items())),
            )
        return self.entries[key]

    def scope(self, record: BoardRecord) -> str:
        """A name for all runs that may be compared with that of a record."""
        varied = [in_words(record.condition, record.varied)] if record.varied else []
        key = (record.suite.name, record.comparability_key, record.model.weights_sha256, *varied)
        if key not in self.scopes:
            self.scopes[key] = digest(list(key))[:16]
        return self.scopes[key]


def board_run(folder: str, files: frozenset[str], record: BoardRecord, known: Known) -> BoardRun:
    """The run that a record describes."""
    return BoardRun(
        folder=folder,
        entry=known.entry(record),
        order=record.order.name,
        seed=record.identity.seed,
        tasks=record.order.tasks,
        suite=record.suite.name,
        protocol=record.suite.protocol,
        base=record.model.source,
        scope=known.scope(record),
        judges=record.judges,
        primary_metric=record.primary_metric,
        metrics=record.metrics,
        stages=record.stages,
        condition=in_words(record.condition, record.varied),
        division=record.division,
        trust=record.trust,
        tuning_origin=record.tuning_origin,
        coverage={name: 100.0 * found.share for name, found in record.coverage.items()},
        files=files,
        lacking=tuple(sorted(name for name in record.artefacts if name not in files)),
    )
