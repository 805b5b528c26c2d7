"""What measuring costs: CPU time of a meter around a process that sleeps, as a share of wall time.

Printed is the median of some repetitions beside its limit; a busy machine gives worse numbers.

    python perf/cost_meter.py [--repeat 5]
"""

from __future__ import annotations

import time

from _repeated import median_of

LIMIT = 0.02


def main() -> None:
    share = median_of(measured, __doc__)
    print(f"cost meter: {share:.4f} of the wall time as CPU time (at most {LIMIT})")


def measured() -> float:
    from lifealign_bench.benchmark.cost import CostMeter

    with CostMeter() as meter:
        time.sleep(1)
    return meter.cost.cpu_s / meter.cost.wall_s


if __name__ == "__main__":
    main()
