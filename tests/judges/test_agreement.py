"""Agreement statistics against the libraries' own, and intervals that hold what they promise."""

import random

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from lifealign_bench.judges.agreement import agree, alpha, baselines, kappa_of_counts, weighted_kappa
from lifealign_bench.judges.estimates import correlation, gain, mean, of_counts, share

SCALE = range(1, 11)


def clustered(draw, clusters=60, size=4, spread=0.15, centre=0.8):
    """Hits whose rate differs from cluster to cluster, and their names."""
    rates = np.clip(draw.normal(centre, spread, clusters), 0, 1)
    hits = (draw.random((clusters, size)) < rates[:, None]).astype(float)
    return hits.ravel().tolist(), [str(place // size) for place in range(clusters * size)]


def test_intervals_of_clustered_shares_cover_the_truth_as_often_as_they_say():
    draw = np.random.default_rng(1)
    true = float(np.clip(draw.normal(0.8, 0.15, 200_000), 0, 1).mean())
    found = [share(*clustered(draw)) for _ in range(200)]
    covered = sum(one.low <= true <= one.high for one in found) / len(found)
    assert 0.90 <= covered <= 0.985
    # Drawn one by one, as if answers to one prompt were independent, intervals would be narrower.
    hits, names = clustered(np.random.default_rng(2), spread=0.4, centre=0.6)
    alone = share(hits, [str(place) for place in range(len(hits))])
    together = share(hits, names)
    assert together.high - together.low > 1.1 * (alone.high - alone.low)


def test_intervals_of_kappa_cover_the_truth():
    draw = np.random.default_rng(3)

    def rated(count):
        truth = draw.integers(1, 11, count)
        said = np.where(draw.random(count) < 0.7, truth, draw.integers(1, 11, count))
        return said.tolist(), truth.tolist()

    true = cohen_kappa_score(*rated(200_000), weights="quadratic")
    found = [weighted_kappa(*rated(120), [str(place // 2) for place in range(120)], SCALE) for _ in range(80)]
    assert 0.88 <= sum(one.low <= true <= one.high for one in found) / len(found) <= 1


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
