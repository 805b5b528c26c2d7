"""How well two raters agree on one scale; pure functions over their verdicts."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from lifealign_bench.data.cards import Strict
from lifealign_bench.judges.estimates import Estimate, Values, correlation, mean, missing, of_counts, share

ONE_VALUE = "every verdict is the same"


class Baselines(Strict):
    """The exact agreement that needs no judge: always the most common truth; and the truth's own verdicts, dealt out by
    length so that the longest answers get the best (which knows how often each verdict occurs, as no judge does)."""

    constant: float | None
    longest: float | None
    longest_spearman: float | None


class Agreement(Strict):
    """Verdicts against a truth on the same scale.

    exact, within_one: shares. kappa: Cohen's, quadratic weights (Cohen 1968). alpha: Krippendorff's, ordinal. spearman,
    kendall (tau-b): of ranks. shift: mean of verdict minus truth. None with a reason where one does not exist.
    """

    exact: Estimate
    within_one: Estimate
    kappa: Estimate
    spearman: Estimate
    kendall: float | None
    alpha: float | None
    shift: Estimate
    baselines: Baselines


def agree(
    verdicts: Sequence[int], truth: Sequence[int], lengths: Sequence[int], clusters: Sequence[str], scale: Sequence[int]
) -> Agreement:
    """Agreement of verdicts with the truth, answer by answer; clusters: answers that are not independent."""
    pairs = list(zip(verdicts, truth, strict=True))
    return Agreement(
        exact=share([float(one == other) for one, other in pairs], clusters),
        within_one=share([float(abs(one - other) <= 1) for one, other in pairs], clusters),
        kappa=weighted_kappa(verdicts, truth, clusters, scale),
        spearman=correlation(verdicts, truth, clusters),
        kendall=kendall(verdicts, truth),
        alpha=alpha([verdicts, truth], scale),
        shift=mean([float(one - other) for one, other in pairs], clusters),
        baselines=baselines(truth, lengths),
    )


def weighted_kappa(
    verdicts: Sequence[int], truth: Sequence[int], clusters: Sequence[str], scale: Sequence[int]
) -> Estimate:
    """Cohen's kappa with quadratic weights, and its cluster interval."""
    if len({*verdicts, *truth}) < 2:
        return missing(ONE_VALUE if verdicts else "nothing was scored", len(verdicts))
    places = {value: place for place, value in enumerate(scale)}
    rows, columns = [places[each] for each in verdicts], [places[each] for each in truth]
    found = of_counts(kappa_of_counts, rows, columns, len(scale), clusters)
    # Loaded where a card is made: whoever only reads cards needs none of these libraries.
    from sklearn.metrics import cohen_kappa_score

    value = cohen_kappa_score(list(verdicts), list(truth), labels=list(scale), weights="quadratic")
    return found.model_copy(update={"value": float(value)})


def kappa_of_counts(tables: Values) -> Values:
    """Cohen's weighted kappa of tables of counts [..., k, k]: 1 - sum(w o) / sum(w e), w the squared distance."""
    size = tables.shape[-1]
    weights = (np.arange(size)[:, None] - np.arange(size)) ** 2.0
    total = tables.sum(axis=(-2, -1))
    expected = tables.sum(axis=-1)[..., :, None] * tables.sum(axis=-2)[..., None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Values = 1 - total * (weights * tables).sum(axis=(-2, -1)) / (weights * expected).sum(axis=(-2, -1))
    return found


def kendall(verdicts: Sequence[int], truth: Sequence[int]) -> float | None:
    """Kendall's tau-b; None where either side is constant."""
    if len(set(verdicts)) < 2 or len(set(truth)) < 2:
        return None
    from scipy import stats

    return float(stats.kendalltau(verdicts, truth).statistic)


def alpha(raters: Sequence[Sequence[int | None]], scale: Sequence[int]) -> float | None:
    """Krippendorff's alpha, ordinal, over raters (rows) and answers; None verdicts are gaps.

    None where fewer than two verdicts can be paired, or all are the same (Krippendorff 2011).
    """
    table = np.array([[np.nan if each is None else each for each in rater] for rater in raters], dtype=np.float64)
    paired = table[:, (~np.isnan(table)).sum(axis=0) >= 2] if table.size else table
    if len(np.unique(paired[~np.isnan(paired)])) < 2:
        return None
    import krippendorff

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = krippendorff.alpha(paired, value_domain=list(scale), level_of_measurement="ordinal")
    return float(found)


def baselines(truth: Sequence[int], lengths: Sequence[int]) -> Baselines:
    """What agreement comes without judging."""
    if not truth:
        return Baselines(constant=None, longest=None, longest_spearman=None)
    from scipy import stats

    values, counts = np.unique(truth, return_counts=True)
    dealt = np.empty(len(truth))
    dealt[np.argsort(lengths, kind="stable")] = np.sort(truth)
    ranked = len(values) > 1 and len(set(lengths)) > 1
    return Baselines(
        constant=float(counts.max() / len(truth)),
        longest=float((dealt == np.asarray(truth)).mean()),
        longest_spearman=float(stats.spearmanr(lengths, truth).statistic) if ranked else None,
    )
