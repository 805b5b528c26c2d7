"""What learning one task does to another: mean changes over all orders and positions."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from lifealign_bench.benchmark.matrix import Matrix

Changes = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Interference:
    """Mean change of task j (column) when task i (row) is learned; None where that never happened.

    learned: j had been learned before. not_yet: j had not. Both are T x T in the order of `tasks`.
    """

    tasks: tuple[str, ...]
    learned: Changes
    not_yet: Changes


def interference(matrices: Sequence[Matrix]) -> Interference:
    """From the matrices of one method in any orders of the same tasks; the diagonal, learning itself, is left out."""
    tasks = tuple(sorted({task for matrix in matrices for task in matrix.tasks}))
    before: dict[tuple[str, str], list[float]] = {}
    later: dict[tuple[str, str], list[float]] = {}
    for matrix in matrices:
        for step, learned in enumerate(matrix.tasks, 1):
            for place, task in enumerate(matrix.tasks, 1):
                start, end = matrix.value(step - 1, place), matrix.value(step, place)
                if place != step and start is not None and end is not None:
                    (before if place < step else later).setdefault((learned, task), []).append(end - start)
    return Interference(tasks, _means(before, tasks), _means(later, tasks))


def _means(found: dict[tuple[str, str], list[float]], tasks: Sequence[str]) -> Changes:
    return tuple(tuple(statistics.fmean(found[i, j]) if (i, j) in found else None for j in tasks) for i in tasks)
