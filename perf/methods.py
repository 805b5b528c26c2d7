"""What a step of each method costs: CPU time of an optimiser step of the second task, as a ratio to SeqFT's.

Both tasks are of the miniature world, 32 pairs each; methods are measured in turns, and printed is the median of some
repetitions. What a method does once a task (Fisher values, consolidation) is printed beside it, in SeqFT's steps.

    python perf/methods.py [--repeat 3]
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifealign_bench.benchmark.conformance_bench import Bench
    from lifealign_bench.methods import Method

TASKS = ("mini-harmless", "mini-helpful")


def main() -> None:
    from lifealign_bench.benchmark.conformance_bench import Bench
    from lifealign_bench.benchmark.environment import settle_process
    from lifealign_bench.methods import find_method, method_names

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    settle_process(1)
    bench = Bench("mini", TASKS)
    known = {name: find_method(name).method for name in method_names()}
    methods = {name: method for name, method in known.items() if method.spec.schedule == "sequential"}
    found = {name: [] for name in methods}
    for _ in range(repeat + 1):
        for name, method in methods.items():
            found[name].append(measured(bench, method))
    step = {name: statistics.median(row[0] for row in rows[1:]) for name, rows in found.items()}
    once = {name: statistics.median(row[1] for row in rows[1:]) for name, rows in found.items()}
    for name in methods:
        print(
            f"{name}: a step {step[name] / step['seqft']:.2f} of SeqFT's, once a task {once[name] / step['seqft']:.1f}"
        )


def measured(bench: Bench, method: type[Method]) -> tuple[float, float]:
    """CPU seconds of one step of task 2, and of what is done once after it."""
    from lifealign_bench.benchmark.conformance_bench import copied
    from lifealign_bench.benchmark.nodes import learn

    adapter = method()
    first = bench.stage(adapter, TASKS[:1], None)
    learn(first)
    adapter.remember(first)
    stage = bench.stage(adapter, TASKS, copied(first))
    adapter.before_stage(stage)
    began = time.process_time()
    adapter.train_stage(stage)
    trained = time.process_time()
    adapter.after_stage(stage)
    adapter.remember(stage)
    ended = time.process_time()
    return (trained - began) / sum(stage.report.steps.values()), ended - trained


if __name__ == "__main__":
    main()
