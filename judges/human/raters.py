"""How raters agree, how strict each is, and how that changes over a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.judges.agreement import ONE_VALUE, alpha, weighted_kappa
from lifealign_bench.judges.estimates import Estimate, Values, jackknifed, missing, share
from lifealign_bench.judges.human.given import MANY, Ratings
from lifealign_bench.judges.human.schema import RaterPair

TOO_FEW = "no question has two ratings"
APART = "shares no question with another rater"


def alpha_of(ratings: Ratings) -> Estimate:
    """Krippendorff's alpha (ordinal) of all raters with its interval by prompts."""
    table, scale = ratings.table(), ratings.scale
    counts = _counts(table, len(scale))
    paired = counts.sum(axis=1) >= MANY
    if not paired.any():
        return missing(TOO_FEW)
    value = alpha(table, scale)
    if value is None:
        return missing(ONE_VALUE, int(paired.sum()))
    own = counts[paired]
    units = own[:, :, None] * own[:, None, :]
    units[:, range(len(scale)), range(len(scale))] -= own
    units /= own.sum(axis=1)[:, None, None] - 1
    flat = units.reshape(len(own), -1)

    def of_weights(weights: Values) -> Values:
        return alpha_of_coincidences((weights @ flat).reshape(*weights.shape[:-1], len(scale), len(scale)))

    clusters = [name for name, kept in zip(ratings.clusters, paired, strict=True) if kept]
    found = jackknifed(of_weights, len(own), clusters, correlation=True)
    return found.model_copy(update={"value": value})


def alpha_of_coincidences(tables: Values) -> Values:
    """Krippendorff's alpha (2011), ordinal, of coincidence matrices [..., k, k]; NaN where all values are the same."""
    margins = tables.sum(axis=-1)
    # The ordinal distance is the number of values between two, the ends counted half.
    middles = margins.cumsum(axis=-1) - margins / 2
    distances = (middles[..., :, None] - middles[..., None, :]) ** 2
    total = margins.sum(axis=-1)
    by_chance = (margins[..., :, None] * margins[..., None, :] * distances).sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Values = 1 - (total - 1) * (tables * distances).sum(axis=(-2, -1)) / by_chance
    return found


def agreed_of(ratings: Ratings) -> Estimate:
    """The share of questions with at least two ratings on which all raters gave the same."""
    counts = _counts(ratings.table(), len(ratings.scale))
    twice = counts.sum(axis=1) >= MANY
    hits = [float(row.max() == row.sum()) for row in counts[twice]]
    return share(hits, [name for name, kept in zip(ratings.clusters, twice, strict=True) if kept])


def pairs_of(ratings: Ratings) -> tuple[RaterPair, ...]:
    """Weighted kappa of every two raters on what both rated."""
    found = []
    table = dict(zip(ratings.raters, ratings.table(), strict=True))
    for one, other in combinations(ratings.raters, 2):
        both = [
            (first, second, cluster)
            for first, second, cluster in zip(table[one], table[other], ratings.clusters, strict=True)
            if first is not None and second is not None
        ]
        firsts, seconds = [row[0] for row in both], [row[1] for row in both]
        kappa = weighted_kappa(firsts, seconds, [row[2] for row in both], ratings.scale)
        found.append(RaterPair(one=one, other=other, n=len(both), kappa=kappa))
    return tuple(found)


def severity_and_drift(ratings: Ratings) -> dict[str, tuple[Estimate, Estimate]]:
    """By rater, severity and drift (see `RaterRow`).

    verdict = question + rater + rater's slope x time, by least squares; the raters' effects sum to 0. Question effects
    are taken out first (each question's own mean), which leaves normal equations that are sums over questions and so
    can be weighted by the jackknife.
    """
    places = {question.id: place for place, question in enumerate(ratings.questions)}
    size = len(ratings.raters)
    numbers = {rater: place for place, rater in enumerate(ratings.raters)}
    questions = np.array([places[each.question.id] for each in ratings.given])
    raters = np.array([numbers[each.rater] for each in ratings.given])
    values = np.array([each.value for each in ratings.given])
    times = np.array([each.time - 0.5 for each in ratings.given])
    rows = np.zeros((len(values), 2 * size))
    rows[np.arange(len(values)), raters] = 1.0
    rows[np.arange(len(values)), size + raters] = times
    left, right, shared = _normal_equations(rows, values, questions, len(ratings.questions))

    known: dict[int, Values] = {}

    def solved(weights: Values) -> Values:
        # Every part leaves out the same clusters: the equations are solved once for the sample, once for them.
        if weights.ndim in known:
            return known[weights.ndim]
        matrix = (weights @ left).reshape(*weights.shape[:-1], 2 * size, 2 * size)
        matrix[..., :size, :size] += 1.0
        found: Values = (np.linalg.pinv(matrix, hermitian=True) @ (weights @ right)[..., None])[..., 0]
        known[weights.ndim] = found
        return found

    alone = {rater for rater, place in numbers.items() if not shared[questions[raters == place]].any()}
    return {
        rater: (missing(APART), missing(APART))
        if rater in alone
        else (_part(solved, place, -1.0, ratings), _part(solved, size + place, 1.0, ratings))
        for rater, place in numbers.items()
    }


def _part(solved: Callable[[Values], Values], place: int, sign: float, ratings: Ratings) -> Estimate:
    size = len(ratings.questions)
    return jackknifed(lambda weights: sign * solved(weights)[..., place], size, ratings.clusters, correlation=False)


def _normal_equations(
    rows: Values, values: Values, questions: NDArray[np.int64], size: int
) -> tuple[Values, Values, NDArray[np.bool_]]:
    """By question the flattened X'X and the X'y of its ratings less its means, and whether it has two ratings."""
    left, right = np.zeros((size, rows.shape[1] ** 2)), np.zeros((size, rows.shape[1]))
    counts = np.bincount(questions, minlength=size)
    order = np.argsort(questions, kind="stable")
    for place, own in enumerate(np.split(order, np.cumsum(counts)[:-1])):
        if len(own) >= MANY:
            inside = rows[own] - rows[own].mean(axis=0)
            left[place] = (inside.T @ inside).ravel()
            right[place] = inside.T @ (values[own] - values[own].mean())
    return left, right, counts >= MANY


def _counts(table: Sequence[Sequence[int | None]], levels: int) -> Values:
    """How many raters gave each level, by question."""
    found = np.zeros((len(table[0]) if table else 0, levels))
    for row in table:
        for place, level in enumerate(row):
            if level is not None:
                found[place, level] += 1
    return found
