"""What a hook sees: the stage it is in, the rows it may see, and the model; never evaluation data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lifealign_bench.data.rows import Pair

if TYPE_CHECKING:
    import torch
    from torch import nn

Policy = Literal["base", "start", "now"]


@dataclass(frozen=True, slots=True)
class Batch:
    """A micro-batch of `n` pairs, right-padded.

    In an sft phase the rows are the n chosen answers; in a preference phase the n chosen, then the n rejected ones.
    input_ids, attention_mask, labels: (rows, tokens); labels are -100 on the prompt and on padding.
    reference_chosen_logps, reference_rejected_logps: (n,) summed log-probabilities of the reference policy,
    None in an sft phase.
    """

    pairs: tuple[Pair, ...]
    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    labels: torch.Tensor
    reference_chosen_logps: torch.Tensor | None = None
    reference_rejected_logps: torch.Tensor | None = None

    @property
    def n_pairs(self) -> int:
        """Number of pairs, n."""
        return len(self.pairs)


class RunContext(ABC):
    """What is known before a stage begins: enough to attach a method to a base.

    prefix: the tasks learned up to and including this stage's.
    """

    prefix: tuple[str, ...]

    @abstractmethod
    def wrap_with_lora(self, model: nn.Module) -> nn.Module:
        """The model with one LoRA as the suite's budget describes it, its start drawn from the run's seed alone."""

    @abstractmethod
    def add_lora(self, model: nn.Module, name: str) -> None:
        """Another LoRA of the same form beside those of a wrapped model, not active yet; its start is drawn from the
        run's seed and the task prefix."""

    @abstractmethod
    def run_generator(self, purpose: str) -> torch.Generator:
        """A CPU generator seeded by (run seed, purpose): the same for all tasks of a run."""

    @abstractmethod
    def generator(self, purpose: str) -> torch.Generator:
        """A CPU generator seeded by (run seed, task prefix, phase, purpose)."""


class StageContext(RunContext):
    """One stage: `task` is learned after the tasks before it.

    model: the module in training. phases: the kinds of the suite's phases; phase: the kind of the current one, None
    outside of one. rows: the training rows of this stage. beta: the DPO temperature.
    """

    model: nn.Module
    phases: tuple[str, ...]
    phase: str | None
    rows: tuple[Pair, ...]
    beta: float

    @property
    def task(self) -> str:
        """The task being learned."""
        return self.prefix[-1]

    @property
    def trainable(self) -> Mapping[str, torch.nn.Parameter]:
        """The parameters that learn, by name, in the model's order."""
        return {name: value for name, value in self.model.named_parameters() if value.requires_grad}

    @abstractmethod
    def recall(self, pair_ids: Sequence[str]) -> tuple[Pair, ...]:
        """Training rows of the tasks up to this one, by id.

        Raises:
            CapabilityError: the method did not declare that it keeps examples.
            InputError: an id that is none of theirs.
        """

    @abstractmethod
    def batches(self, rows: Sequence[Pair], size: int | None = None) -> Iterator[Batch]:
        """The rows in order, in micro-batches of the current phase's form; the suite's micro-batch size by default."""

    @abstractmethod
    def token_logps(self, batch: Batch) -> torch.Tensor:
        """Log-probabilities of the labels under the model as it is, (rows, tokens - 1); zero without a label."""

    @abstractmethod
    def margins(self, batch: Batch, token_logps: torch.Tensor | None = None) -> torch.Tensor:
        """z = beta * (chosen - rejected) of log-probabilities against the reference, shape (pairs,).

        token_logps: those of the batch, where they are there already.
        """

    @abstractmethod
    def refer(self, rows: Sequence[Pair]) -> None:
        """Have reference log-probabilities of these rows for the current preference phase, beside those of its
        training rows; to be called in `before_phase`, where the policy is still the reference that may be asked for."""

    @abstractmethod
    def as_in(self, phase: str) -> AbstractContextManager[None]:
        """Within the context, outside of a phase, batches and losses are those of a phase of this kind."""

    @abstractmethod
    def loss(self, batch: Batch) -> torch.Tensor:
        """The method's own loss of the current phase on a batch, a scalar; penalties are not in it."""

    @abstractmethod
    def logps(self, rows: Sequence[Pair], policy: Policy) -> Mapping[str, tuple[float, float]]:
        """Summed log-probability of (chosen, rejected) by pair id, under the untouched base, the policy at the start
        of the stage, or the policy as it is; without gradient."""

    @abstractmethod
    def log(self, name: str, value: float) -> None:
        """Record a number of this step beside the loss."""

    @abstractmethod
    def train_phases(self) -> None:
        """Train the suite's phases in turn: what `Method.train_stage` does by default."""
