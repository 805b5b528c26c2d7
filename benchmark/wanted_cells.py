"""Which cells of a run are evaluated."""

from __future__ import annotations

from collections.abc import Sequence

from lifealign_bench.benchmark.suite_parts import Cells


def evaluated_cells(cells: Cells, schedule: str, tasks: Sequence[str]) -> list[tuple[int, str]]:
    """The (step, task) cells of a run; row 0 always, for it is computed once for the whole board."""
    steps, last = range(1, len(tasks) + 1), len(tasks)
    zero = [(0, task) for task in tasks]
    if schedule == "isolated":
        return zero + [(step, tasks[step - 1]) for step in steps]
    if schedule == "joint":
        return zero + [(last, task) for task in tasks]

    def wanted(step: int, place: int) -> bool:
        return cells == "full" or (place <= step if cells == "seen" else step in (place, last))

    return zero + [(step, task) for step in steps for place, task in enumerate(tasks, 1) if wanted(step, place)]
