"""The split of a method's variance by order and seed: unbiased on simulated boards, honest where it cannot know."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lifealign_bench.benchmark.statistics import variance
from lifealign_bench.benchmark.statistics.run_part import Runs, mean_squares
from lifealign_bench.benchmark.statistics.variance import variance_split
from simulated_boards import World, simulate


def grid(orders: int, seeds: int) -> Runs:
    places = np.arange(orders * seeds)
    return Runs(places // seeds, places % seeds)


def scores(runs: Runs, generator: np.random.Generator, order: float, seed: float, rest: float) -> np.ndarray:
    by_order, by_seed = generator.standard_normal(20) * order, generator.standard_normal(20) * seed
    return 70 + by_order[runs.order] + by_seed[runs.seed] + rest * generator.standard_normal(len(runs))


@pytest.fixture
def few_permutations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variance, "PERMUTATIONS", 19)


UNBALANCED = Runs(np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 4, 4]), np.array([0, 1, 2, 0, 2, 0, 1, 2, 1, 0, 1]))
NESTED = Runs(np.repeat(np.arange(6), 3), np.arange(18))


@pytest.mark.parametrize("runs", [grid(3, 2), grid(6, 3), UNBALANCED, NESTED], ids=["3x2", "6x3", "holes", "nested"])
@pytest.mark.usefixtures("few_permutations")
def test_the_split_recovers_order_and_seed_variance_on_average(runs: Runs) -> None:
    generator = np.random.default_rng(0)
    seed = 0.0 if runs is NESTED else 1.0
    found = [variance_split(scores(runs, generator, 2.5, seed, 2.0), runs) for _ in range(4000)]
    assert np.mean([split.order for split in found]) == pytest.approx(6.25, rel=0.05)
    assert np.mean([split.seed for split in found]) == pytest.approx(seed + 4.0, rel=0.05)


@pytest.mark.parametrize(("orders", "seeds"), [(6, 3), (9, 2)])
@pytest.mark.usefixtures("few_permutations")
def test_prompts_that_answer_by_chance_do_not_count_as_seed_variance(orders: int, seeds: int) -> None:
    world = World(orders=orders, seeds=seeds, order_sd=3.0, seed_sd=1.0, run_sd=2.0, per_item=2, middle=50.0)
    layout, generator = world.layout(), np.random.default_rng(1)
    boards = [simulate(world, layout, generator).values[0] for _ in range(1500)]
    found = [variance_split(values, world.runs, layout) for values in boards]
    assert np.mean([split.order for split in found]) == pytest.approx(9.0, rel=0.05)
    assert np.mean([split.seed for split in found]) == pytest.approx(5.0, rel=0.05)
    assert np.mean([split.prompts for split in found]) == pytest.approx(100 * 100 * 0.24 / 180, rel=0.1)
    plain = [variance_split(layout.mean(values), world.runs) for values in boards[:200]]
    assert np.mean([split.seed for split in plain]) > 10.0


@pytest.mark.parametrize("runs", [grid(3, 2), grid(6, 3)], ids=["3x2", "6x3"])
def test_the_permutation_test_is_calibrated_under_no_order_effect(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variance, "PERMUTATIONS", 199)
    generator = np.random.default_rng(2)
    p = np.array([variance_split(scores(runs, generator, 0, 1, 2), runs).p for _ in range(1500)])
    level = 0.05 if len(runs) == 18 else 0.2
    assert (p <= level).mean() == pytest.approx(level, rel=0.4)


def test_an_order_effect_is_seen() -> None:
    runs = grid(6, 3)
    found = variance_split(scores(runs, np.random.default_rng(3), 6.0, 0, 1.0), runs)
    assert found.p is not None
    assert found.p < 0.001
    assert found.order_share is not None
    assert found.order_share > 0.9


def test_f_is_that_of_the_textbook() -> None:
    values = scores(grid(6, 3), np.random.default_rng(5), 2.0, 1.0, 2.0)
    squares, _ = mean_squares(values, grid(6, 3))
    assert variance_split(values, grid(6, 3)).f == pytest.approx(squares[0] / squares[2])
    groups = values.reshape(6, 3)
    assert variance_split(values, NESTED).f == pytest.approx(stats.f_oneway(*groups).statistic)


def test_estimates_are_not_clamped_and_standard_deviations_are() -> None:
    runs = Runs(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    found = variance_split(np.array([1.0, 3.0, 3.0, 1.0]), runs)
    assert found.order is not None
    assert found.order < 0
    assert found.order_sd == 0.0
    assert found.order_share == 0.0


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        (grid(1, 1), "one run"),
        (grid(1, 3), "one order"),
        (grid(4, 1), "one seed an order"),
    ],
)
def test_what_cannot_be_told_is_null_with_its_reason(runs: Runs, words: str) -> None:
    found = variance_split(np.arange(float(len(runs))), runs)
    assert found.order is None
    assert words in str(found.reason)
    assert (found.seed is not None) == (words == "one order")


def test_constant_scores_have_no_variance_and_no_test() -> None:
    found = variance_split(np.full(6, 50.0), grid(3, 2))
    assert (found.order, found.seed, found.f, found.p) == (0.0, 0.0, None, None)
    assert found.reason == "every run has the same score"
    assert found.order_share is None


def test_the_same_scores_always_have_the_same_p() -> None:
    values = scores(grid(6, 2), np.random.default_rng(4), 1.0, 0.0, 2.0)
    assert variance_split(values, grid(6, 2)) == variance_split(values.copy(), grid(6, 2))


def test_a_missing_number_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        variance_split(np.array([1.0, np.nan, 2.0, 3.0]), grid(2, 2))
