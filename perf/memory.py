"""How much each method stores after 1 to 12 tasks: bytes of its policy and of what it keeps beside it.

The tasks are the six of the miniature world, each cut in two, 16 pairs a task. A method whose row is flat stores the
same however many tasks it has learned.

    python perf/memory.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifealign_bench.benchmark.conformance_bench import Bench
    from lifealign_bench.methods import Method


def main() -> None:
    from lifealign_bench.benchmark.conformance import ALL_TASKS
    from lifealign_bench.benchmark.conformance_bench import Bench
    from lifealign_bench.benchmark.environment import settle_process
    from lifealign_bench.methods import find_method, method_names

    settle_process(1)
    bench = Bench("mini", ALL_TASKS)
    halves = {f"{task}/{half}": rows[half::2] for task, rows in bench.rows.items() for half in (0, 1)}
    bench.rows = dict(sorted(halves.items(), key=lambda item: item[0][-1]))
    print(f"{'kB after task':>14}", *(f"{step:>6}" for step in range(1, len(bench.rows) + 1)))
    for name in method_names():
        method = find_method(name).method
        if method.spec.schedule == "sequential":
            print(f"{name:>14}", *(f"{size / 1e3:>6.0f}" for size in curve(bench, method)))


def curve(bench: Bench, method: type[Method]) -> list[int]:
    from lifealign_bench.benchmark.conformance_bench import bytes_of, copied
    from lifealign_bench.benchmark.nodes import learn
    from lifealign_bench.benchmark.training.policy import save_policy

    adapter, weights, sizes = method(), None, []
    for step in range(1, len(bench.rows) + 1):
        stage = bench.stage(adapter, tuple(bench.rows)[:step], weights)
        learn(stage)
        weights = copied(stage)
        adapter.remember(stage)
        with tempfile.TemporaryDirectory() as folder:
            memory, policy = Path(folder) / "memory", Path(folder) / "policy"
            memory.mkdir()
            adapter.save(memory)
            save_policy(stage.model, policy)
            sizes.append(sum(len(content) for place in (memory, policy) for content in bytes_of(place).values()))
    return sizes


if __name__ == "__main__":
    main()
