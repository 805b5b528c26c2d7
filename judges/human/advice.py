"""How many answers and raters a study needs for an interval of a given width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from lifealign_bench.data.cards import Strict
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.estimates import FEWEST_CLUSTERS, LEVEL
from lifealign_bench.judges.human.given import MANY, Ratings

USUAL_SPREAD, USUAL_NOISE = 2.5, 1.2
"""Points of a scale of ten, where no pilot says more: between answers, and between readings of one answer."""
RATERS = (2, 3, 5)
WORST_SHARE = 0.5
ASSURED = 0.9
"""How many of the studies of an advised size get an interval that is no wider than was asked for."""


@dataclass(frozen=True, slots=True)
class Spread:
    """answers: standard deviation of what answers deserve. readings: of one verdict about that, severity taken out."""

    answers: float = USUAL_SPREAD
    readings: float = USUAL_NOISE


class Advice(Strict):
    """A plan: so many answers, each by so many raters, for an interval that reaches `half_width` to both sides.

    of: `mean`, a mean score in points; `share`, a win rate or an agreement, 0 to 1. ratings: answers times raters.
    """

    of: str
    half_width: float
    raters: int
    answers: int
    ratings: int


def advise_mean(half_width: float, spread: Spread, raters: int) -> Advice:
    """Answers for a 95 % interval of a mean score that in nine of ten studies reaches no farther than `half_width`.

    n = (t s / half_width)^2 q with s^2 = answers^2 + readings^2 / raters; q, the 90 % quantile of chi-square over its
    n - 1 degrees of freedom, is for studies that happen to vary more: without it every second interval would be wider
    (Kupper and Hafner 1989, The American Statistician 43).

    The interval is about these raters: how strict they are does not average out over answers, and other raters may be
    stricter. t has n - 1 degrees of freedom, so n is found by repeating (Cochran 1977, 4.7).

    Raises:
        InputError: a half width that is not above 0.
    """
    _positive(half_width)
    deviation = math.sqrt(spread.answers**2 + spread.readings**2 / raters)
    return _advice("mean", half_width, raters, _enough(deviation, half_width, ASSURED))


def advise_share(half_width: float, raters: int, share: float = WORST_SHARE) -> Advice:
    """Answers for a 95 % interval of a share, by default of the widest, one half; one observation for each answer.

    Of a share the variance is known with it, so that no study varies more.
    """
    _positive(half_width)
    return _advice("share", half_width, raters, _enough(math.sqrt(share * (1 - share)), half_width, None))


def _positive(half_width: float) -> None:
    if not half_width > 0:
        raise InputError("--half-width", "width", half_width, "a number above 0")


def _advice(of: str, half_width: float, raters: int, answers: int) -> Advice:
    return Advice(of=of, half_width=half_width, raters=raters, answers=answers, ratings=answers * raters)


def _enough(deviation: float, half_width: float, assured: float | None) -> int:
    count = FEWEST_CLUSTERS
    for _ in range(50):
        reach = float(stats.t.ppf(1 - (1 - LEVEL) / 2, count - 1))
        more = 1.0 if assured is None else float(stats.chi2.ppf(assured, count - 1)) / (count - 1)
        needed = max(FEWEST_CLUSTERS, math.ceil((reach * deviation / half_width) ** 2 * more))
        if needed == count:
            break
        # From above the sequence may swing between two neighbours: the larger one is enough.
        count = needed if needed > count else max(needed, count - max(1, (count - needed) // 2))
    return count


def spread_of(ratings: Ratings) -> Spread | None:
    """The spread in a pilot's ratings, by the analysis of variance of answers and raters; None where fewer than five
    questions have two ratings."""
    votes: dict[str, dict[str, float]] = {}
    for each in ratings.given:
        votes.setdefault(each.question.id, {})[each.rater] = each.value
    twice = {name: own for name, own in votes.items() if len(own) >= MANY}
    if len(twice) < FEWEST_CLUSTERS:
        return None
    severity = _severity(list(twice.values()), ratings.raters)
    corrected = [[value - severity[rater] for rater, value in own.items()] for own in twice.values()]
    free = sum(len(own) - 1 for own in corrected) - (len(ratings.raters) - 1)
    within = sum(float(np.var(own)) * len(own) for own in corrected) / max(1, free)
    means = [float(np.mean(own)) for own in corrected]
    raters = sum(map(len, corrected)) / len(corrected)
    between = max(0.0, float(np.var(means, ddof=1)) - within / raters)
    return Spread(math.sqrt(between), math.sqrt(within))


def _severity(votes: Sequence[dict[str, float]], raters: Sequence[str]) -> dict[str, float]:
    """Each rater's mean difference to the others on the same answers, by least squares."""
    rows, values = [], []
    for own in votes:
        centre = sum(own.values()) / len(own)
        for rater, value in own.items():
            rows.append([(name == rater) - (name in own) / len(own) for name in raters])
            values.append(value - centre)
    found = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0]
    return dict(zip(raters, map(float, found), strict=True))
