"""Rank intervals and tie groups, on simulated boards whose truth is known."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from lifealign_bench.benchmark.statistics import (
    Comparison,
    Rank,
    Ranking,
    compare_methods,
    draw_items,
    rank_methods,
    sign_flip,
)
from lifealign_bench.benchmark.statistics.crossed import missing_interval
from lifealign_bench.benchmark.statistics.ranking import Gaps, method_gaps, rank_bounds, tie_groups
from simulated_boards import Simulated, World, as_measured, simulate, with_runs

REPLICATES, BOARDS = 300, 500


@pytest.fixture(autouse=True)
def fewer_flips(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as a p of 0.05 among six pairs needs; the product draws more."""
    monkeypatch.setattr(sign_flip, "FLIPS", 3999)


def rankings(world: World, boards: int) -> Iterator[tuple[Simulated, Ranking]]:
    generator, prompts = np.random.default_rng(1), world.layout()
    draws = draw_items(prompts, REPLICATES)
    for _ in range(boards):
        board = simulate(world, prompts, generator)
        yield board, rank_methods(as_measured(world, prompts, draws, board.values))


def rank_is_covered(row: Rank, truth: np.ndarray) -> bool:
    """Every rank that the true values allow a method lies in the interval."""
    own = truth[int(row.method.removeprefix("method"))]
    best, worst = 1 + (truth > own + 1e-9).sum(), (truth >= own - 1e-9).sum()
    assert row.low is not None
    assert row.high is not None
    return bool(row.low <= best and worst <= row.high)


def separated(ranking: Ranking) -> bool:
    return len({row.group for row in ranking.ranks}) > 1


@pytest.mark.parametrize(
    ("world", "boards"),
    [
        (World(methods=(0.0,) * 2, run_sd=2.0, prompts=40), 500),
        (World(methods=(0.0,) * 4, run_sd=1.0, prompts=20, method_prompt_sd=4.0, item_sd=5.0), 150),
        (World(methods=(0.0,) * 3, run_sd=3.0, prompts=20, order_sd=2.0, seed_sd=1.0), 150),
    ],
)
def test_equal_methods_are_separated_in_at_most_one_of_twenty_boards_and_their_rank_intervals_cover(world, boards):
    wrong, hits = [], []
    for board, ranking in rankings(world, boards):
        wrong.append(separated(ranking))
        hits += [rank_is_covered(row, board.truth) for row in ranking.ranks]
    assert np.mean(wrong) <= 0.05
    assert 0.92 <= np.mean(hits) <= 0.98


def test_equal_methods_are_not_separated_by_a_third_one_that_is_better():
    world = World(methods=(8.0, 0.0, 0.0), run_sd=1.0, prompts=60)
    wrong = right = 0
    for _, ranking in rankings(world, 100):
        groups = {row.method: row.group for row in ranking.ranks}
        wrong += groups["method1"] != groups["method2"]
        right += groups["method0"] == 1 < min(groups["method1"] or 0, groups["method2"] or 0)
    assert wrong <= 5
    assert right >= 95


@pytest.mark.parametrize(("orders", "seeds"), [(3, 1), (6, 1), (6, 3)])
def test_rank_intervals_hold_the_true_ranks_as_often_as_they_say(orders, seeds):
    """Of equal methods; where they differ the intervals are right more often. Three runs speak of themselves alone:
    methods are equal where these runs are."""
    hits = {}
    for methods in ((0.0, 0.0, 0.0), (0.0, 0.4, 6.0)):
        run_sd = 0.0 if orders * seeds < 5 and not any(methods) else 2.0
        world = with_runs(World(methods=methods, run_sd=run_sd, prompts=40, order_sd=1.0), orders, seeds)
        generator, prompts = np.random.default_rng(orders + seeds), world.layout()
        draws = draw_items(prompts, REPLICATES)
        found = hits[methods] = []
        for _ in range(BOARDS):
            board = simulate(world, prompts, generator)
            truth = board.truth if orders * seeds >= 5 else board.of_these_runs
            low, high = rank_bounds(method_gaps(board.values, world.runs, draws))
            best = 1 + (truth > truth[:, None] + 1e-9).sum(axis=1)
            worst = (truth >= truth[:, None] - 1e-9).sum(axis=1)
            found.append((low <= best) & (worst <= high))
    assert 0.92 <= np.mean(hits[0.0, 0.0, 0.0]) <= 0.98
    assert np.mean(hits[0.0, 0.4, 6.0]) >= 0.92


def test_methods_far_apart_have_ranks_without_doubt_and_groups_of_their_own():
    world = World(methods=(0.0, 20.0, 10.0), run_sd=1.0, prompts=100)
    _, ranking = next(rankings(world, 1))
    assert [(row.method, row.rank, row.low, row.high, row.group) for row in ranking.ranks] == [
        ("method1", 1, 1, 1, 1),
        ("method2", 2, 2, 2, 2),
        ("method0", 3, 3, 3, 3),
    ]
    assert ranking.groups_reason is None


def test_under_ten_blocks_there_are_no_tie_groups():
    _, ranking = next(rankings(with_runs(World(methods=(0.0, 9.0)), 6, 1), 1))
    assert {row.group for row in ranking.ranks} == {None}
    assert ranking.groups_reason == "6 of the 10 blocks (order, seed) that tie groups need"


def test_one_group_that_the_blocks_alone_explain_says_how_many_are_needed():
    world = with_runs(World(methods=tuple(5.0 * np.arange(8)), middle=50.0, run_sd=1.0), 10, 1)
    _, ranking = next(rankings(world, 1))
    assert {row.group for row in ranking.ranks} == {1}
    assert "11 are needed" in (ranking.groups_reason or "") or "12 are needed" in (ranking.groups_reason or "")


def test_ties_everywhere_share_the_first_rank_and_one_group():
    world = World(methods=(0.0, 0.0, 0.0))
    prompts = world.layout()
    board = simulate(replace(world, methods=(0.0,)), prompts, np.random.default_rng(2)).values
    measured = as_measured(world, prompts, draw_items(prompts), np.repeat(board, 3, axis=0))
    ranking = rank_methods(measured)
    assert [(row.rank, row.low, row.high, row.group) for row in ranking.ranks] == [(1, 1, 3, 1)] * 3
    assert {found.p for found in compare_methods(measured)} == {1.0}


def test_one_method_has_a_rank_and_no_interval():
    _, ranking = next(rankings(World(methods=(0.0,)), 1))
    assert (ranking.ranks[0].rank, ranking.ranks[0].low) == (1, None)
    assert ranking.ranks[0].reason == "one method: nothing to rank it against"


@pytest.mark.parametrize(("p_holm", "error", "groups"), [(0.04, 1.0, {1, 2}), (0.06, 1.0, {1}), (0.04, 9.0, {1})])
def test_a_new_group_needs_a_corrected_p_and_a_difference_beyond_the_bootstrap(p_holm, error, groups):
    difference = missing_interval("not asked for")
    found = Comparison("a", "b", difference, 0.01, p_holm, 0.001, 18)
    ratios = np.abs(np.random.default_rng(3).standard_normal((500, 2, 2)))
    gaps = Gaps(np.array([[0.0, 5.0], [-5.0, 0.0]]), np.array([[0.0, error], [error, 0.0]]), ratios)
    assert set(tie_groups(("a", "b"), gaps, (found,), 18)[0].values()) == groups
