"""One number of one cell, and the mean with its standard error that most of them are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of one cell: None with its reason where there is no number.

    standard_error: of the mean over items, pairs of one item taken together; None for corpus metrics and one item.
    """

    metric: str
    value: float | None
    reason: str | None
    n: int
    standard_error: float | None
    n_unscored: int = 0


def mean_score(metric: str, values: np.ndarray, items: Sequence[str | None]) -> Score:
    """The mean of one value a row with its clustered standard error; null where there are no rows."""
    if not len(values):
        return Score(metric, None, "no rows", 0, None)
    return Score(metric, float(values.mean()), None, len(values), clustered_standard_error(values, items))


def clustered_standard_error(values: np.ndarray, items: Sequence[str | None]) -> float | None:
    """Standard error of a mean whose values come in clusters; None under two clusters.

    Source: the cluster-robust (CR1) variance of a mean, G/(G-1) * sum_g (sum of residuals in g)^2 / n^2.
    """
    keys = [item if item is not None else f"row {index}" for index, item in enumerate(items)]
    clusters, _ = pd.factorize(np.asarray(keys, dtype=object))
    sums = np.bincount(clusters, weights=values - values.mean())
    groups = len(sums)
    if groups < 2:
        return None
    return math.sqrt(groups / (groups - 1) * float(np.square(sums).sum())) / len(values)
