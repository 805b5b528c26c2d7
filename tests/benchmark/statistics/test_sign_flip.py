"""The sign-flip test over blocks and the correction for a family."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from lifealign_bench.benchmark.statistics import blocks_needed, holm, sign_flip, sign_flip_p, smallest_p
from lifealign_bench.benchmark.statistics.run_part import run_part
from lifealign_bench.benchmark.statistics.sign_flip import FLIPS, explain_blocks
from simulated_boards import World, simulate


def rejected(world: World, boards: int) -> float:
    generator, prompts = np.random.default_rng(1), world.layout()
    differences = []
    for _ in range(boards):
        means = prompts.mean(simulate(world, prompts, generator).values)
        differences.append(means[0] - means[1])
    found = np.array(differences)
    # Each board as a family of its own: one matrix would share its drawn signs.
    return float(np.mean([sign_flip_p(row[None, :])[0] <= 0.05 for row in found]))


@pytest.mark.parametrize("run_sd", [1.0, 3.0])
def test_with_run_noise_and_no_difference_eighteen_blocks_reject_as_often_as_they_say(run_sd, monkeypatch):
    monkeypatch.setattr(sign_flip, "FLIPS", 3999)
    world = World(methods=(0.0, 0.0), run_sd=run_sd, order_sd=2.0, seed_sd=1.0, prompts=30)
    assert 0.03 <= rejected(world, 500) <= 0.07


def test_six_blocks_reject_in_three_of_a_hundred_boards_since_p_has_steps():
    """With six blocks p is 1/32, 2/32, ...: the largest step under 5 % is 3.1 %."""
    differences = np.random.default_rng(6).standard_normal((8000, 6))
    assert np.mean(sign_flip_p(differences) <= 0.05) == pytest.approx(1 / 32, abs=0.006)


def test_three_blocks_reject_never():
    assert sign_flip_p(np.random.default_rng(3).standard_normal((500, 3))).min() >= 0.25


def test_where_methods_take_orders_differently_the_interval_keeps_false_claims_rare():
    """Blocks of one order then differ alike, and signs flipped block by block call chance a finding too often for other
    orders than these. A claim also needs an interval without 0, which knows the orders' part."""
    generator, world = np.random.default_rng(1), World(orders=6, seeds=3)
    by_order = 1.5 * np.sqrt(2.0) * generator.standard_normal((1500, 6))[:, world.runs.order]
    differences = by_order + 2.0 * np.sqrt(2.0) * generator.standard_normal((1500, 18))
    flipped = np.concatenate([sign_flip_p(part) for part in np.split(differences, 30)]) <= 0.05
    parts = [run_part(row, world.runs) for row in differences]
    errors, freedoms = np.sqrt([own.variance for own in parts]), np.array([own.freedom for own in parts])
    left_out = np.abs(differences.mean(axis=1)) > stats.t.ppf(0.975, freedoms) * errors
    assert flipped.mean() > 0.1
    assert (flipped & left_out).mean() <= 0.06


def test_a_difference_is_found():
    assert rejected(World(methods=(0.0, 5.0), run_sd=2.0, prompts=60), 50) > 0.9


@pytest.mark.parametrize("blocks", [1, 2, 5, 9])
def test_the_exact_p_counts_every_pattern_of_signs(blocks):
    values = np.random.default_rng(blocks).normal(0.4, 1.0, blocks)
    sums = [abs(np.dot(signs, values)) for signs in product((1, -1), repeat=blocks)]
    expected = np.mean(np.array(sums) >= abs(values.sum()) - 1e-12)
    assert sign_flip_p(values[None, :])[0] == pytest.approx(expected)


def test_drawn_signs_come_near_the_exact_p():
    values = np.random.default_rng(3).normal(0.45, 1.0, 15)
    exact = stats.permutation_test(
        (values,), lambda sample, axis: sample.mean(axis=axis), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert sign_flip_p(values[None, :])[0] == pytest.approx(exact, abs=4 * np.sqrt(exact / FLIPS))


def test_no_difference_anywhere_has_p_one():
    assert sign_flip_p(np.zeros((1, 6)))[0] == 1.0
    assert sign_flip_p(np.zeros((1, 18)))[0] == 1.0


def test_a_sure_difference_has_the_smallest_p():
    assert sign_flip_p(np.ones((1, 6)))[0] == smallest_p(6) == 2 / 2**6
    assert sign_flip_p(np.arange(1.0, 31.0)[None, :])[0] == smallest_p(30) == 1 / (1 + FLIPS)
    assert smallest_p(0) == smallest_p(1) == 1.0


def test_no_shared_block_is_refused():
    with pytest.raises(ValueError, match="no block"):
        sign_flip_p(np.zeros((1, 0)))


def test_holm_multiplies_by_what_is_left_and_never_falls():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx((0.06, 0.03, 0.06))
    assert holm([0.5, 0.9]) == (1.0, 1.0)
    assert holm([]) == ()


def test_the_blocks_that_a_claim_needs_are_the_fewest_that_can_reach_it():
    assert blocks_needed() == 6
    for comparisons in (1, 3, 45, 66):
        needed = blocks_needed(comparisons)
        assert needed is not None
        assert comparisons * smallest_p(needed) < 0.05 <= comparisons * smallest_p(needed - 1)
    assert blocks_needed(10_000) is None


def test_too_few_blocks_are_explained_in_words():
    assert explain_blocks(12, 66) is None
    assert explain_blocks(6, 3) == (
        "6 blocks (order, seed) cannot give a corrected p under 0.0938 with 3 comparisons: 7 are needed for 0.05"
    )
