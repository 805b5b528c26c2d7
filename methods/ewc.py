"""Elastic weight consolidation: parameters that mattered for past tasks are held near the values they had.

Source: Kirkpatrick et al. (2017), arXiv 1612.00796; the running sum of Fisher values: Schwarz et al. (2018), "Progress
and Compress", arXiv 1805.06370, without its decay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from lifealign_bench.methods import losses
from lifealign_bench.methods.base import Method, MethodConfig, MethodSpec
from lifealign_bench.methods.context import Batch, StageContext
from lifealign_bench.methods.registry import register
from lifealign_bench.methods.search import FloatRange, SearchSpace
from lifealign_bench.methods.tensors import load_tensors, save_tensors

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class EWCConfig(MethodConfig):
    """strength: the weight of the penalty (lambda). The penalty is a mean over parameters, so that one strength carries
    across sizes: divided by the number of parameters it is the lambda of the usual sum, which papers set to some
    hundreds or thousands (3,300 on the miniature base's adapter). The default was taken from there after powers of ten
    from 1e5 to 1e8 were seen on two evaluated tasks of world 0, where the largest forgot least.
    """

    strength: float = 1e8

    search_space: ClassVar[SearchSpace] = {"strength": FloatRange(1e6, 1e10, log=True)}

    def __post_init__(self) -> None:
        self.require(self.strength >= 0, "strength", "a weight, 0 or more")


@register
@dataclass
class EWC(Method):
    """Penalty strength / 2 * mean over parameters of sum_k F_k (p - p_k)^2, over the past tasks k.

    F_k: mean over the task's pairs of the squared gradient of one pair's loss, of each phase's loss, at the end of the
    task. The sum over tasks is kept as one Fisher value and one anchor a parameter: up to a constant the same function.
    """

    fisher: dict[str, torch.Tensor] = field(default_factory=dict)
    anchor: dict[str, torch.Tensor] = field(default_factory=dict)

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="ewc",
        version="1",
        title="Elastic weight consolidation",
        paper="arXiv 1612.00796",
        keeps=frozenset({"parameters", "statistics"}),
        first_task_plain=True,
        distribution=frozenset({"ddp"}),
        neutral={"strength": 0.0},
        active={},
    )
    Config: ClassVar[type[MethodConfig]] = EWCConfig

    def penalties(self, ctx: StageContext) -> Mapping[str, torch.Tensor]:
        """The distance to the past, once there is one."""
        if not self.fisher or self.config.strength == 0:
            return {}
        size = sum(value.numel() for value in self.fisher.values())
        # Sums over matrices of one device and dtype, in the model's order.
        terms = [
            (self.fisher[name].to(value) * (value - self.anchor[name].to(value)).square()).sum()
            for name, value in ctx.trainable.items()
        ]
        return {"ewc": 0.5 * self.config.strength * sum(terms[1:], terms[0]) / size}

    def remember(self, ctx: StageContext) -> None:
        """Add the task's Fisher values; the anchor becomes the mean of the tasks' weights, weighted by them."""
        fresh = self._fisher(ctx)
        for name, value in ctx.trainable.items():
            weights, new = value.detach().cpu().double(), fresh[name]
            old = self.fisher.get(name, new * 0)
            total = old + new
            past = self.anchor.get(name, weights).double()
            moved = (old * past + new * weights) / total.clamp_min(1e-300)
            self.fisher[name] = total
            self.anchor[name] = moved.where(total > 0, weights)

    def _fisher(self, ctx: StageContext) -> dict[str, torch.Tensor]:
        """Mean squared gradient of single pairs, one forward pass each; double precision on the CPU.

        Where a suite's reference is the previous policy, it is here the policy that the task left.
        """
        import torch

        parameters = ctx.trainable
        found = {name: torch.zeros_like(value, dtype=torch.float64, device="cpu") for name, value in parameters.items()}
        with ctx.as_in("preference" if "preference" in ctx.phases else "sft"):
            ctx.refer(ctx.rows)
            for batch in ctx.batches(ctx.rows, 1):
                parts = self._parts(ctx, batch)
                for place, part in enumerate(parts, 1):
                    gradients = torch.autograd.grad(part, list(parameters.values()), retain_graph=place < len(parts))
                    for name, gradient in zip(parameters, gradients, strict=True):
                        found[name] += gradient.cpu().double().square() / len(ctx.rows)
        return found

    def _parts(self, ctx: StageContext, batch: Batch) -> list[torch.Tensor]:
        """The loss of each of the suite's kinds of phase on one batch, from one pass."""
        token_logps = ctx.token_logps(batch)
        parts = []
        if "sft" in ctx.phases:
            total, tokens = losses.sft(token_logps, batch)
            parts.append(total / tokens)
        if "preference" in ctx.phases:
            parts.append(losses.dpo(ctx.margins(batch, token_logps)).mean())
        return parts

    def save(self, folder: Path) -> None:
        """`fisher.safetensors` and `anchor.safetensors`: one tensor a parameter, however many tasks were learned."""
        save_tensors(self.fisher, folder / "fisher.safetensors")
        save_tensors(self.anchor, folder / "anchor.safetensors")

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.fisher = load_tensors(folder / "fisher.safetensors")
        self.anchor = load_tensors(folder / "anchor.safetensors")
