"""What measuring costs: CPU time of a meter around a process that sleeps, as a share of wall time.

Printed is the median of some repetitions beside its limit; a busy machine gives worse numbers.

    python perf/cost_meter.py [--repeat 5]
"""

from __future__ import annotations

import argparse
import statistics
import time

LIMIT = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    shares = [measured() for _ in range(parser.parse_args().repeat)]
    print(f"cost meter: {statistics.median(shares):.4f} of the wall time as CPU time (at most {LIMIT})")


def measured() -> float:
    from lifealign_bench.benchmark.cost import CostMeter

    with CostMeter() as meter:
        time.sleep(1)
    return meter.cost.cpu_s / meter.cost.wall_s


if __name__ == "__main__":
    main()
