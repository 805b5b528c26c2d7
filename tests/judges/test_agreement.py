"""Agreement statistics against the libraries' own, and intervals that hold what they promise."""

import random

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from lifealign_bench.judges.agreement import agree, alpha, baselines, kappa_of_counts, weighted_kappa
from lifealign_bench.judges.estimates import correlation, gain, mean, of_counts, share

SCALE = range(1, 11)


def clustered(draw, clusters=60, size=4, spread=0.15, centre=0.8):
    """Hits whose rate differs from cluster to cluster, and their names."""
    rates = np.clip(draw.normal(centre, spread, clusters), 0, 1)
    hits = (draw.random((clusters, size)) < rates[:, None]).astype(float)
    return hits.ravel().tolist(), [str(place // size) for place in range(clusters * size)]


def covered(found, truth):
    """The share of given intervals that hold the truth, and the share that is given."""
    given = [one for one in found if one.low is not None and one.high is not None]
    return np.mean([one.low <= truth <= one.high for one in given]), len(given) / len(found)


@pytest.mark.parametrize(("clusters", "size", "centre"), [(12, 4, 0.5), (60, 1, 0.7), (20, 4, 0.9), (60, 4, 0.8)])
def test_intervals_of_clustered_shares_cover_the_truth_as_often_as_they_say(clusters, size, centre):
    draw = np.random.default_rng(1)
    true = float(np.clip(draw.normal(centre, 0.15, 200_000), 0, 1).mean())
    found = [share(*clustered(draw, clusters, size, centre=centre)) for _ in range(600)]
    hits, given = covered(found, true)
    assert 0.92 <= hits <= 0.98
    assert given == 1.0


def test_answers_to_one_prompt_are_not_counted_as_independent():
    hits, names = clustered(np.random.default_rng(2), spread=0.4, centre=0.6)
    alone = share(hits, [str(place) for place in range(len(hits))])
    together = share(hits, names)
    assert together.high - together.low > 1.1 * (alone.high - alone.low)


def rated(draw, clusters, size):
    """Verdicts and truths of clusters of answers that are alike, and the clusters' names."""
    level = draw.normal(5.5, 2.5, clusters).repeat(size) + draw.normal(0, 1, clusters * size)
    truth = np.clip(np.round(level), 1, 10).astype(int)
    said = np.where(draw.random(len(truth)) < 0.7, truth, draw.integers(1, 11, len(truth)))
    return said.tolist(), truth.tolist(), [str(place // size) for place in range(len(truth))]


@pytest.mark.parametrize(("clusters", "size"), [(12, 4), (30, 1), (60, 2)])
def test_intervals_of_means_kappa_and_correlations_cover_the_truth(clusters, size):
    draw = np.random.default_rng(3)
    said, truth, _ = rated(draw, 100_000, 2)
    kappa = cohen_kappa_score(said, truth, weights="quadratic")
    ranks, shift = spearmanr(said, truth).statistic, float(np.mean(np.subtract(said, truth)))
    boards = [rated(draw, clusters, size) for _ in range(500)]
    estimates = {
        shift: [mean(np.subtract(one, two).tolist(), names) for one, two, names in boards],
        kappa: [kappa_of(one, two, names) for one, two, names in boards],
        ranks: [correlation(one, two, names) for one, two, names in boards],
    }
    for true, found in estimates.items():
        hits, given = covered(found, true)
        assert 0.92 <= hits <= 0.98
        assert given > 0.98


def kappa_of(one, two, names):
    """Kappa with its interval, without the library's own, slower value."""
    return of_counts(kappa_of_counts, [each - 1 for each in one], [each - 1 for each in two], 10, names)


def test_agreement_without_exception_claims_no_certainty():
    same = list(range(1, 11)) * 2
    found = weighted_kappa(same, same, [str(place) for place in range(20)], SCALE)
    assert (found.value, found.low) == (1.0, None)
    assert found.why == "too few disagree to say how sure it is"


def test_a_fair_but_noisy_judge_seldom_seems_to_gain_anything():
    """Many intervals at once: over whole families of rows the chance that any is above zero stays near 2.5 %."""
    draw, rows, alarms = np.random.default_rng(4), 30, 0
    names = [str(place) for place in range(33)]
    for _ in range(60):
        verdicts = np.where(draw.random((2, rows, 33)) < 0.5, 1, draw.integers(2, 11, (2, rows, 33)))
        found = [gain((after - plain).tolist(), names, rows) for plain, after in zip(*verdicts, strict=True)]
        alarms += any(one.low > 0 for one in found)
    assert alarms <= 5


def test_kappa_of_counts_is_the_librarys_kappa():
    draw = random.Random(0)
    one, other = ([draw.randint(1, 10) for _ in range(90)] for _ in range(2))
    table = np.zeros((10, 10))
    for first, second in zip(one, other, strict=True):
        table[first - 1, second - 1] += 1
    expected = cohen_kappa_score(one, other, weights="quadratic", labels=list(SCALE))
    assert kappa_of_counts(table) == pytest.approx(expected)


def test_certainty_is_never_claimed_from_a_few_answers():
    names = [str(place) for place in range(20)]
    sure = share([1.0] * 20, names)
    assert (sure.value, sure.high) == (1.0, 1.0)
    assert sure.low == pytest.approx(0.025 ** (1 / 20))
    assert share([0.0] * 20, names).high == pytest.approx(1 - sure.low)
    few = mean([1.0, 2.0], ["a", "b"])
    assert (few.value, few.low) == (1.5, None)
    assert "clusters" in few.why


def test_what_does_not_exist_is_null_with_a_reason():
    assert mean([], []).why == "nothing was scored"
    assert correlation([1, 1, 1], [1, 2, 3], ["a", "b", "c"]).value is None
    assert weighted_kappa([5, 5], [5, 5], ["a", "b"], SCALE).value is None
    assert alpha([[1, None], [None, 1]], SCALE) is None
    assert gain([1.0], ["a"], 3).value is None
    assert of_counts(kappa_of_counts, [], [], 10, []).value is None


def test_alpha_knows_gaps_and_ordinal_distance():
    whole = [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]]
    assert alpha(whole, SCALE) == pytest.approx(1)
    near = alpha([[1, 2, 3, 4, 5, 6], [2, 2, 3, 5, 5, 6]], SCALE)
    far = alpha([[1, 2, 3, 4, 5, 6], [6, 2, 3, 1, 5, 6]], SCALE)
    assert far < near < 1
    assert alpha([[1, 2, None, 4], [1, None, 3, 4], [1, 2, 3, None]], SCALE) == pytest.approx(1)


def test_baselines_show_what_is_trivial():
    truth, lengths = [1] * 7 + [10] * 3, list(range(10))
    found = baselines(truth, lengths)
    assert (found.constant, found.longest) == (0.7, 1.0)
    assert found.longest_spearman > 0.7


def test_the_same_verdicts_give_the_same_interval():
    draw = random.Random(5)
    truth = [draw.randint(1, 10) for _ in range(40)]
    verdicts = [draw.randint(1, 10) for _ in range(40)]
    names = [str(place // 4) for place in range(40)]
    once, again = (agree(verdicts, truth, truth, names, SCALE) for _ in range(2))
    assert once == again
    assert once.exact.low < once.exact.value < once.exact.high
