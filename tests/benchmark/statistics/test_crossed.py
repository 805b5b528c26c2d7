"""Intervals over crossed runs and prompts, on simulated boards whose truth is known."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from lifealign_bench.benchmark.statistics import Draws, Interval, Prompts, Runs, crossed_interval, draw_items
from lifealign_bench.benchmark.statistics.run_part import run_part
from simulated_boards import Simulated, World, simulate, with_runs

BOARDS = 504
# Fewer replicates than the product's 2,000 save time; `test_the_default_number_of_replicates_gives_the_same` compares.
REPLICATES = 400
WORLDS = (
    World(run_sd=1.0, prompts=20),
    World(run_sd=2.0, prompts=60),
    World(run_sd=3.0, prompts=60, order_sd=1.0),
    World(run_sd=1.0, prompts=100, per_item=5, sharing=2),
    World(run_sd=2.0, prompts=40, method_prompt_sd=4.0, item_sd=5.0),
    World(run_sd=1.0, prompts=60, order_sd=2.0, interaction_sd=1.5),
    World(run_sd=0.5, prompts=60, tasks=1, middle=95.0, item_sd=1.0, prompt_sd=0.5),
)
LAYOUTS = ((3, 1), (6, 1), (6, 3))


def boards(world: World, count: int, seed: int) -> Iterator[tuple[Simulated, Draws]]:
    generator = np.random.default_rng(seed)
    prompts = world.layout()
    draws = draw_items(prompts, REPLICATES)
    for _ in range(count):
        yield simulate(world, prompts, generator), draws


def covered(values: np.ndarray, truth: float, world: World, draws: Draws) -> bool | None:
    found = crossed_interval(values, draws.prompts, world.runs, draws)
    return None if found.low is None or found.high is None else found.low <= truth <= found.high


@pytest.mark.parametrize(("orders", "seeds"), LAYOUTS)
def test_intervals_of_methods_and_of_differences_cover_the_truth_as_often_as_they_say(orders, seeds):
    means, differences = [], []
    for number, kind in enumerate(WORLDS):
        world = with_runs(replace(kind, methods=(0.0, 1.0)), orders, seeds)
        for board, draws in boards(world, BOARDS // len(WORLDS), number):
            truth = board.truth if orders * seeds >= 5 else board.of_these_runs
            means.append(covered(board.values[0], truth[0], world, draws))
            differences.append(covered(board.values[0] - board.values[1], truth[0] - truth[1], world, draws))
    for found in (means, differences):
        given = [hit for hit in found if hit is not None]
        assert len(given) > 0.98 * BOARDS
        assert 0.92 <= np.mean(given) <= 0.98


def test_prompts_taken_as_nested_in_runs_would_cover_far_too_seldom():
    """What judging.md warns of; it also shows that the simulation can tell right from wrong."""
    world = World(run_sd=1.0, middle=60.0, item_sd=18.0, prompt_sd=3.0)
    hits = []
    for board, _ in boards(world, 200, 1):
        values = board.values[0]
        error = np.hypot(values.std() / np.sqrt(values.size), world.run_sd / np.sqrt(len(world.runs)))
        hits.append(abs(values.mean() - board.truth[0]) <= 1.96 * error)
    assert np.mean(hits) < 0.8


def test_the_run_part_covers_where_orders_and_seeds_have_parts_of_their_own():
    generator = np.random.default_rng(2)
    world = World(orders=6, seeds=3)
    hits = []
    for _ in range(1000):
        values = 2.0 * generator.standard_normal(6)[world.runs.order] + generator.standard_normal(3)[world.runs.seed]
        values = values + generator.standard_normal(18)
        part = run_part(values, world.runs)
        draws = np.sqrt(part.variance) * generator.standard_t(part.freedom, 400)
        low, high = np.percentile(values.mean() + draws, [2.5, 97.5])
        hits.append(low <= 0 <= high)
    assert 0.92 <= np.mean(hits) <= 0.98


def test_the_rest_of_run_and_prompt_is_not_counted_twice():
    world = World(orders=6, seeds=1, run_sd=0.0, prompts=60, item_sd=0.5, prompt_sd=0.5)
    found, truth = [], []
    for board, draws in boards(world, 100, 3):
        interval = crossed_interval(board.values[0], draws.prompts, world.runs, draws)
        assert interval.low is not None
        assert interval.high is not None
        found.append((interval.high - interval.low) / (2 * 1.96))
        truth.append(interval.value)
    assert np.mean(found) < 1.35 * np.std(truth)


def test_the_default_number_of_replicates_gives_the_same():
    world = World(prompts=40)
    prompts = world.layout()
    board = simulate(world, prompts, np.random.default_rng(4))
    few, many = (
        crossed_interval(board.values[0], prompts, world.runs, draws)
        for draws in (draw_items(prompts, REPLICATES), draw_items(prompts))
    )
    assert many.low is not None
    assert many.high is not None
    assert few.low == pytest.approx(many.low, abs=0.15 * (many.high - many.low))
    assert few.high == pytest.approx(many.high, abs=0.15 * (many.high - many.low))


def interval(values: np.ndarray, world: World, prompts: Prompts | None = None) -> Interval:
    prompts = prompts or world.layout()
    return crossed_interval(values, prompts, world.runs, draw_items(prompts))


def test_the_same_numbers_give_the_same_interval_and_others_another():
    world = World(prompts=30)
    board = simulate(world, world.layout(), np.random.default_rng(5)).values[0]
    assert interval(board, world) == interval(board.copy(), world)
    other = board.copy()
    other[0, 0] = 100.0 - other[0, 0]
    assert interval(board, world) != interval(other, world)


def test_under_five_runs_the_interval_says_that_it_is_about_these_runs_only():
    world = World(orders=4, seeds=1)
    found = interval(simulate(world, world.layout(), np.random.default_rng(6)).values[0], world)
    assert found.kind == "these runs only"
    assert found.reason == "4 of the 5 runs that an interval over runs needs"
    assert interval(simulate(World(), World().layout(), np.random.default_rng(6)).values[0], World()).kind == (
        "runs and prompts"
    )


def test_one_run_still_has_an_interval_over_prompts():
    world = World(orders=1, seeds=1)
    found = interval(simulate(world, world.layout(), np.random.default_rng(7)).values[0], world)
    assert found.low is not None
    assert found.kind == "these runs only"


def test_constant_scores_have_a_value_but_no_interval_and_a_reason():
    world = World()
    found = interval(np.full((18, 180), 100.0), world)
    assert (found.value, found.low, found.high) == (pytest.approx(100.0), None, None)
    assert found.reason == "every item has the same score: the spread over items is not known"


def test_a_task_made_from_one_item_has_no_interval():
    prompts = Prompts(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2]))
    values = np.random.default_rng(8).random((6, 4))
    found = crossed_interval(values, prompts, Runs(np.arange(6), np.zeros(6, dtype=int)), draw_items(prompts))
    assert found.low is None
    assert "one item" in (found.reason or "")


def test_prompts_of_one_item_widen_the_interval():
    generator = np.random.default_rng(9)
    item_means = 50.0 + 20.0 * generator.standard_normal(20)
    values = np.repeat(item_means, 10)[None, :] + generator.standard_normal((1, 200))
    task, runs = np.zeros(200, dtype=int), Runs(np.array([0]), np.array([0]))
    together, apart = (Prompts(task, item) for item in (np.arange(200) // 10, np.arange(200)))
    wide, narrow = (crossed_interval(values, layout, runs, draw_items(layout)) for layout in (together, apart))
    assert wide.high - wide.low > 2.5 * (narrow.high - narrow.low)  # type: ignore[operator]


def test_items_that_few_tasks_share_join_the_nearest_stratum():
    task = np.array([0] * 20 + [1] * 12)
    item = np.array([*range(20), *range(10), 20, 21])
    assert sorted(Prompts(task, item).stratum_sizes) == [10, 12]
    assert Prompts(task, np.arange(32)).stratum_sizes.tolist() == [12, 20]


def test_values_that_are_missing_are_refused():
    world = World()
    with pytest.raises(ValueError, match="finite"):
        interval(np.full((18, 180), np.nan), world)
