"""What planning costs, and what a plan could gain from more machines.

Counted: 50 methods, all 720 orders of six tasks, three seeds, in a process of its own (seconds, peak memory). Built:
the seconds for each distinct node of plans of more and more orders. Simulated: the study of ten methods, six orders and
three seeds on 1 to 1,000 workers under a clock that only the nodes' estimated seconds move; the makespan beside the two
bounds that no schedule can beat, all work shared evenly and the longest chain of nodes.

    python perf/plan.py
"""

from __future__ import annotations

import heapq
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifealign_bench.benchmark.graph import Graph
    from lifealign_bench.benchmark.plan import Plan
    from lifealign_bench.benchmark.suite import Suite

METHODS, SEEDS = 50, 3
MOST_SECONDS, MOST_BYTES = 20.0, 2 * 2**30
ORDERS = (2, 4, 8, 16, 32)
SETTINGS = (
    ("er", "buffer_fraction"),
    ("ewc", "strength"),
    ("olora", "strength"),
    ("gem", "margin"),
    ("cppo", "drift"),
)
WORKERS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def main() -> None:
    if "--count" in sys.argv:
        count()
        return
    # A peak is a whole process' highest: this one is started afresh.
    subprocess.run([sys.executable, "-P", __file__, "--count"], check=True)
    growth()
    simulate()


def wide(orders: str, methods: int, seeds: int) -> Suite:
    """The paper's protocol with many methods: the ten that ship, then those that have settings with others of them."""
    from lifealign_bench.benchmark.suite import load_suite

    suite = load_suite("paper")
    entries = [{"name": entry.name} for entry in suite.methods[:methods]]
    for number in range(methods - len(entries)):
        name, field = SETTINGS[number % len(SETTINGS)]
        entries.append({"name": name, "label": f"{name}-{number}", "config": {field: 0.001 * (1 + number)}})
    changes = {"methods": entries, "orders": orders, "seeds": list(range(seeds)), "capability": [], "judge": None}
    return suite.with_overrides(changes)


def count() -> None:
    """Count the plan of 108,000 runs."""
    from lifealign_bench.benchmark.cost import CostMeter
    from lifealign_bench.benchmark.plan_counting import numbers_of
    from lifealign_bench.benchmark.world import outline_world

    suite = wide("all", METHODS, SEEDS)
    with CostMeter() as meter:
        counts = numbers_of(suite, outline_world(suite), None, "cuda")
    distinct, planned = sum(counts.distinct.values()), sum(counts.planned.values())
    print(f"counted: {counts.runs:,} runs, {planned:,} nodes planned, {distinct:,} distinct")
    seconds, peak = meter.cost.cpu_s, meter.cost.peak_memory_bytes
    print(f"  {seconds:.1f} CPU s, {meter.cost.wall_s:.1f} s (at most {MOST_SECONDS:g})")
    print(f"  {peak / 2**30:.2f} GiB at the most (at most {MOST_BYTES / 2**30:g})")


def growth() -> None:
    """Build plans of more and more orders."""
    from lifealign_bench.benchmark.plan import make_plan
    from lifealign_bench.benchmark.world import outline_world

    print("built: orders, distinct nodes, CPU s, microseconds a distinct node")
    for orders in ORDERS:
        suite = wide(f"random:{orders}", 10, 1)
        began = time.process_time()
        plan = make_plan(suite, outline_world(suite))
        # The key of every node, too, is part of a plan.
        distinct = len(plan.graph.nodes)
        spent = time.process_time() - began
        print(f"  {orders:3d} {distinct:7,d} {spent:6.2f} {1e6 * spent / distinct:6.0f}")


def simulate() -> None:
    """The makespans of a full study."""
    from lifealign_bench.benchmark.plan import make_plan
    from lifealign_bench.benchmark.suite import load_suite
    from lifealign_bench.benchmark.world import outline_world

    suite = load_suite("paper").with_overrides({"orders": "williams", "seeds": [0, 1, 2]})
    plan = make_plan(suite, outline_world(suite))
    seconds = seconds_of(plan)
    whole, chain = sum(seconds.values()), longest_chain(plan.graph, seconds)
    print(f"simulated: {len(plan.runs)} runs, {len(seconds):,} nodes, {whole / 3600:,.0f} h of work in all at the ")
    print(f"  {suite.limits.assumed_tflops:g} TFLOP/s that the suite assumes; longest chain {chain / 3600:,.1f} h")
    print("  workers, hours, of the bound max(work / workers, longest chain)")
    for workers in WORKERS:
        found, bound = makespan(plan.graph, seconds, workers), max(whole / workers, chain)
        print(f"  {workers:5d} {found / 3600:10,.1f} {found / bound:6.3f}")


def seconds_of(plan: Plan) -> dict[str, float]:
    """The estimated seconds of every node on the GPU that the suite assumes."""
    from lifealign_bench.benchmark.estimate import operations, sizes_of

    sizes, rate = sizes_of(plan.suite), plan.suite.limits.assumed_tflops * 1e12
    return {node.key: operations(node, plan.suite, sizes) / rate for node in plan.graph.in_order()}


def longest_chain(graph: Graph, seconds: Mapping[str, float]) -> float:
    """Seconds of the longest chain of nodes that wait for each other."""
    ends: dict[str, float] = {}
    for node in graph.in_order():
        ends[node.key] = seconds[node.key] + max((ends[parent] for parent in node.parents.values()), default=0.0)
    return max(ends.values())


def makespan(graph: Graph, seconds: Mapping[str, float], workers: int) -> float:
    """Seconds until all is done where a free worker takes the node that has been ready for longest, training first."""
    from lifealign_bench.benchmark.engine import EVALUATIONS

    waits, children = {}, {}
    for node in graph.in_order():
        parents = set(node.parents.values())
        waits[node.key] = len(parents)
        for parent in parents:
            children.setdefault(parent, []).append(node)
    training, evaluating = deque(), deque()

    def ready(node: object) -> None:
        (evaluating if node.kind in EVALUATIONS else training).append(node)

    for node in graph.in_order():
        if not waits[node.key]:
            ready(node)
    clock, running = 0.0, []
    while training or evaluating or running:
        while len(running) < workers and (training or evaluating):
            node = training.popleft() if training else evaluating.popleft()
            heapq.heappush(running, (clock + seconds[node.key], node.key))
        clock, key = heapq.heappop(running)
        for child in children.get(key, []):
            waits[child.key] -= 1
            if not waits[child.key]:
                ready(child)
    return clock


if __name__ == "__main__":
    main()
