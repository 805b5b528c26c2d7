"""Bradley-Terry strengths with ties, on simulated verdicts whose truth is known."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize

from lifealign_bench.benchmark.statistics import Prompts, Verdicts, bradley_terry
from lifealign_bench.benchmark.statistics.pairwise import _outcomes, fit_strengths

NAMES = ("a", "b", "c", "d")


def verdicts(
    strengths: np.ndarray, nu: float, prompts: int, generator: np.random.Generator, per_item: int = 1, spread: float = 0
) -> Verdicts:
    """Every pair on every prompt; `spread`: deviation of each method's strength from item to item."""
    layout = Prompts(np.zeros(prompts, dtype=int), np.arange(prompts) // per_item)
    pairs = np.array(list(combinations(range(len(strengths)), 2)))
    own = strengths + spread * generator.standard_normal((layout.n_items, len(strengths)))[layout.item]
    lead = own[:, pairs[:, 0]] - own[:, pairs[:, 1]]
    chances = np.stack([np.exp(lead / 2), np.exp(-lead / 2), np.full_like(lead, nu)])
    chances /= chances.sum(axis=0)
    drawn = generator.random(lead.shape)
    score = np.select([drawn < chances[0], drawn < chances[0] + chances[1]], [1.0, 0.0], 0.5)
    first, second = (np.broadcast_to(pairs[:, side], lead.shape).ravel() for side in (0, 1))
    prompt = np.repeat(np.arange(prompts), len(pairs))
    return Verdicts(NAMES[: len(strengths)], first, second, score.ravel(), prompt, layout)


@pytest.mark.parametrize(
    ("strengths", "nu", "prompts", "per_item", "spread"),
    [((-0.5, 0.0, 0.5), 0.5, 60, 1, 0.0), ((-0.6, -0.2, 0.2, 0.6), 0.5, 100, 5, 0.7), ((-1.0, 1.0), 0.0, 40, 1, 0.0)],
)
def test_intervals_cover_the_truth_as_often_as_they_say(strengths, nu, prompts, per_item, spread):
    generator = np.random.default_rng(1)
    truth = np.array(strengths)
    if spread:
        counts, pairs = _outcomes(verdicts(truth, nu, 100_000, generator, per_item, spread))
        truth = fit_strengths(counts.sum(axis=0)[None], pairs, len(strengths))[0, :-1]
    hits = []
    for _ in range(250):
        found = bradley_terry(verdicts(np.array(strengths), nu, prompts, generator, per_item, spread), replicates=300)
        rows = [(row, truth[NAMES.index(row.method)]) for row in found.strengths]
        hits += [row.low <= true <= row.high for row, true in rows if row.low is not None and row.high is not None]
    assert 0.92 <= np.mean(hits) <= 0.98


def test_the_fit_is_the_maximum_of_davidsons_likelihood():
    own = verdicts(np.array([0.4, 0.0, -0.4]), 0.8, 50, np.random.default_rng(2))
    counts, pairs = _outcomes(own)
    totals = counts.sum(axis=0)

    def loss(theta):
        lead = theta[pairs[:, 0]] - theta[pairs[:, 1]]
        scores = np.stack([lead / 2, -lead / 2, np.full_like(lead, theta[-1])], axis=1)
        log_chances = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return -(totals * log_chances).sum() + np.square(theta).sum() / 200.0

    expected = minimize(loss, np.zeros(4), tol=1e-12).x
    assert fit_strengths(totals[None], pairs, 3)[0] == pytest.approx(expected, abs=1e-4)


def test_two_methods_without_ties_have_the_log_odds_of_their_wins():
    layout = Prompts(np.zeros(40, dtype=int), np.arange(40))
    score = np.repeat([1.0, 0.0], [30, 10])
    own = Verdicts(("a", "b"), np.zeros(40, dtype=int), np.ones(40, dtype=int), score, np.arange(40), layout)
    found = bradley_terry(own)
    assert found.nu == 0.0
    assert found.strengths[0].method == "a"
    assert found.strengths[0].value == pytest.approx(np.log(3) / 2, abs=0.005)


def test_who_stands_first_in_a_verdict_does_not_matter():
    own = verdicts(np.array([0.4, 0.0, -0.4]), 0.8, 50, np.random.default_rng(3))
    turned = Verdicts(own.methods, own.second, own.first, 1.0 - own.score, own.prompt, own.prompts)
    assert bradley_terry(own) == bradley_terry(turned)


def test_a_verdict_that_the_swap_turned_round_in_part_is_half_a_win_and_half_a_tie():
    layout = Prompts(np.zeros(2, dtype=int), np.arange(2))
    places = np.array([0, 0]), np.array([1, 1])
    own = Verdicts(("a", "b"), *places, np.array([0.75, 0.5]), np.arange(2), layout)
    assert _outcomes(own)[0].sum(axis=0).tolist() == [[0.5, 0.0, 1.5]]


@pytest.mark.parametrize("score", [1.0, 0.0])
def test_one_sided_verdicts_have_no_strengths_and_the_reason_names_the_groups(score):
    layout = Prompts(np.zeros(20, dtype=int), np.arange(20))
    places = np.zeros(20, dtype=int), np.ones(20, dtype=int)
    found = bradley_terry(Verdicts(("a", "b"), *places, np.full(20, score), np.arange(20), layout))
    assert {row.value for row in found.strengths} == {None}
    assert "a | b" in (found.strengths[0].reason or "") or "b | a" in (found.strengths[0].reason or "")


def test_methods_that_were_never_compared_have_no_strengths():
    own = verdicts(np.array([0.4, 0.0, -0.4, 0.2]), 0.8, 50, np.random.default_rng(4))
    kept = ((own.first < 2) & (own.second < 2)) | ((own.first >= 2) & (own.second >= 2))
    parts = [column[kept] for column in (own.first, own.second, own.score, own.prompt)]
    found = bradley_terry(Verdicts(own.methods, *parts, own.prompts))
    assert "never compared" in (found.strengths[0].reason or "")


def test_ties_everywhere_are_equal_strengths():
    layout = Prompts(np.zeros(20, dtype=int), np.arange(20))
    places = np.zeros(20, dtype=int), np.ones(20, dtype=int)
    found = bradley_terry(Verdicts(("a", "b"), *places, np.full(20, 0.5), np.arange(20), layout))
    assert [row.value for row in found.strengths] == pytest.approx([0.0, 0.0])


def test_the_same_verdicts_give_the_same_intervals():
    first, second = (
        bradley_terry(verdicts(np.array([0.4, -0.4]), 0.8, 30, np.random.default_rng(5))) for _ in range(2)
    )
    assert first == second
