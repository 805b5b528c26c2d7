"""Runs on disk with rows behind their numbers: preference pairs whose wins are drawn from a known matrix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifealign_bench.benchmark.columns import write_table
from lifealign_bench.benchmark.matrix import Matrix
from stored_runs import store_run

PAIRS = 40
ORDERS = {"order1": ("a", "b", "c"), "order2": ("c", "a", "b"), "order3": ("b", "c", "a")}


def store_pairs(
    results: Path,
    method: str,
    order: str,
    tasks: Sequence[str],
    seed: int = 0,
    cost: float = 10.0,
    constant: float | None = None,
    **changes: Any,
) -> Path:
    """A run below `results`: every task is won in 90 % of pairs after it was learned and loses `cost` a step.

    constant: instead, so many per cent in every cell.
    """
    size = len(tasks)
    learned = [[90.0 - cost * (k - j - 1) if k > j else 50.0 for j in range(size)] for k in range(size + 1)]
    rows = [[constant if constant is not None else value for value in row] for row in learned]
    matrix = Matrix(tuple(tasks), tuple(tuple(row) for row in rows))
    folder = store_run(results, method, order, seed, matrix, **changes)
    write_table(folder, "pairs", _pairs(matrix, f"{method} {order} {seed}"))
    return folder


def store_pairs_board(
    results: Path, methods: Sequence[str], orders: dict[str, tuple[str, ...]] | None = None, seeds: Sequence[int] = (0,)
) -> Path:
    """Every method in every order with every seed; each method loses 3 points a step more than the one before."""
    for place, method in enumerate(methods):
        for order, tasks in (orders or ORDERS).items():
            for seed in seeds:
                store_pairs(results, method, order, tasks, seed, cost=2.0 + 3.0 * place)
    return results


def _pairs(matrix: Matrix, name: str) -> pd.DataFrame:
    generator = np.random.default_rng(list(name.encode()))
    rows = []
    for step, values in enumerate(matrix.rows):
        for task, value in zip(matrix.tasks, values, strict=True):
            if value is None:
                continue
            wins = generator.random(PAIRS) * 100 < value
            rows += [
                {
                    "pair_id": f"{task}-{number}", "item": f"{task}-{number}", "task": task, "step": step,
                    "chosen_logp": -1.0 if win else -3.0, "rejected_logp": -2.0, "chosen_tokens": 3,
                    "rejected_tokens": 3, "reference_chosen_logp": None, "reference_rejected_logp": None,
                }
                for number, win in enumerate(wins)
            ]  # fmt: skip
    frame = pd.DataFrame(rows)
    return frame.astype({"reference_chosen_logp": float, "reference_rejected_logp": float})
