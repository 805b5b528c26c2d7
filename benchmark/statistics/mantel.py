"""Whether two tables about the same tasks go together: the Mantel permutation test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.seeding import generator_of

Floats = NDArray[np.float64]

PERMUTATIONS = 9_999
EXACT_UP_TO = 7
"""With at most so many tasks every relabelling is looked at."""
LEAST_TASKS = 4
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Mantel:
    """Correlation of two tables over pairs of tasks, -1 to 1, and how often relabelled tasks give one as far from 0.

    Exploratory: a handful of tasks is a handful of points, whatever p says. n_pairs: T (T - 1) / 2.
    """

    correlation: float | None
    p: float | None
    n_tasks: int
    n_pairs: int
    reason: str | None = None


def mantel_test(one: Floats, other: Floats) -> Mantel:
    """Pearson's correlation of the off-diagonal cells of two (T, T) tables, each made symmetric by its mean.

    p is two-sided, over all relabellings of the tasks up to `EXACT_UP_TO` tasks (the observed one among them), else
    over `PERMUTATIONS` drawn ones with (1 + hits) / (1 + draws). Null under `LEAST_TASKS` tasks, where a cell is
    missing (NaN), and where a table is constant.

    Source: Mantel (1967), The detection of disease clustering and a generalized regression approach.
    """
    size = len(one)
    if one.shape != (size, size) or other.shape != (size, size):
        raise ValueError(f"two square tables of the same tasks, not {one.shape} and {other.shape}")
    tables = [(table + table.T) / 2 for table in (one, other)]
    rows, columns = np.triu_indices(size, 1)
    left, right = (table[rows, columns] for table in tables)
    reason = _no_test(size, left, right)
    if reason is not None:
        return Mantel(None, None, size, len(rows), reason)
    left = (left - left.mean()) / np.linalg.norm(left - left.mean())
    spread = float(np.linalg.norm(right - right.mean()))
    exact = size <= EXACT_UP_TO
    shuffles = _all(size) if exact else _drawn(size, *tables)
    # Relabelling keeps the mean and spread of the cells, so only the cross product changes.
    found = tables[1][shuffles[:, rows], shuffles[:, columns]] @ left / spread
    observed = float(right @ left) / spread
    hits = int((np.abs(found) >= abs(observed) - ROUNDING).sum())
    p = hits / len(found) if exact else (1 + hits) / (1 + len(found))
    return Mantel(observed, p, size, len(rows))


def _no_test(size: int, left: Floats, right: Floats) -> str | None:
    if size < LEAST_TASKS:
        few = math.factorial(size)
        return f"{size} tasks can be relabelled in only {few} ways: at least {LEAST_TASKS} tasks are needed"
    if np.isnan(left).any() or np.isnan(right).any():
        return "a pair of tasks has no number"
    for values in (left, right):
        if float(np.ptp(values)) <= ROUNDING * max(1.0, float(np.abs(values).max())):
            return "every pair of tasks has the same number"
    return None


def _all(size: int) -> NDArray[np.intp]:
    return np.array(list(permutations(range(size))), dtype=np.intp)


def _drawn(size: int, *tables: Floats) -> NDArray[np.intp]:
    generator = generator_of("mantel", *tables)
    found: NDArray[np.intp] = generator.permuted(np.tile(np.arange(size), (PERMUTATIONS, 1)), axis=1)
    return found
