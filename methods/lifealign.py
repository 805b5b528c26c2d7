"""LifeAlign: focalized preference optimisation and short-to-long memory consolidation, with ER's buffer.

Source: LifeAlign, AAAI-26, arXiv 2509.17183.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from lifealign_bench.methods import losses
from lifealign_bench.methods.base import MethodConfig, MethodSpec
from lifealign_bench.methods.context import Batch, StageContext
from lifealign_bench.methods.er import ER, ReplayConfig
from lifealign_bench.methods.registry import register
from lifealign_bench.methods.search import FloatRange, SearchSpace

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class LifeAlignConfig(ReplayConfig):
    """Every part can be switched off by itself.

    fpo: focal weight on DPO, with exponent gamma. slmc: consolidate at the end of a `task` (the paper's figure) or
    of each `phase` (the authors' code). theta: share of squared singular values that denoising keeps, 1 skips it.
    keep: share of the part inside the span of past updates that is kept, 1 skips projection.
    shrink: a control that replaces SLMC by scaling the update down to the norm that SLMC would have given.
    """

    fpo: bool = True
    gamma: float = 2.0
    slmc: bool = True
    consolidate: Literal["task", "phase"] = "task"
    theta: float = 0.9
    keep: float = 0.5
    shrink: bool = False

    search_space: ClassVar[SearchSpace] = {
        **ReplayConfig.search_space,
        "gamma": FloatRange(0.0, 5.0),
        "theta": FloatRange(0.5, 1.0),
        "keep": FloatRange(0.0, 1.0),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.gamma >= 0, "gamma", "an exponent, 0 or more")
        self.require(0 < self.theta <= 1, "theta", "a share over 0, at most 1")
        self.require(0 <= self.keep <= 1, "keep", "a share from 0 to 1")
        self.require(self.consolidate in ("task", "phase"), "consolidate", "'task' or 'phase'")


@register
@dataclass
class LifeAlign(ER):
    """FPO in the preference phase, SLMC on every LoRA matrix, replay in both phases."""

    history: dict[str, list[torch.Tensor]] = field(default_factory=dict)
    _before: dict[str, torch.Tensor] = field(default_factory=dict)

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="lifealign",
        version="1",
        title="LifeAlign",
        paper="arXiv 2509.17183 (AAAI-26)",
        keeps=frozenset({"examples", "parameters"}),
        distribution=frozenset({"ddp"}),
        neutral={"fpo": False, "theta": 1.0, "keep": 1.0, "buffer_fraction": 0.0},
        active={},
    )
    Config: ClassVar[type[MethodConfig]] = LifeAlignConfig

    @property
    def _consolidates(self) -> bool:
        return bool(self.config.slmc and (self.config.theta < 1 or self.config.keep < 1))

    def preference_loss(self, ctx: StageContext, batch: Batch) -> torch.Tensor:
        """FPO: -(1 - s)^gamma log s with s = sigmoid(z), one value per pair."""
        if not self.config.fpo:
            return super().preference_loss(ctx, batch)
        return losses.fpo(ctx.margins(batch), self.config.gamma)

    def before_stage(self, ctx: StageContext) -> None:
        """Note the weights from which the short-term memory is measured."""
        if self.config.consolidate == "task":
            self._note(ctx)

    def before_phase(self, ctx: StageContext) -> None:
        """Note the weights, where every phase is consolidated by itself."""
        if self.config.consolidate == "phase":
            self._note(ctx)

    def after_phase(self, ctx: StageContext) -> None:
        """Consolidate, where every phase is consolidated by itself."""
        if self.config.consolidate == "phase":
            self._consolidate(ctx)

    def after_stage(self, ctx: StageContext) -> None:
        """Consolidate the task; the consolidated weights are what is saved, evaluated and carried on."""
        if self.config.consolidate == "task":
            self._consolidate(ctx)

    def _note(self, ctx: StageContext) -> None:
        if self._consolidates:
            self._before = {name: value.detach().clone() for name, value in ctx.trainable.items()}

    def _consolidate(self, ctx: StageContext) -> None:
        if not self._consolidates:
            return
        from lifealign_bench.methods.consolidation import consolidate, kept_of, shrink

        for name, parameter in ctx.trainable.items():
            before = self._before[name]
            past = self.history.setdefault(name, [])
            value, update = consolidate(before, parameter.detach(), past, self.config.theta, self.config.keep)
            rank, share = kept_of(before, parameter.detach(), update, self.config.theta)
            ctx.log("slmc/rank", rank)
            ctx.log("slmc/projected_away", share)
            if self.config.shrink:
                update = shrink(parameter.detach() - before, update.norm())
                value = before + update
            parameter.data.copy_(value)
            past.append(update.detach().cpu().clone())
        self._before = {}

    def save(self, folder: Path) -> None:
        """The buffer, and `history.safetensors`: one tensor (entries, *shape) per matrix."""
        super().save(folder)
        from lifealign_bench.methods.tensors import save_tensors

        save_tensors(_stacked(self.history), folder / "history.safetensors")

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        super().load(folder)
        from lifealign_bench.methods.tensors import load_tensors

        stacked = load_tensors(folder / "history.safetensors")
        self.history = {name: list(value.unbind(0)) for name, value in stacked.items()}


def _stacked(history: Mapping[str, list[torch.Tensor]]) -> dict[str, torch.Tensor]:
    import torch

    return {name: torch.stack(entries) for name, entries in history.items() if entries}
