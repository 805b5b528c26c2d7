"""What every node's work may use: the world, the store, its parents' folders, and typed access to its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.world import LoadedWorld
from lifealign_bench.data.errors import LifeAlignError

NodeProgress = Callable[[str, int, int, float | None], None]
"""Called with (what is being done, steps done, steps in all, loss or None)."""


class HarnessError(LifeAlignError):
    """The harness caught a method or a node in something that would make its result untrue."""


@dataclass(frozen=True)
class Workshop:
    """What every node's work may use."""

    world: LoadedWorld
    store: Store
    progress: NodeProgress

    def parent(self, node: Node, role: str) -> Path:
        """The finished folder of a parent."""
        return self.store.path(node.parents[role])

    def steps(self, what: str) -> Callable[[int, int], None]:
        """A progress callback for (done, in all)."""
        return lambda done, total: self.progress(what, done, total, None)


def int_of(node: Node, name: str) -> int:
    """An input that is a whole number."""
    return int(str(node.inputs[name]))


def list_of(node: Node, name: str) -> list[object]:
    """An input that is a list; raises `HarnessError` where it is none."""
    value = node.inputs[name]
    if not isinstance(value, list):
        raise HarnessError(f"{node.label}: input {name} is no list")
    return value
