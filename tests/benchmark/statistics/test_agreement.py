"""Whether orders agree about methods: against hand-worked numbers, the literature's, and chance."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from lifealign_bench.benchmark.statistics import agreement as module
from lifealign_bench.benchmark.statistics.agreement import agreement, kendall_w, tau_line

NAMES = tuple("abcdefgh")


def of(scores: list[list[float]]) -> object:
    table = np.array(scores, dtype=float)
    return agreement(table, [f"o{i}" for i in range(len(table))], NAMES[: table.shape[1]])


def test_equal_rankings_agree_wholly_and_reversed_ones_not_at_all() -> None:
    same = of([[3, 2, 1, 0], [30, 20, 10, 0], [9, 8, 7, 6]])
    assert same.w.value == pytest.approx(1.0)
    assert same.tau[0][2].value == pytest.approx(1.0)
    against = of([[3, 2, 1, 0], [0, 1, 2, 3]])
    assert against.w.value == pytest.approx(0.0)
    assert against.tau[0][1].value == pytest.approx(-1.0)


def test_higher_is_better_and_ties_share_their_rank() -> None:
    found = of([[50.0, 70.0, 70.0, 10.0], [1.0, 2.0, 3.0, 4.0]])
    assert found.ranks == ((3.0, 1.5, 1.5, 4.0), (4.0, 3.0, 2.0, 1.0))


def test_tau_b_is_scipys_with_and_without_ties() -> None:
    scores = np.random.default_rng(1).integers(0, 4, (5, 7)).astype(float)
    found = of(scores.tolist())
    for a in range(5):
        for b in range(5):
            assert found.tau[a][b].value == pytest.approx(stats.kendalltau(scores[a], scores[b]).statistic)


def test_numbers_that_differ_by_rounding_are_tied() -> None:
    assert of([[0.1 + 0.2, 0.3, 1.0], [1, 2, 3]]).ranks[0] == (2.5, 2.5, 1.0)


def test_w_is_that_of_a_worked_example_with_ties() -> None:
    # By hand: rank sums 4.5, 4.5, 9, 12; squared deviations 40.5; one tie of two: 12 * 40.5 / (9 * 60 - 3 * 6).
    ranks = np.array([[1.5, 1.5, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 3.0, 4.0]])
    assert float(kendall_w(ranks)) == pytest.approx(12 * 40.5 / (9 * 60 - 3 * 6))


def test_w_goes_with_the_mean_of_spearmans_rho() -> None:
    # Kendall (1948): without ties the mean rho over pairs of orders is (m W - 1) / (m - 1).
    generator = np.random.default_rng(0)
    ranks = np.array([generator.permutation(7) + 1.0 for _ in range(5)])
    rho = [stats.spearmanr(ranks[a], ranks[b]).statistic for a in range(5) for b in range(a)]
    assert np.mean(rho) == pytest.approx((5 * float(kendall_w(ranks)) - 1) / 4)


@pytest.mark.parametrize("methods", [4, 5, 6])
def test_the_line_of_tau_is_exact(methods: int) -> None:
    first = np.arange(methods)
    chance = np.array([stats.kendalltau(first, other).statistic for other in permutations(range(methods))])
    line = tau_line(methods).value
    assert line is not None
    assert (chance >= line - 1e-9).mean() <= 0.05
    below = max(value for value in np.unique(np.round(chance, 9)) if value < line - 1e-6)
    assert (chance >= below - 1e-9).mean() > 0.05


@pytest.mark.parametrize(("orders", "methods", "tied"), [(3, 4, False), (6, 8, False), (6, 5, True), (2, 6, False)])
def test_chance_exceeds_the_line_of_w_in_at_most_5_percent(
    orders: int, methods: int, tied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DRAWS", 999)
    monkeypatch.setattr(module, "MOST_LISTED", 1000)
    generator = np.random.default_rng(orders + methods)
    over, p = [], []
    for _ in range(400):
        scores = generator.integers(0, 3, (orders, methods)) if tied else generator.random((orders, methods))
        found = of(scores.tolist())
        over.append(found.w_line.value is not None and found.w.value >= found.w_line.value - 1e-9)
        p.append(found.p <= 0.05)
    assert np.mean(over) <= 0.08
    assert np.mean(over) >= (0.01 if orders > 2 else 0.0)
    assert over == p


def test_too_few_methods_have_no_line() -> None:
    found = of([[1, 2], [1, 2]])
    assert found.w.value == pytest.approx(1.0)
    assert found.w_line.value is None
    assert "chance alone" in str(found.w_line.reason)
    assert tau_line(3).value is None
    assert tau_line(4).value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([[1.0, 2.0, 3.0]], "one order"),
        ([[1.0], [2.0]], "fewer than two methods"),
        ([[5.0, 5.0, 5.0], [1.0, 1.0, 1.0]], "tied in every order"),
    ],
)
def test_what_does_not_exist_is_null_with_its_reason(scores: list[list[float]], words: str) -> None:
    found = of(scores)
    assert found.w.value is None
    assert words in str(found.w.reason)
    assert found.p is None


def test_an_order_that_ties_everything_has_no_tau_but_counts_in_w() -> None:
    found = of([[1, 2, 3, 4], [7, 7, 7, 7], [1, 2, 3, 4]])
    assert found.tau[0][1].value is None
    assert "tied" in str(found.tau[0][1].reason)
    assert found.w.value is not None


def test_a_method_that_lacks_an_order_is_left_out_and_named() -> None:
    found = of([[1, 2, math.nan, 4], [1, 2, 3, 4]])
    assert found.left_out == ("c",)
    assert found.methods == ("a", "b", "d")
    assert found.w.value == pytest.approx(1.0)
