"""How many answers the oracle judges in a second of CPU time: chosen and rejected answers of all six miniature tasks.

Printed is the median of some repetitions beside its limit; a busy machine gives worse numbers.

    python perf/oracle.py [--repeat 5]
"""

from __future__ import annotations

import time

from _repeated import median_of

LIMIT = 5_000


def main() -> None:
    rate = median_of(measured, __doc__)
    print(
        f"oracle: {rate:,.0f} answers a second of CPU time, {rate / LIMIT:.1f} times the {LIMIT:,} that it must reach"
    )


def measured() -> float:
    from lifealign_bench.data.catalogue import load_card
    from lifealign_bench.data.mini.tasks import CONTRASTS, task_rows
    from lifealign_bench.judges.interface import JudgedItem
    from lifealign_bench.judges.oracle import Oracle

    items = [
        JudgedItem("p", task, load_card(task).rubric, (), answer, "", None, row.item.id)
        for task in CONTRASTS
        for row in task_rows(task, "evaluation", 0)
        for answer in (row.chosen, row.rejected)
    ]
    oracle, began = Oracle(0), time.process_time()
    oracle.judge(items)
    return len(items) / (time.process_time() - began)


if __name__ == "__main__":
    main()
