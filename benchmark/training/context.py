"""The harness's side of `StageContext`: one stage in training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lifealign_bench.benchmark.evaluation.logps import pair_logps
from lifealign_bench.benchmark.suite import Budget
from lifealign_bench.benchmark.training.collate import Logps, collate
from lifealign_bench.benchmark.training.encode import EncodedPair, Encoder
from lifealign_bench.benchmark.training.lora import add_lora, wrap_with_lora
from lifealign_bench.benchmark.training.policy import learned_state, state_swapped_in
from lifealign_bench.benchmark.training.ranks import ALONE, Ranks
from lifealign_bench.benchmark.training.seeds import derive_seed
from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.data.rows import Pair
from lifealign_bench.methods import losses
from lifealign_bench.methods.base import Method
from lifealign_bench.methods.context import Batch, Policy, RunContext, StageContext


class CapabilityError(LifeAlignError):
    """A method did something that its spec does not declare."""


@dataclass(frozen=True, slots=True)
class LossRow:
    """One logged number of one optimiser step; `epoch` is fractional, `name` is a loss part or a method's own."""

    phase: str
    step: int
    epoch: float
    name: str
    value: float


StepProgress = Callable[[str, int, int, float], None]
"""Called with (phase, step, steps in all, loss)."""


@dataclass(frozen=True, slots=True)
class StageData:
    """What a stage is given: the rows to learn, all training rows it may recall, and base log-probabilities of both."""

    rows: tuple[Pair, ...]
    past: Mapping[str, Pair]
    base_logps: Logps


class Attachment(RunContext):
    """Enough context to attach a method to a base, in training and in evaluation alike."""

    def __init__(self, budget: Budget, seed: int, prefix: Sequence[str]) -> None:
        self.budget, self.seed, self.prefix = budget, seed, tuple(prefix)
        self.phase: str | None = None

    def wrap_with_lora(self, model: nn.Module) -> nn.Module:
        """See `RunContext`."""
        # The adapter's start belongs to the run, not to the stage: all tasks share it.
        return wrap_with_lora(model, self.budget.lora, derive_seed(self.seed, (), "", "adapter"))

    def add_lora(self, model: nn.Module, name: str) -> None:
        """See `RunContext`."""
        add_lora(model, name, derive_seed(self.seed, self.prefix, "", f"adapter {name}"))

    def run_generator(self, purpose: str) -> torch.Generator:
        """See `RunContext`."""
        return torch.Generator().manual_seed(derive_seed(self.seed, (), "", purpose))

    def generator(self, purpose: str) -> torch.Generator:
        """See `RunContext`."""
        return torch.Generator().manual_seed(derive_seed(self.seed, self.prefix, self.phase or "", purpose))


@dataclass
class StageReport:
    """What a stage did, all of it determined by its inputs: loss rows and counts.

    example_passes: pairs that the optimiser's steps were taken on. with_gradient, without_gradient: pairs that went
    through the model so, whatever for. trainable_parameters: how many numbers learn.
    """

    losses: list[LossRow] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)
    example_passes: int = 0
    with_gradient: int = 0
    without_gradient: int = 0
    trainable_parameters: int = 0
    tokens: int = 0
    prompts_cut: dict[str, int] = field(default_factory=dict)
    answers_cut: dict[str, int] = field(default_factory=dict)


COUNTED = ("example_passes", "with_gradient", "without_gradient", "tokens")
"""What of a report is summed over the processes that learn a stage together."""


