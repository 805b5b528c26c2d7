"""What lm-eval adds to a run of the miniature world: at most 15 % of its time, here measured in one process.

One order of `mini` with SeqFT, its capability tasks asked of the base and of the last policy, in CPU seconds by kind of
node; the first node of each kind of library pays for importing it, lm-eval's share among them.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from lifealign_bench.benchmark.engine import Unwatched, run_graph
from lifealign_bench.benchmark.environment import settle_process
from lifealign_bench.benchmark.session import Overrides, overridden, session_of
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.data.mini.questions import QUESTIONS

MOST = 0.15


def main() -> None:
    settle_process(1)
    # `quick` halves the wait on a busy machine: three tasks have half of the nodes of six.
    name = "mini-quick" if "quick" in sys.argv[1:] else "mini"
    suite = overridden(load_suite(name), Overrides(methods=["seqft"]))
    orders = {"one": list(suite.task_names)}
    suite = suite.with_overrides({"orders": orders, "capability": list(QUESTIONS), "drift": "none"})
    with tempfile.TemporaryDirectory() as place:
        session = session_of(suite, Path(place), lambda text: None)
        outcome = run_graph(session.plan.graph, session.world, session.store, Unwatched())
        assert not outcome.failures, outcome.failures[0].details
        spent: Counter[str] = Counter()
        for node in session.plan.graph.in_order():
            spent[node.kind] += session.store.read_provenance(node.key)["cost"]["cpu_s"]
    asked = spent.pop("capability")
    ratio = asked / sum(spent.values())
    kinds = ", ".join(f"{kind} {seconds:.1f}" for kind, seconds in sorted(spent.items()))
    print(f"{name}: lm-eval {asked:.1f} CPU s beside {sum(spent.values()):.1f} ({kinds}): {100 * ratio:.1f} %")
    print(f"at most {100 * MOST:.0f} %: {'yes' if ratio <= MOST else 'NO'}")
    sys.exit(ratio > MOST)


if __name__ == "__main__":
    main()
