"""What is told while a graph is computed, and what has become of every node at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from lifealign_bench.benchmark.graph import Node

State = Literal["cached", "done", "failed", "skipped"]


class Listener(Protocol):
    """Somebody who watches a graph being computed."""

    def started(self, node: Node) -> None:
        """A node that is not cached begins."""

    def progressed(self, node: Node, what: str, done: int, total: int, loss: float | None) -> None:
        """A node has done `done` of `total` steps of `what`."""

    def waiting(self, node: Node, holder: str) -> None:
        """Another process holds the node; told again from time to time, with the same holder or the next one."""

    def damaged(self, node: Node, problems: Sequence[str]) -> None:
        """A finished node's bytes are not what they were; it was taken out and is computed again."""

    def ended(self, node: Node, state: State) -> None:
        """A node is finished, failed, or skipped because a parent failed."""


class Unwatched:
    """A listener for a graph that nobody watches."""

    def started(self, node: Node) -> None:
        """See `Listener`."""

    def progressed(self, node: Node, what: str, done: int, total: int, loss: float | None) -> None:
        """See `Listener`."""

    def waiting(self, node: Node, holder: str) -> None:
        """See `Listener`."""

    def damaged(self, node: Node, problems: Sequence[str]) -> None:
        """See `Listener`."""

    def ended(self, node: Node, state: State) -> None:
        """See `Listener`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A node that raised: the message for people and the traceback for `--debug`.

    damaged: the parent that was found damaged, and what is wrong with it, where that was the reason.
    """

    node: Node
    message: str
    details: str
    damaged: tuple[str, tuple[str, ...]] | None = None


@dataclass
class Outcome:
    """What became of every node."""

    states: dict[str, State] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def finished(self, nodes: Iterable[Node]) -> bool:
        """Whether all of these nodes have a result."""
        return all(self.states.get(node.key) in ("cached", "done") for node in nodes)

    def count(self, state: State) -> int:
        """How many nodes ended so."""
        return sum(found == state for found in self.states.values())
