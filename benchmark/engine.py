"""The local engine: walks the run graph, one node after the other here or several in processes beside this one.

Any number of such walks, of any machines, may share one store: each computes what no other one holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lifealign_bench.benchmark.computing import Computing, Work
from lifealign_bench.benchmark.cost import machine
from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.listening import Failure, Listener, Outcome, State, Unwatched
from lifealign_bench.benchmark.nodes import run_node
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.walk import Pause, Walk
from lifealign_bench.benchmark.world import LoadedWorld

if TYPE_CHECKING:
    from lifealign_bench.benchmark.pool import Pool

EVALUATIONS = ("pairs", "answers", "verdicts", "capability", "divergence", "safety")

__all__ = [
    "EVALUATIONS",
    "Failure",
    "Listener",
    "Outcome",
    "State",
    "Unwatched",
    "Work",
    "remaining",
    "run_graph",
]


def run_graph(
    graph: Graph, world: LoadedWorld, store: Store, listener: Listener, workers: int = 1, work: Work = run_node
) -> Outcome:
    """Compute every node that the store does not have; a failed node takes only its descendants with it.

    workers: how many nodes are computed at once, each by a process of its own where there are several. It changes no
    byte of any node. work: what computes a node into an empty folder.

    Raises:
        StoreError: the store cannot be written (disk full, no rights); nothing could be kept after that.
    """
    store.sweep()
    if workers > 1:
        return _side_by_side(graph, world, store, listener, workers, work)
    walk = Walk(graph, graph.in_order(), store, listener)
    computing = Computing(world, store, listener, machine(), work)
    pause = Pause()
    while walk.ahead:
        moved = [_one(node, walk, computing) for node in list(walk.ahead.values())]
        if any(moved):
            pause.reset()
        else:
            pause.wait()
    return walk.outcome


def _one(node: Node, walk: Walk, computing: Computing) -> bool:
    """Settle a node if that is possible now; whether anything came to pass."""
    if not walk.ready(node):
        return False
    if walk.settled(node):
        return True
    ended = computing.attempt(node)
    if ended.state is None:
        walk.put_off(node)
        return False
    walk.settle(node, ended.state, ended.failure)
    return True


def _side_by_side(
    graph: Graph, world: LoadedWorld, store: Store, listener: Listener, workers: int, work: Work
) -> Outcome:
    from lifealign_bench.benchmark.pool import Pool

    # Training first: stages hang on stages, and evaluations fill whatever time is left.
    walk = Walk(graph, sorted(graph.in_order(), key=lambda node: node.kind in EVALUATIONS), store, listener)
    pause = Pause()
    with Pool(workers, world, store, machine(), work) as pool:
        while walk.ahead:
            moved = []
            for node in walk.open():
                # Whatever else is open waits for a worker, or is looked at when there is one.
                if pool.full:
                    break
                moved.append(_hand_out(node, walk, pool))
            for node, answer in pool.ended(listener):
                if answer.state is None:
                    walk.put_off(node)
                else:
                    walk.settle(node, answer.state, answer.failure)
                    moved.append(True)
            if any(moved):
                pause.reset()
            elif not pool.running:
                pause.wait()
    return walk.outcome


def _hand_out(node: Node, walk: Walk, pool: Pool) -> bool:
    """Settle a node or give it to a worker, if that is possible now; whether anything came to pass."""
    if not walk.ready(node) or node in pool.running:
        return False
    if walk.settled(node):
        return True
    if (holder := walk.store.holder(node.key)) is not None:
        walk.listener.waiting(node, holder)
        walk.put_off(node)
        return False
    pool.submit(node)
    return True


def remaining(nodes: Iterable[Node], store: Store) -> Sequence[Node]:
    """The nodes that the store does not have yet."""
    return [node for node in nodes if not store.has(node.key)]
