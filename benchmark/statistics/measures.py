"""Measures that are weighted sums of the cells R[k, j], so that each is a mean over prompts of one number a prompt."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.matrix import Schedule

Floats = NDArray[np.float64]
LinearMeasure = Literal["last", "ap", "bwt", "fwt"]

LINEAR_MEASURES: tuple[LinearMeasure, ...] = get_args(LinearMeasure)
RANGES: dict[LinearMeasure, tuple[float, float]] = {
    "last": (0.0, 100.0),
    "ap": (0.0, 100.0),
    "bwt": (-100.0, 100.0),
    "fwt": (-100.0, 100.0),
}
"""The least and the greatest value of each measure."""


def cell_weights(measure: LinearMeasure, n_tasks: int, schedule: Schedule = "sequential") -> Floats:
    """(T+1, T) weights of the cells R[k, j], j by position in the order; their weighted sum is the measure.

    The definitions are those of `benchmark.metrics`. NaN everywhere where the measure does not exist: an isolated or
    joint schedule has Last alone, and one task has neither BWT nor FWT.
    """
    weights = np.zeros((n_tasks + 1, n_tasks))
    if measure_reason(measure, n_tasks, schedule) is not None:
        return np.full_like(weights, np.nan)
    places = np.arange(n_tasks)
    if measure == "last" and schedule == "isolated":
        weights[places + 1, places] = 1.0 / n_tasks
    elif measure == "last":
        weights[n_tasks] = 1.0 / n_tasks
    elif measure == "ap":
        for step in range(1, n_tasks + 1):
            weights[step, :step] = 1.0 / (step * n_tasks)
    elif measure == "bwt":
        weights[n_tasks, :-1] += 1.0 / (n_tasks - 1)
        weights[places[:-1] + 1, places[:-1]] -= 1.0 / (n_tasks - 1)
    else:
        weights[places[1:], places[1:]] += 1.0 / (n_tasks - 1)
        weights[0, 1:] -= 1.0 / (n_tasks - 1)
    return weights


def measure_reason(measure: LinearMeasure, n_tasks: int, schedule: Schedule) -> str | None:
    """Why a measure does not exist, whatever was measured; None where it does."""
    if measure != "last" and schedule == "isolated":
        return "each task was learned alone (isolated): only Last exists"
    if measure != "last" and schedule == "joint":
        return "all tasks were learned at once (joint): only Last exists"
    if measure in ("bwt", "fwt") and n_tasks == 1:
        return "there is only one task (T = 1)"
    return None
