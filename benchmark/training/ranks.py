"""The processes that learn one stage together: how they split its batches and agree on what they log.

The micro-batches are those of one process; each global batch's are dealt out in turn. A process that is left without
one repeats a micro-batch that weighs nothing, so that all of them take part in every exchange of gradients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch.utils.data import Sampler

from lifealign_bench.benchmark.suite_parts import Strategy


@dataclass(frozen=True, slots=True)
class Part:
    """A micro-batch of one process.

    rows: places of its rows in the phase's data. of: how many micro-batches the global batch has. weight: 1, or 0
    where the process only keeps step.
    """

    rows: tuple[int, ...]
    of: int
    weight: int


@dataclass(frozen=True, slots=True)
class Ranks:
    """Which of how many processes this one is (`rank` from 0), and how they share the model."""

    count: int = 1
    rank: int = 0
    strategy: Strategy = "ddp"
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def alone(self) -> bool:
        """Whether one process learns the stage by itself."""
        return self.count == 1

    def mean_of(self, means: Mapping[str, float]) -> dict[str, float]:
        """The mean of each number over the processes that have it; all processes have to ask."""
        if self.alone:
            return dict(means)
        return mean_by_name(self._gathered(dict(means)))

    def sum_of(self, counts: Mapping[str, int]) -> dict[str, int]:
        """The sum of each count over the processes; all processes have to ask."""
        if self.alone:
            return dict(counts)
        return {name: sum(each[name] for each in self._gathered(dict(counts))) for name in counts}

    def _gathered(self, own: dict[str, Any]) -> list[dict[str, Any]]:
        import torch.distributed as together

        found: list[Any] = [None] * self.count
        together.all_gather_object(found, own)
        return found


ALONE = Ranks()


def mean_by_name(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of every name over the mappings that have it, names in the order of their first appearance."""
    names = dict.fromkeys(name for means in each for name in means)
    found = {}
    for name in names:
        values = [means[name] for means in each if name in means]
        found[name] = sum(values) / len(values)
    return found


def parts_of(order: Sequence[int], micro: int, batch: int, ranks: Ranks) -> list[Part]:
    """The micro-batches of one process in one epoch over rows in this order; as many for every process.

    micro: rows of a micro-batch; batch: rows of a global batch, a multiple of micro * ranks.count. Each global batch's
    micro-batches are those that one process would make of it.
    """
    found = []
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        whole = [tuple(rows[place : place + micro]) for place in range(0, len(rows), micro)]
        for place in range(ranks.rank, -(-len(whole) // ranks.count) * ranks.count, ranks.count):
            own = place < len(whole)
            found.append(Part(whole[place] if own else whole[0], len(whole), int(own)))
    return found


class SharedOrder(Sampler[Part]):
    """The parts of one process, epoch after epoch, of the very order that one process would draw."""

    def __init__(self, rows: int, micro: int, batch: int, seed: int, ranks: Ranks) -> None:
        from accelerate.data_loader import SeedableRandomSampler

        self._order = SeedableRandomSampler(range(rows), data_seed=seed)
        self._parts = (micro, batch, ranks)
        self._length = len(parts_of(range(rows), *self._parts))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Part]:
        yield from parts_of(list(self._order), *self._parts)