class Stage(Attachment, StageContext):
    """One stage in training; see `StageContext` for what methods may use."""

    def __init__(
        self, method: Method, data: StageData, encoder: Encoder, budget: Budget, seed: int, prefix: Sequence[str]
    ) -> None:
        super().__init__(budget, seed, prefix)
        self.method, self.data, self.encoder = method, data, encoder
        self.rows = data.rows
        self.beta = budget.beta
        self.phases = tuple(phase.kind for phase in budget.phases)
        self.report = StageReport()
        self.report_to: tuple[str, ...] = ()
        self.logging_folder: Path | None = None
        self.progress: StepProgress | None = None
        self.pending: dict[str, list[float]] = {}
        self.ranks: Ranks = ALONE
        # What gradients are exchanged through, while a loss is computed by one process of several.
        self.through: nn.Module | None = None
        self._encoded: dict[str, EncodedPair] = {}
        self._references: dict[str, tuple[float, float]] = {}
        self._start: dict[str, torch.Tensor] = {}

    def begin(self, model: nn.Module) -> None:
        """Take the attached model, its weights being those at the start of the stage."""
        self.model = model
        self._start = {name: value.clone() for name, value in learned_state(model).items()}
        self.report.trainable_parameters = sum(value.numel() for value in self.trainable.values())

    @property
    def pad(self) -> int:
        """The padding token."""
        token: Any = self.encoder.tokenizer.pad_token_id
        return int(token)

    @property
    def reference(self) -> Logps | None:
        """Reference log-probabilities of the current phase by pair id; None in an sft phase."""
        if self.phase != "preference":
            return None
        return self.data.base_logps if self.budget.reference == "base" else self._references

    def recall(self, pair_ids: Sequence[str]) -> tuple[Pair, ...]:
        """See `StageContext`."""
        if "examples" not in self.method.spec.keeps:
            raise CapabilityError(f"method {self.method.spec.name} recalls examples and its spec.keeps has none")
        unknown = [pair_id for pair_id in pair_ids if pair_id not in self.data.past]
        if unknown:
            where = f"method {self.method.spec.name}, task {self.task}"
            raise InputError(where, "recall", unknown[0], "the id of a training pair of a task learned so far")
        return tuple(self.data.past[pair_id] for pair_id in pair_ids)

    def encode(self, rows: Sequence[Pair]) -> list[EncodedPair]:
        """The rows as tokens, each tokenised once a stage."""
        fresh = [pair for pair in rows if pair.pair_id not in self._encoded]
        self._encoded.update({row.pair.pair_id: row for row in self.encoder.encode(fresh)})
        return [self._encoded[pair.pair_id] for pair in rows]

    def batches(self, rows: Sequence[Pair], size: int | None = None) -> Iterator[Batch]:
        """See `StageContext`."""
        encoded, step = self.encode(rows), size or self.budget.micro_batch_size
        for start in range(0, len(encoded), step):
            yield self.collate(encoded[start : start + step])

    def collate(self, rows: Sequence[EncodedPair]) -> Batch:
        """A batch of the current phase's form."""
        return collate(rows, self.pad, both=self.phase == "preference", reference=self.reference)

    def token_logps(self, batch: Batch) -> torch.Tensor:
        """See `StageContext`."""
        device = next(self.model.parameters()).device
        if torch.is_grad_enabled():
            self.report.with_gradient += batch.n_pairs
        else:
            self.report.without_gradient += batch.n_pairs
        return losses.token_logps(
            self.through or self.model,
            batch.input_ids.to(device),
            batch.attention_mask.to(device),
            batch.labels.to(device),
        )

    def margins(self, batch: Batch, token_logps: torch.Tensor | None = None) -> torch.Tensor:
        """See `StageContext`."""
        sums = (self.token_logps(batch) if token_logps is None else token_logps).sum(dim=1)
        chosen, rejected = sums.chunk(2)
        if batch.reference_chosen_logps is None or batch.reference_rejected_logps is None:
            raise CapabilityError("margins are asked for outside of a preference phase")
        reference = (batch.reference_chosen_logps.to(sums), batch.reference_rejected_logps.to(sums))
        return losses.implicit_margin(chosen, rejected, *reference, beta=self.beta)

    def loss(self, batch: Batch) -> torch.Tensor:
        """See `StageContext`."""
        if self.phase == "sft":
            total, tokens = self.method.sft_loss(self, batch)
            return total / tokens
        return self.method.preference_loss(self, batch).mean()

    def logps(self, rows: Sequence[Pair], policy: Policy) -> Mapping[str, tuple[float, float]]:
        """See `StageContext`."""
        if policy == "base":
            return {pair.pair_id: self.data.base_logps[pair.pair_id] for pair in rows}
        if policy == "start":
            with state_swapped_in(self.model, self._start):
                return self.logps(rows, "now")
        self.report.without_gradient += len(rows)
        found = pair_logps(self.model, self.encode(rows), self.budget.micro_batch_size, self.pad)
        return {row.pair_id: (row.chosen, row.rejected) for row in found}

    def log(self, name: str, value: float) -> None:
        """See `StageContext`."""
        self.pending.setdefault(name, []).append(float(value))

    def settle(self, phase: str, step: int, epoch: float) -> dict[str, float]:
        """Write down the means of what was logged since it was last cleared."""
        means = self.ranks.mean_of({name: sum(values) / len(values) for name, values in self.pending.items()})
        self.report.losses += [LossRow(phase, step, epoch, name, value) for name, value in means.items()]
        return means

    def refer(self, rows: Sequence[Pair]) -> None:
        """See `StageContext`."""
        if self.phase == "preference" and self.budget.reference == "previous":
            self._references.update(self.logps(rows, "now"))

    @contextmanager
    def as_in(self, phase: str) -> Iterator[None]:
        """See `StageContext`."""
        before, self.phase = self.phase, phase
        try:
            yield
        finally:
            self.phase = before

    def train_phases(self) -> None:
        """See `StageContext`."""
        from lifealign_bench.benchmark.training.phases import train_phase

        for phase in self.budget.phases:
            train_phase(self, phase)
