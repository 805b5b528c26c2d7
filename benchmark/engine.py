"""The local engine: walks the run graph, one node after the other here or several in processes beside this one."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

from lifealign_bench.benchmark.cost import CostMeter, machine
from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.nodes import run_node
from lifealign_bench.benchmark.store import Store, StoreError
from lifealign_bench.benchmark.workshop import Workshop
from lifealign_bench.benchmark.world import LoadedWorld
from lifealign_bench.data.errors import LifeAlignError

EVALUATIONS = ("pairs", "answers", "verdicts", "capability", "divergence")
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


class Unwatched:
    """A listener for a graph that nobody watches."""

    def started(self, node: Node) -> None:
        """See `Listener`."""

    def progressed(self, node: Node, what: str, done: int, total: int, loss: float | None) -> None:
        """See `Listener`."""

    def waiting(self, node: Node) -> None:
        """See `Listener`."""

    def ended(self, node: Node, state: State) -> None:
        """See `Listener`."""


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


def run_graph(graph: Graph, world: LoadedWorld, store: Store, listener: Listener, workers: int = 1) -> Outcome:
    """Compute every node that the store does not have; a failed node takes only its descendants with it.

    workers: how many nodes are computed at once, each by a process of its own where there are several. It changes no
    byte of any node.

    Raises:
        StoreError: the store cannot be written (disk full, no rights); nothing could be kept after that.
    """
    store.sweep()
    if workers > 1:
        return _side_by_side(graph, world, store, listener, workers)
    outcome = Outcome()
    around = machine()
    for node in graph.in_order():
        state = _known_state(node, outcome, store)
        if state is None:
            listener.started(node)
            state = compute(node, world, store, listener, outcome.failures, around)
        outcome.states[node.key] = state
        listener.ended(node, state)
    return outcome


def _side_by_side(graph: Graph, world: LoadedWorld, store: Store, listener: Listener, workers: int) -> Outcome:
    from lifealign_bench.benchmark.pool import Pool

    outcome = Outcome()
    with Pool(workers, world, store, machine()) as pool:
        # Training first: stages hang on stages, and evaluations fill whatever time is left.
        ahead = sorted(graph.in_order(), key=lambda node: node.kind in EVALUATIONS)
        while ahead or pool.running:
            later = []
            for node in ahead:
                if pool.full or not all(parent in outcome.states for parent in node.parents.values()):
                    later.append(node)
                elif (state := _known_state(node, outcome, store)) is not None:
                    outcome.states[node.key] = state
                    listener.ended(node, state)
                else:
                    listener.started(node)
                    pool.submit(node)
            ahead = later
            for node, answer in pool.ended(listener):
                outcome.states[node.key] = answer.state
                outcome.failures += [answer.failure] if answer.failure is not None else []
                listener.ended(node, answer.state)
    return outcome


def _known_state(node: Node, outcome: Outcome, store: Store) -> State | None:
    """What a node comes to without being computed, None if it has to be."""
    if any(outcome.states[parent] in ("failed", "skipped") for parent in node.parents.values()):
        return "skipped"
    return "cached" if store.has(node.key) else None


def remaining(nodes: Iterable[Node], store: Store) -> Sequence[Node]:
    """The nodes that the store does not have yet."""
    return [node for node in nodes if not store.has(node.key)]


def compute(
    node: Node,
    world: LoadedWorld,
    store: Store,
    listener: Listener,
    failures: list[Failure],
    around: Mapping[str, object],
) -> State:
    """Compute one node into the store unless another process did so meanwhile; a failure is added to `failures`.

    Raises:
        StoreError: the store cannot be written.
    """

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
        kept = {"label": node.label, "started": started, "cost": meter.cost.to_dict(), "machine": dict(around)}
        store.write_provenance(node.key, kept)
        return "done"
