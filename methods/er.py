"""Experience replay: a buffer of past pairs mixed into both phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from lifealign_bench.data.rows import Pair
from lifealign_bench.methods.base import Method, MethodConfig, MethodSpec
from lifealign_bench.methods.context import StageContext
from lifealign_bench.methods.registry import register
from lifealign_bench.methods.replay import ReplayBuffer
from lifealign_bench.methods.search import FloatRange, SearchSpace


@dataclass(frozen=True, kw_only=True)
class ReplayConfig(MethodConfig):
    """buffer_fraction: share of a task's pairs that are kept. buffer_cap: pairs kept in all."""

    buffer_fraction: float = 0.2
    buffer_cap: int = 3000

    search_space: ClassVar[SearchSpace] = {"buffer_fraction": FloatRange(0.05, 0.5)}

    def __post_init__(self) -> None:
        self.require(0 <= self.buffer_fraction <= 1, "buffer_fraction", "a share from 0 to 1")
        self.require(self.buffer_cap >= 0, "buffer_cap", "a number of pairs, 0 or more")


@register
@dataclass
class ER(Method):
    """After task k, a seeded reservoir sample of its pairs; concatenated with the rows of every later task."""

    buffer: ReplayBuffer = field(default_factory=ReplayBuffer)

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="er",
        version="1",
        title="Experience replay",
        paper="arXiv 1811.11682; setting of arXiv 2509.17183",
        keeps=frozenset({"examples"}),
        first_task_plain=True,
        distribution=frozenset({"ddp"}),
        neutral={"buffer_fraction": 0.0},
        active={"buffer_fraction": 0.5},
    )
    Config: ClassVar[type[MethodConfig]] = ReplayConfig

    def training_data(self, ctx: StageContext) -> Sequence[Pair]:
        """The task's rows, then the buffer's."""
        return (*ctx.rows, *ctx.recall(self.buffer.pair_ids)) if self.buffer.pair_ids else ctx.rows

    def remember(self, ctx: StageContext) -> None:
        """Sample the task just learned."""
        config = self.config
        seed = ctx.generator("replay").initial_seed()
        pair_ids = [pair.pair_id for pair in ctx.rows]
        self.buffer = self.buffer.add(ctx.task, pair_ids, config.buffer_fraction, config.buffer_cap, seed)

    def save(self, folder: Path) -> None:
        """`buffer.json`: the kept pair ids by task."""
        self.buffer.save(folder / "buffer.json")

    def load(self, folder: Path) -> None:
        """Read `buffer.json`."""
        self.buffer = ReplayBuffer.load(folder / "buffer.json")
