"""What a method is: a set of hooks around a training step that the harness owns.

A method adapter subclasses `Method`, declares a `spec`, and overrides only the hooks it needs; with none
overridden it is SeqFT. The harness calls, for every stage:

    load -> attach -> before_stage -> (before_phase -> training_data -> steps -> after_phase) per phase
         -> after_stage -> save, and then, in a node of its own that may not change weights, remember -> save
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.data.rows import Pair
from lifealign_bench.methods import losses

if TYPE_CHECKING:
    import torch
    from torch import nn

    from lifealign_bench.methods.context import Batch, RunContext, StageContext

API_VERSION = 1

Fidelity = Literal["faithful", "adapted", "as released"]
Schedule = Literal["sequential", "isolated", "joint"]
Keeps = Literal["examples", "parameters", "statistics"]
Distribution = Literal["ddp", "fsdp", "deepspeed"]


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """What a method declares about itself; the harness enforces it and the leaderboard shows it.

    name: how suites and commands call it. version: raised whenever the method's results change.
    schedule: `sequential` learns one task after the other; `isolated` starts afresh for every task (the per-task
    ceiling); `joint` learns all tasks at once (the upper bound).
    keeps: what it stores between tasks. needs_task_identity: whether answering needs to know the task.
    grows: whether its policy gains parameters with every task.
    first_task_plain: whether its first task is trained exactly as SeqFT's, so that the node can be shared.
    neutral: the configuration with which it must equal SeqFT bit for bit, None where there is none.
    active: a configuration that must change the weights of task 2 against SeqFT, None where there is none.
    """

    name: str
    version: str
    title: str
    paper: str
    fidelity: Fidelity = "faithful"
    schedule: Schedule = "sequential"
    keeps: frozenset[Keeps] = frozenset()
    needs_task_identity: bool = False
    grows: bool = False
    first_task_plain: bool = False
    distribution: frozenset[Distribution] = frozenset()
    neutral: Mapping[str, Any] | None = None
    active: Mapping[str, Any] | None = None
    api: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """The base of every method's own hyper-parameters: frozen, and validated in `__post_init__`.

    A subclass may declare which fields `lifealign tune` searches, see `methods.search`.
    """

    def require(self, ok: bool, name: str, expected: str) -> None:
        """Raise `InputError` naming the field unless `ok`."""
        if not ok:
            raise InputError(f"config of {type(self).__qualname__}", name, repr(getattr(self, name)), expected)


@dataclass
class Method:
    """A method adapter with every hook at its neutral default: sequential fine-tuning."""

    config: Any = None
    spec: ClassVar[MethodSpec]
    Config: ClassVar[type[MethodConfig]] = MethodConfig

    def __post_init__(self) -> None:
        if self.config is None:
            self.config = self.Config()

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Method:
        """A method with `Config(**values)`.

        Raises:
            UnknownNameError: a key that the method's `Config` does not have.
            InputError: a value that the `Config` refuses.
        """
        known = {item.name for item in dataclasses.fields(cls.Config)}
        for key in values:
            if key not in known:
                raise UnknownNameError(f"method {cls.spec.name}", "config key", key, known or {"(no settings)"})
        return cls(cls.Config(**values))

    # Model -----------------------------------------------------------------------------------------------------------

    def attach(self, model: nn.Module, ctx: RunContext) -> nn.Module:
        """Prepare the untouched base for this run; by default one LoRA as the suite describes it."""
        return ctx.wrap_with_lora(model)

    @contextmanager
    def serve(self, policy: nn.Module, task: str | None = None) -> Iterator[nn.Module]:
        """The module that answers; `task` is given only to methods that declare `needs_task_identity`."""
        yield policy

    # Learning --------------------------------------------------------------------------------------------------------

    def before_stage(self, ctx: StageContext) -> None:
        """Called once before the first phase of a task."""

    def before_phase(self, ctx: StageContext) -> None:
        """Called before every phase, `ctx.phase` being its name."""

    def training_data(self, ctx: StageContext) -> Sequence[Pair]:
        """The rows of this phase; by default the task's own."""
        return ctx.rows

    def sft_loss(self, ctx: StageContext, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Sum of the negative log-likelihood of the chosen answers and their number of tokens (two scalars)."""
        return losses.sft(ctx.token_logps(batch), batch)

    def preference_loss(self, ctx: StageContext, batch: Batch) -> torch.Tensor:
        """One loss per pair, shape (pairs,); the harness takes the mean."""
        return losses.dpo(ctx.margins(batch))

    def penalties(self, ctx: StageContext) -> Mapping[str, torch.Tensor]:
        """Named scalar terms that are added to the loss of every accumulated batch once; each is logged."""
        return {}

    def project_gradients(self, ctx: StageContext) -> None:
        """Change `.grad` in place; after accumulation and clipping, before the optimiser step."""

    def after_step(self, ctx: StageContext) -> None:
        """Called after every optimiser step."""

    def after_phase(self, ctx: StageContext) -> None:
        """Called after every phase; may change weights."""

    def after_stage(self, ctx: StageContext) -> None:
        """Called after the last phase; may change weights. What it leaves is saved, evaluated and carried on."""

    def train_stage(self, ctx: StageContext) -> None:
        """Escape hatch for another kind of training; by default the suite's phases in turn."""
        ctx.train_phases()

    # Memory ----------------------------------------------------------------------------------------------------------

    def remember(self, ctx: StageContext) -> None:
        """Update what the method keeps once the task is learned (a buffer, Fisher values); never the weights."""

    def save(self, folder: Path) -> None:
        """Write all memory into an empty folder as safetensors and JSON; never pickle."""

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""


__all__ = ["API_VERSION", "Method", "MethodConfig", "MethodSpec"]
