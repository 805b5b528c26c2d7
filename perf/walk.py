"""What it costs to know which nodes are open, over looking at every node that is left after each that settles.

The graph is that of a board: chains of six stages, twelve evaluations on each. Both sides settle all its nodes in the
same order; printed are CPU seconds of both and their ratio, for growing graphs.

    python perf/walk.py [--chains 10 40]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.listening import Unwatched
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.walk import Walk

STAGES, EVALUATIONS = 6, 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, nargs="+", default=[10, 40])
    with tempfile.TemporaryDirectory() as folder:
        for chains in parser.parse_args().chains:
            graph = board(chains)
            kept, looked = (cpu_s(graph, Path(folder), next_of) for next_of in (first_open, first_found))
            ratio = f"ratio {kept / looked:.3f}"
            print(f"{len(graph.nodes):,} nodes: kept up {kept:.3f} s, looked at all {looked:.3f} s, {ratio}")


def board(chains: int) -> Graph:
    graph = Graph()
    for chain in range(chains):
        before: dict[str, str] = {}
        for stage in range(STAGES):
            node = graph.add(Node("train", {"chain": chain, "stage": stage}, before))
            before = {"policy": node.key}
            for number in range(EVALUATIONS):
                graph.add(Node("pairs", {"number": number}, {"policy": node.key}))
    return graph


def cpu_s(graph: Graph, folder: Path, next_of: Callable[[Walk], Node]) -> float:
    for node in graph.in_order():
        _ = node.key
    begun = time.process_time()
    walk = Walk(graph, graph.in_order(), Store(folder), Unwatched())
    while walk.ahead:
        walk.settle(next_of(walk), "done")
    return time.process_time() - begun


def first_open(walk: Walk) -> Node:
    return walk.open()[0]


def first_found(walk: Walk) -> Node:
    """The baseline: every node that is left is asked whether its parents are settled."""
    settled = walk.outcome.states
    ready = [node for node in walk.ahead.values() if all(parent in settled for parent in node.parents.values())]
    return ready[0]


if __name__ == "__main__":
    main()
