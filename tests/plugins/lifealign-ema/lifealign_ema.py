"""A moving average of the adapter's weights, as a method for LifeAlign Bench.

After optimiser step t, counted over all tasks of the run, p being the weights and m their average:

    m <- d * m + (1 - d) * p,   d = min(decay, 1 - 1 / (t + 1))

A young average is so the plain mean of all it has seen. At the end of a stage the average is what is kept: p <- m.
Source: Mean-ER, the one-average variant of CLS-ER (arXiv 2201.12604), without its replay and consistency loss;
there only the evaluated copy is averaged, here the next task also starts from the average.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from lifealign_bench.methods import Method, MethodConfig, MethodSpec, StageContext

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class EmaConfig(MethodConfig):
    """decay: share of the average that a step leaves in place, once the average is old enough."""

    decay: float = 0.98

    def __post_init__(self) -> None:
        self.require(0 <= self.decay < 1, "decay", "a share from 0 to below 1")


@dataclass
class Ema(Method):
    """Averages the trained weights after every step and keeps the average."""

    steps: int = 0
    _average: dict[str, torch.Tensor] = field(default_factory=dict)

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="ema",
        version="1",
        api=1,
        title="Moving average",
        paper="Mean-ER of arXiv 2201.12604, without replay",
        fidelity="adapted",
        keeps=frozenset({"statistics"}),  # the number of steps; the average itself is the policy
        neutral={"decay": 0.0},
        active={"decay": 0.9},
    )
    Config: ClassVar[type[MethodConfig]] = EmaConfig

    def before_stage(self, ctx: StageContext) -> None:
        """Take up the average where the last stage left it: in the weights."""
        self._average = {name: value.detach().clone() for name, value in ctx.trainable.items()}

    def after_step(self, ctx: StageContext) -> None:
        """Move the average towards the weights."""
        self.steps += 1
        decay = min(self.config.decay, 1 - 1 / (self.steps + 1))
        ctx.log("decay", decay)
        for name, value in ctx.trainable.items():
            self._average[name].lerp_(value.detach(), 1 - decay)

    def after_stage(self, ctx: StageContext) -> None:
        """Put the average in the place of the weights: it is saved, evaluated and carried on."""
        # Switched off is skipped, so that no rounding can come in.
        if self.config.decay > 0:
            for name, value in ctx.trainable.items():
                value.data.copy_(self._average[name])
        self._average = {}

    def save(self, folder: Path) -> None:
        """`average.safetensors`: how many steps the average has seen."""
        import torch
        from safetensors.torch import save_file

        save_file({"steps": torch.tensor(self.steps)}, folder / "average.safetensors")

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from safetensors.torch import load_file

        self.steps = int(load_file(folder / "average.safetensors")["steps"])
