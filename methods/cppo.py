"""CPPO, adapted to DPO: pairs are weighted by what the policy makes of them, and drift from the old policy is paid for.

Source: Zhang et al. (ICLR 2024), "CPPO: Continual Learning for Reinforcement Learning with Human Feedback". There the
weights depend on a reward and on the probability of a rollout; here on a pair's margin and its chosen answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from lifealign_bench.methods import losses
from lifealign_bench.methods.base import Method, MethodConfig, MethodSpec
from lifealign_bench.methods.context import Batch, StageContext
from lifealign_bench.methods.registry import register
from lifealign_bench.methods.search import FloatRange, SearchSpace

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class CPPOConfig(MethodConfig):
    """drift: weight of the mean squared drift. high, low: what a raised and a lowered weight is."""

    drift: float = 0.1
    high: float = 2.0
    low: float = 0.5

    search_space: ClassVar[SearchSpace] = {"drift": FloatRange(0.01, 10.0, log=True)}

    def __post_init__(self) -> None:
        self.require(self.drift >= 0, "drift", "a weight, 0 or more")
        self.require(self.low > 0, "low", "a weight over 0")
        self.require(self.high >= self.low, "high", "a weight of at least `low`")


@dataclass
class Running:
    """Mean and standard deviation of all values seen so far (Welford, 1962)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, values: list[float]) -> None:
        """Take more values in."""
        for value in values:
            self.count += 1
            before = value - self.mean
            self.mean += before / self.count
            self.squares += before * (value - self.mean)

    @property
    def bounds(self) -> tuple[float, float]:
        """Mean less and plus one standard deviation; nothing is outside of them before there are two values."""
        if self.count < 2:
            return -math.inf, math.inf
        deviation = math.sqrt(self.squares / (self.count - 1))
        return self.mean - deviation, self.mean + deviation


@register
@dataclass
class CPPO(Method):
    """Preference loss a * DPO + drift * b * mean squared drift, one value a pair.

    The drift is that of the log-probability per token from the policy at the start of the task, over both answers.
    (a, b) by margin z and chosen log-probability per token, high and low being outside of mean +- one standard
    deviation of all pairs of the phase so far: both high (high, high); one high and the other low (high, low); both
    low (low, low); else (1, 1).
    """

    _margins: Running = field(default_factory=Running)
    _likelihoods: Running = field(default_factory=Running)
    _old: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="cppo",
        version="1",
        title="CPPO (on DPO)",
        paper="ICLR 2024; setting of arXiv 2509.17183",
        fidelity="adapted",
        keeps=frozenset({"parameters"}),
        neutral={"drift": 0.0, "high": 1.0, "low": 1.0},
        active={},
    )
    Config: ClassVar[type[MethodConfig]] = CPPOConfig

    def before_phase(self, ctx: StageContext) -> None:
        """Statistics start anew; the old policy is asked once about every pair."""
        self._margins, self._likelihoods = Running(), Running()
        if ctx.phase == "preference" and self.config.drift > 0:
            self._old = ctx.logps(ctx.rows, "start")

    def after_stage(self, ctx: StageContext) -> None:
        """Nothing of this task is needed in the next."""
        self._old = {}

    def preference_loss(self, ctx: StageContext, batch: Batch) -> torch.Tensor:
        """Weighted DPO and drift."""
        import torch

        token_logps = ctx.token_logps(batch)
        margins = ctx.margins(batch, token_logps)
        lengths = losses.completion_mask(batch.labels).sum(dim=1).clamp_min(1).to(token_logps)
        per_token = token_logps.sum(dim=1) / lengths
        chosen, _ = per_token.chunk(2)
        weights = torch.tensor(self._weights(margins.tolist(), chosen.tolist())).to(margins)
        found = weights[:, 0] * losses.dpo(margins)
        if self.config.drift > 0:
            old = torch.tensor([self._old[pair.pair_id] for pair in batch.pairs]).T.flatten().to(per_token)
            drift = (per_token - old / lengths).square().view(2, -1).mean(dim=0)
            found = found + self.config.drift * weights[:, 1] * drift
            ctx.log("cppo/drift", float(drift.detach().mean()))
        return found

    def _weights(self, margins: list[float], likelihoods: list[float]) -> list[tuple[float, float]]:
        self._margins.add(margins)
        self._likelihoods.add(likelihoods)
        sides = zip(_sides(margins, self._margins), _sides(likelihoods, self._likelihoods), strict=True)
        return [self._weight(margin, likelihood) for margin, likelihood in sides]

    def _weight(self, margin: int, likelihood: int) -> tuple[float, float]:
        high, low = self.config.high, self.config.low
        if margin and likelihood:
            return {2: (high, high), 0: (high, low), -2: (low, low)}[margin + likelihood]
        return 1.0, 1.0


def _sides(values: list[float], seen: Running) -> list[int]:
    """1 above the bounds, -1 below, 0 between."""
    low, high = seen.bounds
    return [(value > high) - (value < low) for value in values]
