"""Bradley-Terry strengths with ties, on simulated verdicts whose truth is known."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize

from lifealign_bench.benchmark.statistics import Prompts, Runs, Verdicts, bradley_terry, draw_items
from lifealign_bench.benchmark.statistics.pairwise import _shares, fit_strengths

NAMES = ("a", "b", "c", "d")
BOARDS, REPLICATES = 500, 400


ZEROS = np.zeros(40, dtype=int)
BLOCK = Runs(np.zeros(1, dtype=int), np.zeros(1, dtype=int))


@dataclass(frozen=True)
class Judged:
    """What verdicts are drawn from, every pair on every prompt in each of orders x seeds runs.

    spread: deviation of each method's strength from item to item, the same in all runs; run_sd: from run to run.
    """

    strengths: tuple[float, ...]
    nu: float = 0.5
    prompts: int = 60
    per_item: int = 1
    spread: float = 0.0
    run_sd: float = 0.0
    orders: int = 1
    seeds: int = 1

    @property
    def pairs(self) -> np.ndarray:
        return np.array(list(combinations(range(len(self.strengths)), 2)))

    def chances(self, own: np.ndarray) -> np.ndarray:
        """(..., M) strengths -> (3, ..., C) chances of win, loss and tie."""
        lead = own[..., self.pairs[:, 0]] - own[..., self.pairs[:, 1]]
        raw = np.stack([np.exp(lead / 2), np.exp(-lead / 2), np.full_like(lead, self.nu)])
        return raw / raw.sum(axis=0)

    def fitted(self, own: np.ndarray) -> np.ndarray:
        """The strengths that endless verdicts of methods with (N, M) strengths fit."""
        return fit_strengths(self.chances(own).mean(axis=1).T * 1e6, self.pairs, len(self.strengths))[:-1]


def verdicts(judged: Judged, generator: np.random.Generator) -> tuple[Verdicts, np.ndarray]:
    """Verdicts, and the (R, M) strengths of their runs."""
    size, places = len(judged.strengths), np.arange(judged.orders * judged.seeds)
    layout = Prompts(np.zeros(judged.prompts, dtype=int), np.arange(judged.prompts) // judged.per_item)
    by_run = np.array(judged.strengths) + judged.run_sd * generator.standard_normal((len(places), size))
    by_prompt = judged.spread * generator.standard_normal((layout.n_items, size))[layout.item]
    chances = judged.chances(by_run[:, None] + by_prompt)
    drawn = generator.random(chances.shape[1:])
    score = np.select([drawn < chances[0], drawn < chances[0] + chances[1]], [1.0, 0.0], 0.5)
    run, prompt, pair = (place.ravel() for place in np.indices(score.shape))
    first, second = judged.pairs[pair].T
    runs = Runs(places // judged.seeds, places % judged.seeds)
    return Verdicts(NAMES[:size], first, second, score.ravel(), run, prompt, runs, layout), by_run


KINDS = (
    Judged((-0.5, 0.0, 0.5), run_sd=0.2),
    Judged((-0.6, -0.2, 0.2, 0.6), prompts=100, per_item=5, spread=0.7, run_sd=0.4),
    Judged((-1.0, 1.0), nu=0.0, prompts=40, run_sd=0.3),
    Judged((0.0, 0.0, 0.0), nu=1.0, prompts=40, spread=0.5),
)


@pytest.mark.parametrize(("orders", "seeds"), [(3, 1), (6, 1), (6, 3)])
def test_intervals_cover_the_truth_as_often_as_they_say(orders: int, seeds: int) -> None:
    generator, hits = np.random.default_rng(orders + seeds), []
    for number, kind in enumerate(KINDS):
        judged = replace(kind, orders=orders, seeds=seeds)
        far = generator.standard_normal((2, 20_000, len(kind.strengths)))
        truth = judged.fitted(np.array(kind.strengths) + kind.spread * far[0] + kind.run_sd * far[1])
        draws = draw_items(verdicts(judged, generator)[0].prompts, REPLICATES)
        for _ in range(BOARDS // len(KINDS)):
            own, by_run = verdicts(judged, generator)
            found = bradley_terry(own, draws)
            if found.strengths[0].kind == "these runs only":
                truth = judged.fitted((by_run[:, None] + kind.spread * far[0, :800]).reshape(-1, len(kind.strengths)))
            hits += [
                (number, row.low <= truth[NAMES.index(row.method)] <= row.high)
                for row in found.strengths
                if row.low is not None and row.high is not None
            ]
    assert len(hits) > 0.98 * BOARDS * np.mean([len(kind.strengths) for kind in KINDS])
    assert 0.92 <= np.mean([hit for _, hit in hits]) <= 0.98


def test_the_fit_is_the_maximum_of_davidsons_likelihood():
    own, _ = verdicts(Judged((0.4, 0.0, -0.4), 0.8, 50), np.random.default_rng(2))
    shares, place, pairs = _shares(own)
    totals = np.stack([shares[place == pair].sum(axis=0) for pair in range(len(pairs))])

    def loss(theta):
        lead = theta[pairs[:, 0]] - theta[pairs[:, 1]]
        scores = np.stack([lead / 2, -lead / 2, np.full_like(lead, theta[-1])], axis=1)
        log_chances = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return -(totals * log_chances).sum() + np.square(theta).sum() / 200.0

    expected = minimize(loss, np.zeros(4), tol=1e-12).x
    assert fit_strengths(totals, pairs, 3) == pytest.approx(expected, abs=1e-4)


def test_two_methods_without_ties_have_the_log_odds_of_their_wins():
    layout = Prompts(np.zeros(40, dtype=int), np.arange(40))
    score = np.repeat([1.0, 0.0], [30, 10])
    own = Verdicts(("a", "b"), ZEROS, ZEROS + 1, score, ZEROS, np.arange(40), BLOCK, layout)
    found = bradley_terry(own)
    assert found.nu == 0.0
    assert found.strengths[0].method == "a"
    assert found.strengths[0].value == pytest.approx(np.log(3) / 2, abs=0.005)


def test_who_stands_first_in_a_verdict_does_not_matter():
    own, _ = verdicts(Judged((0.4, 0.0, -0.4), 0.8, 50), np.random.default_rng(3))
    turned = replace(own, first=own.second, second=own.first, score=1.0 - own.score)
    assert bradley_terry(own) == bradley_terry(turned)


def test_a_verdict_that_the_swap_turned_round_in_part_is_half_a_win_and_half_a_tie():
    layout = Prompts(np.zeros(2, dtype=int), np.arange(2))
    places = np.array([0, 0]), np.array([1, 1])
    own = Verdicts(("a", "b"), *places, np.array([0.75, 0.5]), ZEROS[:2], np.arange(2), BLOCK, layout)
    assert _shares(own)[0].sum(axis=0).tolist() == [0.5, 0.0, 1.5]


@pytest.mark.parametrize("score", [1.0, 0.0])
def test_one_sided_verdicts_have_no_strengths_and_the_reason_names_the_groups(score):
    layout = Prompts(np.zeros(20, dtype=int), np.arange(20))
    places = np.zeros(20, dtype=int), np.ones(20, dtype=int)
    found = bradley_terry(Verdicts(("a", "b"), *places, np.full(20, score), ZEROS[:20], np.arange(20), BLOCK, layout))
    assert {row.value for row in found.strengths} == {None}
    assert "a | b" in (found.strengths[0].reason or "") or "b | a" in (found.strengths[0].reason or "")


def test_methods_that_were_never_compared_have_no_strengths():
    own, _ = verdicts(Judged((0.4, 0.0, -0.4, 0.2), 0.8, 50), np.random.default_rng(4))
    kept = ((own.first < 2) & (own.second < 2)) | ((own.first >= 2) & (own.second >= 2))
    parts = [column[kept] for column in (own.first, own.second, own.score, own.run, own.prompt)]
    found = bradley_terry(Verdicts(own.methods, *parts, own.runs, own.prompts))
    assert "never compared" in (found.strengths[0].reason or "")


def test_ties_everywhere_are_equal_strengths():
    layout = Prompts(np.zeros(20, dtype=int), np.arange(20))
    places = np.zeros(20, dtype=int), np.ones(20, dtype=int)
    found = bradley_terry(Verdicts(("a", "b"), *places, np.full(20, 0.5), ZEROS[:20], np.arange(20), BLOCK, layout))
    assert [row.value for row in found.strengths] == pytest.approx([0.0, 0.0])


def test_the_same_verdicts_give_the_same_intervals():
    first, second = (
        bradley_terry(verdicts(Judged((0.4, -0.4), 0.8, 30), np.random.default_rng(5))[0]) for _ in range(2)
    )
    assert first == second
