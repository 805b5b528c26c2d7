"""What conformance is measured on: a base of the miniature world and rows that no suite evaluates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from lifealign_bench.benchmark.bases import open_base, shipped_base
from lifealign_bench.benchmark.evaluation.logps import pair_logps
from lifealign_bench.benchmark.nodes import learn
from lifealign_bench.benchmark.suite import Budget
from lifealign_bench.benchmark.training.context import Attachment, Stage, StageData
from lifealign_bench.benchmark.training.encode import Encoder
from lifealign_bench.benchmark.training.guard import guarded
from lifealign_bench.benchmark.training.phases import train_phase  # noqa: F401 - what it takes to train is loaded here
from lifealign_bench.benchmark.training.policy import copy_state, learned_state
from lifealign_bench.data.cards import TaskCard, WorldSource
from lifealign_bench.data.catalogue import load_card
from lifealign_bench.data.rows import Pair
from lifealign_bench.data.stream import TaskRequest, load_stream
from lifealign_bench.methods.base import Method
from lifealign_bench.methods.seqft import SeqFT

Weights = Mapping[str, torch.Tensor]

BASES = ("mini", "mini-neox")
PAIRS = 32
BUDGET = Budget.model_validate(
    {
        "lora": {"r": 4, "alpha": 8, "targets": "all_linear"},
        "phases": [
            {"kind": "sft", "epochs": 1, "learning_rate": 3e-3},
            {"kind": "preference", "epochs": 1, "learning_rate": 1e-3},
        ],
        "batch_size": 16,
        "micro_batch_size": 16,
        "max_length": 160,
    }
)


class Bench:
    """A base, its rows and their log-probabilities: what stages are learned with, nothing stored but memory."""

    def __init__(self, base: str, tasks: Sequence[str], pairs: int = PAIRS) -> None:
        self.folder = shipped_base(base)
        self.rows = {task: rows[:pairs] for task, rows in zip(tasks, _rows(tuple(tasks)), strict=True)}
        model, tokenizer = self._open()
        self.encoder = Encoder(tokenizer, BUDGET.max_length)
        every = [pair for rows in self.rows.values() for pair in rows]
        logps = pair_logps(model, self.encoder.encode(every), 64, tokenizer.pad_token_id)
        self.logps = {row.pair_id: (row.chosen, row.rejected) for row in logps}

    def _open(self) -> tuple[Any, Any]:
        from trl.trainer.utils import add_fused_lm_head

        model, tokenizer = open_base(self.folder, dtype="float32", device="cpu")
        add_fused_lm_head(model)
        return model, tokenizer

    def stage(self, method: Method, prefix: Sequence[str], weights: Weights | None) -> Stage:
        """A stage about to begin, its model attached and carrying `weights`."""
        joint = method.spec.schedule == "joint"
        learned = tuple(pair for task in (prefix if joint else prefix[-1:]) for pair in self.rows[task])
        past = {pair.pair_id: pair for task in prefix for pair in self.rows[task]}
        stage = Stage(method, StageData(learned, past, self.logps), self.encoder, BUDGET, 0, prefix)
        model = method.attach(self._open()[0], stage)
        _carry(weights, learned_state(model))
        stage.begin(model)
        return stage

    def policy(self, method: Method, prefix: Sequence[str], weights: Weights) -> torch.nn.Module:
        """A policy as it is opened for evaluation."""
        model = method.attach(self._open()[0], Attachment(BUDGET, 0, prefix))
        _carry(weights, learned_state(model))
        return model.eval()


@lru_cache(maxsize=2)
def _rows(tasks: tuple[str, ...]) -> tuple[tuple[Pair, ...], ...]:
    requests = [TaskRequest(_kept_for_tuning(task), PAIRS, PAIRS) for task in tasks]
    # What such a card evaluates on are the items that no suite meets.
    return tuple(data.evaluation for data in load_stream(requests, None, 0))


def _kept_for_tuning(task: str) -> TaskCard:
    card = load_card(task)
    return card.model_copy(update={"source": WorldSource(kind="world", items="tuning")})


def _carry(weights: Weights | None, own: Mapping[str, torch.Tensor]) -> None:
    copy_state(weights or {}, {name: own[name] for name in weights or {}})


class BrokenPropertyError(Exception):
    """A property does not hold; the message says what was found and what to do."""


@dataclass(frozen=True)
class Learned:
    """What one stage did and left.

    weights: the policy as it was saved. memory: the folder of what the method keeps after it. started: the weights with
    which its first step was taken. rows: the pair ids that each phase trained on. late: the hook that changed weights
    after they had been saved, None if there is none.
    """

    weights: Weights
    memory: Path
    started: Weights
    rows: Mapping[str, frozenset[str]]
    late: str | None


@dataclass
class Watched:
    """Notes of a stage while it is learned."""

    started: Weights | None = None
    rows: dict[str, frozenset[str]] = field(default_factory=dict)


class Learner:
    """A method that learns one task after the other on the bench, from nothing and from what it saved."""

    def __init__(self, method: type[Method], folder: Path, tasks: Sequence[str]) -> None:
        self.method, self.folder, self.tasks = method, folder, tuple(tasks)
        self.benches: dict[str, Bench] = {}
        self._chain: list[Learned] = []
        self._plain: list[Weights] = []
        self._folders = 0

    def bench(self, base: str = BASES[0]) -> Bench:
        """The rows and log-probabilities of a base, made when they are first asked for."""
        if base not in self.benches:
            # The other base only shows that a method does not lean on one family's layers.
            self.benches[base] = Bench(base, self.tasks, PAIRS if base == BASES[0] else PAIRS // 2)
        return self.benches[base]

    @property
    def sequential(self) -> bool:
        """Whether the method goes from task to task."""
        return self.method.spec.schedule == "sequential"

    def active(self) -> Method:
        """The method in a configuration that must act."""
        return self.method.from_mapping(self.method.spec.active or {})

    def plain(self) -> list[Weights]:
        """SeqFT's weights after every task."""
        if not self._plain:
            for step in range(1, len(self.tasks) + 1):
                before = self._plain[-1] if self._plain else None
                stage = self.bench().stage(SeqFT(), self.tasks[:step], before)
                learn(stage)
                self._plain.append(copied(stage))
        return self._plain

    def chain(self) -> list[Learned]:
        """The active method task by task, all read again from what the last stage left, as the run graph does it."""
        if not self._chain:
            self._chain = self.resumed(self.active, BASES[0], to_the_end=True)
        return self._chain

    def resumed(self, make: Callable[[], Method], base: str, *, to_the_end: bool = False) -> list[Learned]:
        """Every task by a fresh method that loads what the last one left; to_the_end: the last is remembered, too."""
        found: list[Learned] = []
        for step in range(1, len(self.tasks) + 1):
            method = make()
            if found:
                method.load(found[-1].memory)
            stage = self.bench(base).stage(method, self.tasks[:step], found[-1].weights if found else None)
            with _watched(stage) as seen, guarded(method, [self.folder], []):
                learn(stage)
            weights = copied(stage)
            trained = self.saved(method)
            late = None if equal(weights, learned_state(stage.model)) else "save()"
            kept, changed = trained, False
            if to_the_end or step < len(self.tasks):
                kept, changed = self.remembered(make, self.tasks[:step], weights, trained, base)
            found.append(
                Learned(weights, kept, seen.started or {}, seen.rows, late or ("remember()" if changed else None))
            )
        return found

    def remembered(
        self,
        make: Callable[[], Method],
        prefix: Sequence[str],
        weights: Weights,
        kept: Path | None,
        base: str = BASES[0],
    ) -> tuple[Path, bool]:
        """The memory after a task, by a fresh method over the policy that was saved and what was kept until then, and
        whether weights changed on the way."""
        method = make()
        if kept is not None:
            method.load(kept)
        stage = self.bench(base).stage(method, prefix, weights)
        with guarded(method, [self.folder], []):
            method.remember(stage)
        return self.saved(method), not equal(weights, learned_state(stage.model))

    def saved(self, method: Method) -> Path:
        """A new folder with what the method keeps."""
        self._folders += 1
        folder = self.folder / f"memory-{self._folders}"
        folder.mkdir()
        with guarded(method, [folder], []):
            method.save(folder)
        return folder


