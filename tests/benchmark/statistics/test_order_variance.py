"""The order's standard deviation: its interval covers, and a difference of spreads is found no more than by chance."""

from __future__ import annotations

import numpy as np
import pytest

from lifealign_bench.benchmark.statistics.order_variance import order_sd, spread_ratio
from lifealign_bench.benchmark.statistics.run_part import Runs

RUNS = Runs(np.repeat(np.arange(6), 2), np.tile(np.arange(2), 6))


@pytest.mark.parametrize(("order", "rest"), [(5.0, 2.0), (2.0, 5.0), (0.0, 3.0)])
def test_the_interval_covers_the_true_spread_in_about_95_of_100_designs(order: float, rest: float):
    generator = np.random.default_rng(3)
    covered = 0
    for _ in range(1000):
        values = generator.normal(0, order, 6)[RUNS.order] + generator.normal(0, rest, 12)
        found = order_sd(values, RUNS)
        assert found.low is not None
        assert found.high is not None
        covered += found.low - 1e-9 <= order <= found.high + 1e-9
    assert covered / 1000 >= 0.93


def test_one_seed_gives_no_number_and_the_reason():
    found = order_sd(np.arange(6.0), Runs(np.arange(6), np.zeros(6, dtype=np.intp)))
    assert found.value is None
    assert found.reason is not None


def test_equal_spreads_are_told_apart_in_at_most_5_of_100_designs_and_unequal_ones_mostly():
    generator = np.random.default_rng(5)
    same = [spread_ratio(generator.normal(0, 3, 8), generator.normal(40, 3, 8)).p for _ in range(400)]
    other = [spread_ratio(generator.normal(0, 1, 8), generator.normal(40, 20, 8)).p for _ in range(50)]
    assert np.mean([p is not None and p <= 0.05 for p in same]) <= 0.08
    assert np.mean([p is not None and p <= 0.05 for p in other]) > 0.8


def test_six_orders_can_give_no_p_under_one_in_32():
    found = spread_ratio(np.array([1.0, 1.1, 0.9, 1, 1.05, 0.95]), np.array([1.0, 30, -20, 4, 50, -40]))
    assert found.smallest_p == pytest.approx(2 / 64)
    assert found.p is not None
    assert found.p >= found.smallest_p
