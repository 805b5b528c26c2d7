"""Another way to choose what is replayed: a task's first pairs in the order of its rows, whatever the seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from lifealign_bench.methods.base import MethodSpec
from lifealign_bench.methods.context import StageContext
from lifealign_bench.methods.er import ER
from lifealign_bench.methods.lifealign import LifeAlign
from lifealign_bench.methods.replay import ReplayBuffer, TaskSample


def first_pairs(buffer: ReplayBuffer, ctx: StageContext, fraction: float) -> ReplayBuffer:
    """The buffer with the first `fraction` of the pairs just learned."""
    kept = tuple(pair.pair_id for pair in ctx.rows[: max(1, round(fraction * len(ctx.rows)))])
    return ReplayBuffer((*buffer.samples, TaskSample(ctx.task, kept)))


@dataclass
class FixedER(ER):
    """Experience replay of each task's first pairs."""

    spec: ClassVar[MethodSpec] = replace(ER.spec, name="fixed-er")

    def remember(self, ctx: StageContext) -> None:
        """Keep the first pairs."""
        self.buffer = first_pairs(self.buffer, ctx, self.config.buffer_fraction)


@dataclass
class FixedLifeAlign(LifeAlign):
    """LifeAlign with each task's first pairs in its buffer."""

    spec: ClassVar[MethodSpec] = replace(LifeAlign.spec, name="fixed-lifealign")

    def remember(self, ctx: StageContext) -> None:
        """Keep the first pairs."""
        self.buffer = first_pairs(self.buffer, ctx, self.config.buffer_fraction)
