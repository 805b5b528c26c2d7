"""Gradient episodic memory: a step may not raise the loss on stored pairs of any past task, to first order.

Source: Lopez-Paz and Ranzato (2017), arXiv 1706.08840.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from lifealign_bench.data.rows import Pair
from lifealign_bench.methods.base import MethodConfig, MethodSpec
from lifealign_bench.methods.context import StageContext
from lifealign_bench.methods.er import ER, ReplayConfig
from lifealign_bench.methods.registry import register
from lifealign_bench.methods.search import FloatRange, SearchSpace

if TYPE_CHECKING:
    import torch

# Past gradients may depend on each other: this much of the Gram matrix's mean diagonal keeps it invertible.
RIDGE = 1e-6


@dataclass(frozen=True, kw_only=True)
class GEMConfig(ReplayConfig):
    """margin: lower bound of the multipliers, a push towards past tasks once a constraint is violated (`memory
    strength` in the paper's code). sample: stored pairs of each past task that a step looks at, None for as many as a
    micro-batch holds: one backward pass a past task."""

    margin: float = 0.5
    sample: int | None = None

    search_space: ClassVar[SearchSpace] = {**ReplayConfig.search_space, "margin": FloatRange(0.0, 1.0)}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.margin >= 0, "margin", "a bound, 0 or more")
        self.require(self.sample is None or self.sample >= 1, "sample", "a number of pairs, 1 or more, or none")


@register
@dataclass
class GEM(ER):
    """ER's buffer, not trained on but looked at: before every optimiser step the gradient is projected."""

    _seen: dict[str, tuple[Pair, ...]] = field(default_factory=dict)
    _step: int = 0

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="gem",
        version="1",
        title="Gradient episodic memory",
        paper="arXiv 1706.08840",
        keeps=frozenset({"examples"}),
        first_task_plain=True,
        distribution=frozenset({"ddp"}),
        neutral={"buffer_fraction": 0.0},
        active={"buffer_fraction": 0.5},
    )
    Config: ClassVar[type[MethodConfig]] = GEMConfig

    def training_data(self, ctx: StageContext) -> Sequence[Pair]:
        """The task's rows alone."""
        return ctx.rows

    def before_phase(self, ctx: StageContext) -> None:
        """Look the stored pairs up."""
        self._step = 0
        self._seen = {sample.task: ctx.recall(sample.pair_ids) for sample in self.buffer.samples if sample.pair_ids}
        for rows in self._seen.values():
            ctx.refer(rows)

    def project_gradients(self, ctx: StageContext) -> None:
        """Replace the gradient by the nearest that no past task's gradient points against."""
        import torch

        if not self._seen:
            return
        self._step += 1
        parameters = list(ctx.trainable.values())
        now = torch.cat([_gradient(value).flatten() for value in parameters])
        past = torch.stack([self._gradient(ctx, rows, parameters) for rows in self._seen.values()])
        found = project(now, past, self.config.margin)
        ctx.log("gem/violated", float((past @ now < 0).sum()))
        if found is now:
            return
        start = 0
        for value in parameters:
            value.grad = found[start : start + value.numel()].view_as(value).clone()
            start += value.numel()

    def _gradient(
        self, ctx: StageContext, rows: Sequence[Pair], parameters: Sequence[torch.nn.Parameter]
    ) -> torch.Tensor:
        """The gradient of the phase's loss on stored pairs of one task, drawn anew for every step."""
        import torch

        order = torch.randperm(len(rows), generator=ctx.generator(f"gem, step {self._step}")).tolist()
        drawn = [rows[index] for index in order]
        batch = next(iter(ctx.batches(drawn[: self.config.sample], self.config.sample)))
        gradients = torch.autograd.grad(ctx.loss(batch), list(parameters))
        return torch.cat([gradient.flatten() for gradient in gradients])


def project(gradient: torch.Tensor, past: torch.Tensor, margin: float) -> torch.Tensor:
    """The gradient itself where it agrees with all of `past` (tasks, parameters), else g + past' v.

    v solves the dual problem min 1/2 v'GG'v + v'Gg subject to v >= margin, so that with margin 0 the result is the
    nearest vector whose product with each row of `past` is at least 0. Source: eq. 11 of arXiv 1706.08840.
    """
    import numpy as np
    import torch
    from scipy.optimize import nnls

    products = past @ gradient
    if bool((products >= 0).all()):
        return gradient
    gram = (past @ past.T).double().cpu().numpy()
    gram = gram + np.eye(len(gram)) * RIDGE * max(float(np.trace(gram)) / len(gram), 1e-30)
    linear = products.double().cpu().numpy() + gram @ np.full(len(gram), margin)
    # With K = LL' the quadratic form is a least squares problem in w = v - margin >= 0.
    lower = np.linalg.cholesky(gram)
    shifted, _ = nnls(lower.T, -np.linalg.solve(lower, linear))
    multipliers = torch.as_tensor(shifted + margin, dtype=gradient.dtype, device=gradient.device)
    return gradient + past.T @ multipliers


def _gradient(parameter: torch.nn.Parameter) -> torch.Tensor:
    import torch

    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
