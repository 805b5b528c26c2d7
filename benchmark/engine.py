"""The local engine: walks the run graph in this process, one node after the other."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

from lifealign_bench.benchmark.cost import CostMeter, machine
from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.nodes import Workshop, run_node
from lifealign_bench.benchmark.store import Store, StoreError
from lifealign_bench.benchmark.world import LoadedWorld
from lifealign_bench.data.errors import LifeAlignError

State = Literal["cached", "done", "failed", "skipped"]


class Listener(Protocol):
    """Somebody who watches a graph being computed."""

    def started(self, node: Node) -> None:
        """A node that is not cached begins."""

    def progressed(self, node: Node, what: str, done: int, total: int, loss: float | None) -> None:
        """A node has done `done` of `total` steps of `what`."""

    def waiting(self, node: Node) -> None:
        """Another process holds the node."""

    def ended(self, node: Node, state: State) -> None:
        """A node is finished, failed, or skipped because a parent failed."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A node that raised: the message for people and the traceback for `--debug`."""

    node: Node
    message: str
    details: str


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


def run_graph(graph: Graph, world: LoadedWorld, store: Store, listener: Listener) -> Outcome:
    """Compute every node that the store does not have; a failed node takes only its descendants with it.

    Raises:
        StoreError: the store cannot be written (disk full, no rights); nothing could be kept after that.
    """
    store.sweep()
    outcome = Outcome()
    around = machine()
    for node in graph.in_order():
        if any(outcome.states[parent] in ("failed", "skipped") for parent in node.parents.values()):
            state: State = "skipped"
        elif store.has(node.key):
            state = "cached"
        else:
            listener.started(node)
            state = _compute(node, world, store, listener, outcome.failures, around)
        outcome.states[node.key] = state
        listener.ended(node, state)
    return outcome


def remaining(nodes: Iterable[Node], store: Store) -> Sequence[Node]:
    """The nodes that the store does not have yet."""
    return [node for node in nodes if not store.has(node.key)]


def _compute(
    node: Node,
    world: LoadedWorld,
    store: Store,
    listener: Listener,
    failures: list[Failure],
    around: dict[str, object],
) -> State:
    def progress(what: str, done: int, total: int, loss: float | None) -> None:
        listener.progressed(node, what, done, total, loss)

    with store.lock(node.key, waiting=lambda: listener.waiting(node)):
        if store.has(node.key):
            return "cached"
        started = datetime.now(UTC).isoformat()
        try:
            with CostMeter() as meter, store.write(node.key, node.kind, node.inputs, node.parents) as folder:
                run_node(node, Workshop(world, store, progress), folder, meter)
        except StoreError:
            raise
        # A method or a library may raise anything; all of it fails this node and nothing else.
        except Exception as error:  # noqa: BLE001
            message = str(error) if isinstance(error, LifeAlignError) else f"{type(error).__name__}: {error}"
            failures.append(Failure(node, message, traceback.format_exc()))
            return "failed"
        kept = {"label": node.label, "started": started, "cost": meter.cost.to_dict(), "machine": around}
        store.write_provenance(node.key, kept)
        return "done"
