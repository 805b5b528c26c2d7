"""Means and contrasts of runs with their t-type intervals, on simulated boards whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifealign_bench.benchmark.statistics.estimates import Estimate, contrast_estimate, mean_estimate
from lifealign_bench.benchmark.statistics.prompts import Prompts
from lifealign_bench.benchmark.statistics.run_part import Runs
from simulated_boards import World, simulate, with_runs

BOARDS = 500
KINDS = (
    World(run_sd=1.0, prompts=40),
    World(run_sd=2.0, prompts=60, seed_sd=1.0),
    World(run_sd=3.0, prompts=40, item_sd=5.0),
    World(run_sd=1.0, prompts=100, per_item=5, sharing=2),
)


def covered(found: list[Estimate], truth: float) -> float:
    """The share of intervals that hold the truth; a test that rejects it leaves it out, and no other."""
    assert [one.p < 0.05 for one in found] == [not one.low <= 0 <= one.high for one in found]
    return float(np.mean([one.low <= truth <= one.high for one in found]))


@pytest.mark.parametrize(("orders", "seeds"), [(6, 1), (6, 3)])
def test_means_cover_the_truth_and_their_test_is_the_interval(orders: int, seeds: int) -> None:
    found = []
    for number, kind in enumerate(KINDS):
        world = with_runs(replace(kind, order_sd=1.0), orders, seeds)
        layout, generator = world.layout(), np.random.default_rng([number, orders, seeds])
        for _ in range(BOARDS // len(KINDS)):
            board = simulate(world, layout, generator)
            found.append(mean_estimate(board.values[0] - board.truth[0], layout, world.runs))
    assert 0.92 <= covered(found, 0.0) <= 0.98


@pytest.mark.parametrize(("orders", "seeds"), [(3, 2), (6, 3)])
def test_an_order_less_the_others_covers_the_truth(orders: int, seeds: int) -> None:
    """Six and eighteen runs; three runs of three orders leave nothing to tell chance by."""
    by_order = np.full(orders, -1.0 / (orders - 1))
    by_order[0] = 1.0
    found = []
    for number, kind in enumerate(KINDS):
        world = with_runs(kind, orders, seeds)
        layout, generator = world.layout(), np.random.default_rng([number, orders])
        weights = (by_order / seeds)[world.runs.order]
        for _ in range(BOARDS // len(KINDS)):
            values = simulate(world, layout, generator).values[0]
            found.append(contrast_estimate(values, weights, world.runs.order, layout, world.runs.seed))
    assert 0.92 <= covered(found, 0.0) <= 0.98


@pytest.mark.parametrize("seeds", [1, 3])
def test_an_ending_less_the_others_covers_the_truth_over_other_orders(seeds: int) -> None:
    """Six orders, two for each ending, their seeds averaged; what an order does is the error."""
    ends, found = np.repeat(np.arange(3), 2), []
    weights = np.where(ends == 0, 0.5, -0.25)
    for number, kind in enumerate(KINDS):
        world = with_runs(replace(kind, order_sd=2.0, seed_sd=0.0), 6, seeds)
        layout, generator = world.layout(), np.random.default_rng([number, seeds])
        for _ in range(BOARDS // len(KINDS)):
            values = simulate(world, layout, generator).values[0].reshape(6, seeds, -1).mean(axis=1)
            found.append(contrast_estimate(values, weights, ends, layout))
    assert 0.92 <= covered(found, 0.0) <= 0.98


def test_few_runs_and_one_run_of_each_have_a_value_and_a_reason() -> None:
    layout = Prompts(np.zeros(20, dtype=int), np.arange(20))
    values = 100.0 * (np.random.default_rng(0).random((3, 20)) < 0.5)
    runs = Runs(np.arange(3), np.zeros(3, dtype=int))
    few = mean_estimate(values, layout, runs)
    assert (few.low, few.p) == (None, None)
    assert few.reason == "3 of the 5 runs that a test over other runs needs"
    alone = contrast_estimate(values, np.array([1.0, -0.5, -0.5]), runs.order, layout)
    assert "one run of each" in str(alone.reason)
    same = mean_estimate(np.full((6, 20), 50.0), layout, Runs(np.arange(6), np.zeros(6, dtype=int)))
    assert "every item has the same score" in str(same.reason)