@contextmanager
def _watched(stage: Stage) -> Iterator[Watched]:
    method, log, given, seen = stage.method, stage.log, stage.method.training_data, Watched()

    def training_data(ctx: Any) -> Sequence[Pair]:
        rows = given(ctx)
        seen.rows[str(stage.phase)] = frozenset(pair.pair_id for pair in rows)
        return rows

    def logged(name: str, value: float) -> None:
        if seen.started is None:
            seen.started = copied(stage)
        log(name, value)

    vars(method)["training_data"], vars(stage)["log"] = training_data, logged
    try:
        yield seen
    finally:
        del vars(method)["training_data"], vars(stage)["log"]


def copied(stage: Stage) -> dict[str, torch.Tensor]:
    """The learned weights of a stage as they are now."""
    return {name: value.clone() for name, value in learned_state(stage.model).items()}


def equal(one: Weights, other: Weights) -> bool:
    """Whether names and values are the same, bit for bit."""
    return set(one) == set(other) and all(value.equal(other[name]) for name, value in one.items())


def same(found: Weights, expected: Weights, where: str, hint: str, what: str = "SeqFT's bytes") -> None:
    """Raise unless the weights are equal, bit for bit."""
    if equal(found, expected):
        return
    names = [name for name, value in found.items() if name not in expected or not value.equal(expected[name])]
    raise BrokenPropertyError(
        f"{where}: {len(names)} of {len(found)} tensors differ ({names[0]}), expected {what}; {hint}"
    )


def bytes_of(folder: Path) -> dict[str, bytes]:
    """A folder's files by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
