"""Numbers with their intervals: shares, means and statistics of a table of counts, resampled by cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lifealign_bench.data.cards import Strict
from lifealign_bench.data.rows import digest

Values = NDArray[np.float64]
LEVEL = 0.95
REPLICATES = 2000
FEWEST_CLUSTERS = 5
"""With fewer clusters a resampled interval says nothing."""


class Estimate(Strict):
    """A number and its 95 % interval; None where it does not exist, and `why`.

    n: observations; clusters: groups of them that were drawn together.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    clusters: int = 0
    why: str | None = None


def missing(why: str, n: int = 0) -> Estimate:
    """A number that does not exist, with the reason."""
    return Estimate(value=None, n=n, why=why)


def mean(values: Sequence[float], clusters: Sequence[str]) -> Estimate:
    """The mean and its percentile interval, clusters drawn with replacement (Field and Welsh 2007).

    Observations of one cluster stay together, so that several answers to one prompt are not counted as independent.
    """
    if not values:
        return missing("nothing was scored")
    found = np.asarray(values, dtype=np.float64)
    return resampled(lambda weights: weights @ found / weights.sum(axis=-1), found, clusters)


def share(hits: Sequence[float], clusters: Sequence[str]) -> Estimate:
    """The mean of values in 0 to 1; where all are 0 or all are 1 the interval is exact (Clopper and Pearson 1934) with
    as many trials as there are clusters, because resampling would call one side certain."""
    estimate = mean(hits, clusters)
    if estimate.value not in (0.0, 1.0) or estimate.low is None:
        return estimate
    room = 1 - ((1 - LEVEL) / 2) ** (1 / estimate.clusters)
    change = {"high": room} if estimate.value == 0 else {"low": 1 - room}
    return estimate.model_copy(update=change)


def of_counts(
    statistic: Callable[[Values], Values],
    rows: Sequence[int],
    columns: Sequence[int],
    size: int,
    clusters: Sequence[str],
) -> Estimate:
    """A statistic of the table of counts of two codings (0 to size - 1), with its interval.

    statistic: maps tables [..., size, size] to values [...]; NaN where it does not exist.
    """
    if not rows:
        return missing("nothing was scored")
    cells = np.asarray(rows) * size + np.asarray(columns)
    one_hot = np.eye(size * size)[cells]

    def of_weights(weights: Values) -> Values:
        tables = weights @ one_hot
        return statistic(tables.reshape(*tables.shape[:-1], size, size))

    return resampled(of_weights, cells.astype(np.float64), clusters)


def correlation(one: Sequence[float], other: Sequence[float], clusters: Sequence[str]) -> Estimate:
    """Spearman's rank correlation; in the interval's replicates ranks are those of the whole sample.

    None where either side is constant.
    """
    if len(set(one)) < 2 or len(set(other)) < 2:
        return missing("one side is constant", len(one))
    first, second = stats.rankdata(one), stats.rankdata(other)

    def of_weights(weights: Values) -> Values:
        total = weights.sum(axis=-1)
        means = weights @ first / total, weights @ second / total
        both = weights @ (first * second) / total - means[0] * means[1]
        spread = (weights @ first**2 / total - means[0] ** 2) * (weights @ second**2 / total - means[1] ** 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Values = both / np.sqrt(spread)
        return found

    return resampled(of_weights, first - second, clusters)


def gain(differences: Sequence[float], clusters: Sequence[str], tests: int) -> Estimate:
    """The mean difference over clusters with a t interval that holds for `tests` of them together (Bonferroni).

    Each cluster counts once, by its own mean. Where all clusters agree the interval has no width.
    """
    names, members = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    if len(names) < FEWEST_CLUSTERS:
        return missing(f"{len(names)} prompts were scored; an interval needs {FEWEST_CLUSTERS}", len(differences))
    own = np.bincount(members, weights=np.asarray(differences, dtype=np.float64)) / np.bincount(members)
    centre, error = float(np.mean(own)), float(np.std(own, ddof=1)) / len(own) ** 0.5
    reach = float(stats.t.ppf(1 - (1 - LEVEL) / (2 * tests), len(own) - 1)) * error
    return Estimate(value=centre, low=centre - reach, high=centre + reach, n=len(differences), clusters=len(own))


def difference(values: Sequence[float], marked: Sequence[bool], clusters: Sequence[str], what: str) -> Estimate:
    """Mean of the marked values minus mean of the others, clusters drawn together; what: the marked ones, in words.

    None where all or none are marked.
    """
    if not any(marked) or all(marked):
        return missing(f"{'every' if values and all(marked) else 'no'} answer {what}", len(values))
    found, inside = np.asarray(values, dtype=np.float64), np.asarray(marked, dtype=np.float64)

    def of_weights(weights: Values) -> Values:
        own, rest = weights * inside, weights * (1 - inside)
        with np.errstate(divide="ignore", invalid="ignore"):
            gap: Values = own @ found / own.sum(axis=-1) - rest @ found / rest.sum(axis=-1)
        return gap

    return resampled(of_weights, found + 1000 * inside, clusters)


def resampled(statistic: Callable[[Values], Values], data: Values, clusters: Sequence[str]) -> Estimate:
    """A statistic and its percentile interval, clusters drawn with replacement.

    statistic: maps weights [..., n] of the observations to values [...]; NaN where it does not exist. data: what seeds
    the draws, so that the same data always have the same interval.
    """
    names, members = np.unique(np.asarray(clusters), return_inverse=True)
    value = float(statistic(np.ones(len(data))))
    if np.isnan(value):
        return missing("it does not exist for these verdicts", len(data))
    if len(names) < FEWEST_CLUSTERS:
        why = f"{len(names)} clusters; an interval needs {FEWEST_CLUSTERS}"
        return Estimate(value=value, n=len(data), clusters=len(names), why=why)
    draw = np.random.default_rng(int(digest([data.tolist(), list(clusters)])[:15], 16))
    weights = draw.multinomial(len(names), np.full(len(names), 1 / len(names)), REPLICATES)[:, members]
    replicates = statistic(weights.astype(np.float64))
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(replicates, [tail, 1 - tail])
    return Estimate(value=value, low=float(low), high=float(high), n=len(data), clusters=len(names))
