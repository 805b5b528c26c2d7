"""O-LoRA: a LoRA of its own for every task, kept orthogonal to those of past tasks, which stay frozen.

Source: Wang et al. (2023), arXiv 2310.14152.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lifealign_bench.data.errors import LifeAlignError
from lifealign_bench.methods.base import Method, MethodConfig, MethodSpec
from lifealign_bench.methods.context import RunContext, StageContext
from lifealign_bench.methods.registry import register
from lifealign_bench.methods.search import FloatRange, SearchSpace

if TYPE_CHECKING:
    import torch
    from torch import nn


class AdapterError(LifeAlignError):
    """An adapter that must be frozen or active is not."""


@dataclass(frozen=True, kw_only=True)
class OLoRAConfig(MethodConfig):
    """strength: the weight of the penalty, a mean over layers and over the entries of a product of two adapters' A."""

    strength: float = 0.5

    search_space: ClassVar[SearchSpace] = {"strength": FloatRange(0.05, 5.0, log=True)}

    def __post_init__(self) -> None:
        self.require(self.strength >= 0, "strength", "a weight, 0 or more")


@register
@dataclass
class OLoRA(Method):
    """The output is the sum of all adapters; penalty strength * mean over layers of sum_i mean |A_new A_i'|."""

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="olora",
        version="1",
        title="Orthogonal LoRA",
        paper="arXiv 2310.14152",
        keeps=frozenset({"parameters"}),
        grows=True,
        first_task_plain=True,
        distribution=frozenset({"ddp"}),
        active={},
    )
    Config: ClassVar[type[MethodConfig]] = OLoRAConfig

    def attach(self, model: nn.Module, ctx: RunContext) -> nn.Module:
        """One adapter a task learned so far; the newest one learns."""
        policy: Any = ctx.wrap_with_lora(model)
        names = _names(ctx)
        for name in names[1:]:
            ctx.add_lora(policy, name)
        policy.base_model.set_adapter(names)
        for name, value in policy.named_parameters():
            # Making adapters active makes all of them learn.
            value.requires_grad_(_belongs(name, names[-1]))
        attached: nn.Module = policy
        return attached

    def penalties(self, ctx: StageContext) -> Mapping[str, torch.Tensor]:
        """How far the new adapter's directions lie along the old ones'."""
        *old, new = _names(ctx)
        if not old or self.config.strength == 0:
            return {}
        found = []
        for module in ctx.model.modules():
            rows = getattr(module, "lora_A", {})
            if new in rows:
                found += [(rows[new].weight @ rows[name].weight.T).abs().mean() for name in old]
        layers = len(found) / len(old)
        return {"olora": self.config.strength * sum(found[1:], found[0]) / layers}

    def after_phase(self, ctx: StageContext) -> None:
        """Old adapters must still be frozen, and all of them active: libraries switch adapters on their way.

        Raises:
            AdapterError: they are not.
        """
        names = _names(ctx)
        model: Any = ctx.model
        if list(model.active_adapters) != names:
            raise AdapterError(f"olora: active adapters found {model.active_adapters}, expected {names}")
        if moving := [name for name in ctx.trainable if not _belongs(name, names[-1])]:
            raise AdapterError(f"olora: found {moving[0]} learning, expected only adapter {names[-1]}")


def _names(ctx: RunContext) -> list[str]:
    """The adapters' names, the oldest first; the trainers want one of them to be called `default`."""
    return ["default", *(f"task{number}" for number in range(2, len(ctx.prefix) + 1))]


def _belongs(parameter: str, adapter: str) -> bool:
    return "lora_" in parameter and f".{adapter}." in parameter
