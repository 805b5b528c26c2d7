"""Numbers with their intervals: shares, means and statistics of a table of counts, by cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.data.cards import Strict

Values = NDArray[np.float64]
LEVEL = 0.95
FEWEST_CLUSTERS = 5
"""With fewer clusters an interval says nothing."""
FEWEST_FOR_CORRELATION = 12
"""With fewer the interval of a correlation or of kappa covers under 92 %."""
ROUNDING = 1e-9


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
    """The mean and its t interval over clusters.

    Observations of one cluster stay together, so that several answers to one prompt are not counted as independent.
    """
    if not values:
        return missing("nothing was scored")
    found = np.asarray(values, dtype=np.float64)
    return jackknifed(lambda weights: weights @ found / weights.sum(axis=-1), len(found), clusters, correlation=False)


def share(hits: Sequence[float], clusters: Sequence[str]) -> Estimate:
    """The mean of values in 0 to 1 with Wilson's interval, which stays inside and allows for the skew of rare hits.

    Its trials are the effective ones: value (1 - value) over the clustered variance of the mean, at most as many as
    there are values; its quantile is that of t over the clusters. Where all are 0 or all are 1 it is exact (Clopper and
    Pearson 1934) with as many trials as there are clusters.

    Source: Wilson (1927); effective trials: Korn and Graubard (1998), Survey Methodology 24.
    """
    found, names = np.asarray(hits, dtype=np.float64), np.unique(np.asarray(clusters, dtype=np.str_))
    if not len(found) or len(names) < FEWEST_CLUSTERS:
        return mean(hits, clusters)
    value, count = float(found.mean()), len(names)
    known = Estimate(value=value, low=0.0, high=1.0, n=len(found), clusters=count)
    if value in (0.0, 1.0):
        room = 1 - ((1 - LEVEL) / 2) ** (1 / count)
        return known.model_copy(update={"high": room} if value == 0 else {"low": 1 - room})
    members = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)[1]
    sums = np.bincount(members, weights=found - value) / len(found)
    variance = count / (count - 1) * float(np.square(sums).sum())
    spread = value * (1 - value)
    trials = len(found) if variance * len(found) <= spread else spread / variance
    reach = _quantile(count - 1) ** 2 / trials
    half = (reach * (spread + reach / 4)) ** 0.5
    return known.model_copy(
        update={"low": (value + reach / 2 - half) / (1 + reach), "high": (value + reach / 2 + half) / (1 + reach)}
    )


def of_counts(
    statistic: Callable[[Values], Values],
    rows: Sequence[int],
    columns: Sequence[int],
    size: int,
    clusters: Sequence[str],
) -> Estimate:
    """A statistic of the table of counts of two codings (0 to size - 1), with its interval.

    statistic: maps tables [..., size, size] to values [...] from -1 to 1; NaN where it does not exist.
    """
    if not rows:
        return missing("nothing was scored")
    cells = np.asarray(rows) * size + np.asarray(columns)
    one_hot = np.eye(size * size)[cells]

    def of_weights(weights: Values) -> Values:
        tables = weights @ one_hot
        return statistic(tables.reshape(*tables.shape[:-1], size, size))

    return jackknifed(of_weights, len(cells), clusters, correlation=True)


def correlation(one: Sequence[float], other: Sequence[float], clusters: Sequence[str]) -> Estimate:
    """Spearman's rank correlation; in its interval ranks are those of the whole sample.

    None where either side is constant.
    """
    if len(set(one)) < 2 or len(set(other)) < 2:
        return missing("one side is constant", len(one))
    from scipy import stats

    first, second = stats.rankdata(one), stats.rankdata(other)

    def of_weights(weights: Values) -> Values:
        total = weights.sum(axis=-1)
        means = weights @ first / total, weights @ second / total
        both = weights @ (first * second) / total - means[0] * means[1]
        spread = (weights @ first**2 / total - means[0] ** 2) * (weights @ second**2 / total - means[1] ** 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Values = both / np.sqrt(spread)
        return found

    return jackknifed(of_weights, len(first), clusters, correlation=True)


def gain(differences: Sequence[float], clusters: Sequence[str], tests: int) -> Estimate:
    """The mean difference over clusters with a t interval that holds for `tests` of them together (Bonferroni).

    Each cluster counts once, by its own mean. Where all clusters agree the interval has no width.
    """
    names, members = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    if len(names) < FEWEST_CLUSTERS:
        return missing(f"{len(names)} prompts were scored; an interval needs {FEWEST_CLUSTERS}", len(differences))
    own = np.bincount(members, weights=np.asarray(differences, dtype=np.float64)) / np.bincount(members)
    centre, error = float(np.mean(own)), float(np.std(own, ddof=1)) / len(own) ** 0.5
    from scipy import stats

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

    return jackknifed(of_weights, len(found), clusters, correlation=False)


def jackknifed(
    statistic: Callable[[Values], Values], size: int, clusters: Sequence[str], *, correlation: bool
) -> Estimate:
    """A statistic of weights [..., size] with its interval: each cluster left out in turn, t over the clusters.

    correlation: from -1 to 1, the interval is made on Fisher's scale, atanh. Percentiles of drawn clusters cover 74 to
    92 % with 5 to 20 clusters, this 93 to 97 %.

    Source: Quenouille (1956) and Tukey (1958); delete-one-cluster as in Cameron and Miller (2015).
    """
    names, members = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    value, count = float(statistic(np.ones(size))), len(names)
    if np.isnan(value):
        return missing("it does not exist for these verdicts", size)
    known = Estimate(value=value, n=size, clusters=count)
    fewest = FEWEST_FOR_CORRELATION if correlation else FEWEST_CLUSTERS
    if count < fewest:
        return known.model_copy(update={"why": f"{count} clusters; an interval needs {fewest}"})
    without = statistic((members != np.arange(count)[:, None]).astype(np.float64))
    ends = np.append(without, value)
    if not np.isfinite(ends).all():
        return known.model_copy(update={"why": "it hangs on one cluster"})
    if correlation:
        if (np.abs(ends) >= 1 - ROUNDING).any():
            return known.model_copy(update={"why": "too few disagree to say how sure it is"})
        ends = np.arctanh(ends)
    error = float(np.sqrt((count - 1) / count * np.square(ends[:-1] - ends[:-1].mean()).sum()))
    reach = _quantile(count - 1) * error
    low, high = ends[-1] - reach, ends[-1] + reach
    if correlation:
        low, high = np.tanh([low, high])
    return known.model_copy(update={"low": float(low), "high": float(high)})


def _quantile(freedom: int) -> float:
    """The 97.5 % quantile of Student's t. SciPy loads here, for a page that lists cards does without."""
    from scipy import special

    return float(special.stdtrit(freedom, (1 + LEVEL) / 2))
