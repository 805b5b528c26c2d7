"""How many blocks a difference needs: what is stated is what the sign-flip test then does."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from lifealign_bench.benchmark.orders import Order
from lifealign_bench.benchmark.statistics.board import Block, Board, Measured
from lifealign_bench.benchmark.statistics.power import (
    SIGN_FLIP_EFFECTS,
    Need,
    blocks_needed,
    pair_powers,
    t_power,
    width_needs,
)
from lifealign_bench.benchmark.statistics.prompts import Prompts
from lifealign_bench.benchmark.statistics.sign_flip import EXACT_UP_TO, sign_flip_p


def rejections(blocks: int, effect: float, boards: int, seed: int) -> float:
    """How often the test finds a difference of `effect` standard deviations."""
    differences = effect + np.random.default_rng(seed).standard_normal((boards, blocks))
    parts = np.array_split(differences, max(1, boards // 500))
    return float(np.mean(np.concatenate([sign_flip_p(part) for part in parts]) <= 0.05))


def seen(values: np.ndarray, orders: int, seeds: int, prompts: int = 4) -> Measured:
    """A board whose runs have these numbers, (methods, orders x seeds), the same for every prompt but a little."""
    blocks = tuple(Block(f"o{o}", s) for o in range(orders) for s in range(seeds))
    names = tuple(f"m{m}" for m in range(len(values)))
    wiggle = np.linspace(-1, 1, prompts)
    spread = values[:, :, None] + wiggle
    layout = Prompts(np.zeros(prompts, dtype=np.intp), np.arange(prompts))
    named = {f"o{o}": Order(f"o{o}", ("t",)) for o in range(orders)}
    raw = np.repeat(spread[:, :, None, :], 2, axis=2)
    schedules = ("sequential",) * len(names)
    board = Board("simulated", names, schedules, blocks, named, ("t",), layout, raw, {})
    return Measured(board, "last", spread, {})


@pytest.mark.parametrize("blocks", [6, 8, 10, 12])
def test_the_stated_effect_is_found_in_four_of_five_boards(blocks: int) -> None:
    assert rejections(blocks, SIGN_FLIP_EFFECTS[blocks], 2000, blocks) == pytest.approx(0.8, abs=0.025)
    assert blocks <= EXACT_UP_TO


@pytest.mark.parametrize("effect", [1.5, 1.0, 0.6])
def test_the_stated_number_of_blocks_gives_80_percent_power(effect: float) -> None:
    blocks = blocks_needed(-3.0, 3.0 / effect)
    assert blocks is not None
    assert rejections(blocks, effect, 1000 if blocks > 14 else 2000, 1) >= 0.775
    # One block less is too few, as far as chance lets us see.
    assert blocks == 6 or rejections(blocks - 1, effect, 1000 if blocks > 15 else 2000, 2) <= 0.825


def test_fewer_than_six_blocks_are_never_enough_and_a_huge_need_is_not_a_number() -> None:
    assert blocks_needed(50.0, 0.0) == 6
    assert blocks_needed(50.0, 0.001) == 6
    assert blocks_needed(0.001, 10.0) is None
    assert blocks_needed(0.1, 10.0) == pytest.approx((1.96 + 0.8416) ** 2 * 1e4, rel=0.01)
    with pytest.raises(ValueError, match="difference"):
        blocks_needed(0.0, 1.0)


def test_the_power_of_the_t_test_is_that_of_the_tables() -> None:
    # Cohen (1988), one-sample, two-sided 5 %: d = 0.5 needs 34 for 80 %.
    assert t_power(33, 0.5) < 0.8 <= t_power(34, 0.5)
    assert t_power(100_000, 1.0) == 1.0


def test_orders_and_seeds_that_were_seen_say_how_many_more() -> None:
    generator = np.random.default_rng(0)
    orders, seeds = 40, 4
    by_order = np.repeat(generator.standard_normal(orders) * 2.0, seeds)
    first = 70 + by_order + generator.standard_normal(orders * seeds) * 3.0
    (pair,) = pair_powers(seen(np.stack([first, np.full(orders * seeds, 69.0)]), orders, seeds), 2.0)
    assert pair.n_blocks == 160
    assert pair.seen == pytest.approx(1.0, abs=0.8)
    assert pair.order_sd == pytest.approx(2.0, rel=0.3)
    assert pair.seed_sd == pytest.approx(3.0, rel=0.1)
    orders_by_seeds = {need.seeds: need.orders for need in pair.needs}
    assert orders_by_seeds[1] > orders_by_seeds[2] > orders_by_seeds[5] >= 6
    for count, needed in orders_by_seeds.items():
        deviation = math.sqrt(count * pair.order_sd**2 + pair.seed_sd**2)
        assert needed == math.ceil(blocks_needed(2.0, deviation) / count)
    # Seeds do not help against what orders do.
    assert orders_by_seeds[5] * 5 > 1.5 * orders_by_seeds[1]


@pytest.mark.parametrize("seeds", [1, 3])
def test_blocks_planned_from_a_pilot_find_the_difference_they_were_planned_for(seeds: int) -> None:
    generator = np.random.default_rng(seeds)

    def board(orders: int, count: int, difference: float) -> np.ndarray:
        own = np.repeat(generator.standard_normal(orders) * 1.0, count)
        return difference + own + generator.standard_normal(orders * count) * 2.0

    pilot = board(300, 3, 0.0)
    (pair,) = pair_powers(seen(np.stack([pilot, np.zeros(900)]), 300, 3), 1.5)
    orders = {need.seeds: need.orders for need in pair.needs}[seeds]
    found = sign_flip_p(np.stack([board(orders, seeds, 1.5) for _ in range(500)])) <= 0.05
    assert 0.75 <= np.mean(found) <= 0.95


@pytest.mark.parametrize(("orders", "seeds"), [(3, 1), (6, 1), (6, 3)])
def test_the_careful_number_of_orders_has_the_promised_power_after_four_of_five_pilots(orders: int, seeds: int) -> None:
    """`orders` is what the variance of the pilot says, too small after every second one; `unlucky` allows for that."""
    generator, enough = np.random.default_rng(orders + seeds), []
    for order_sd, run_sd in ((0.0, 2.0), (1.5, 1.5)) * 125:
        values = order_sd * np.repeat(generator.standard_normal(orders), seeds)
        values = values + run_sd * generator.standard_normal(orders * seeds)
        (pair,) = pair_powers(seen(np.stack([values, np.zeros(len(values))]), orders, seeds), 2.0, seeds=(1, 3))
        for need in pair.needs:
            truly = blocks_needed(2.0, math.hypot(order_sd * math.sqrt(need.seeds), run_sd))
            enough.append(need.unlucky is None or need.unlucky * need.seeds >= truly)
    assert np.mean(enough) >= 0.8


def test_one_seed_answers_for_one_seed_only() -> None:
    values = np.random.default_rng(1).normal(70, 2, (2, 6))
    (pair,) = pair_powers(seen(values, 6, 1), 3.0)
    assert [need.seeds for need in pair.needs] == [1]
    assert pair.order_sd is None
    assert pair.needs[0].unlucky >= pair.needs[0].orders >= 6


def test_too_few_blocks_are_refused_in_words() -> None:
    found = seen(np.array([[70.0], [71.0]]), 1, 1)
    (pair,) = pair_powers(found, 1.0)
    assert pair.needs == ()
    assert "at least 2" in str(pair.reason)
    hole = replace(found, values=np.where(np.arange(2)[:, None, None] == 0, np.nan, found.values))
    assert "no block in which both ran" in str(pair_powers(hole, 1.0)[0].reason)


def test_methods_that_never_differ_need_the_least_blocks() -> None:
    (pair,) = pair_powers(seen(np.full((2, 12), 70.0), 6, 2), 1.0)
    assert pair.block_sd == 0.0
    assert pair.needs[0] == Need(1, 6, 6)


def test_a_width_needs_runs_or_more_prompts() -> None:
    values = np.random.default_rng(2).normal(70, 3, (1, 12))
    (narrow,) = width_needs(seen(values, 6, 2), 0.3)
    assert narrow.needs == ()
    assert "more prompts" in str(narrow.reason)
    (wide,) = width_needs(seen(values, 6, 2), 2.0)
    assert wide.reason is None
    assert wide.needs[0].orders > wide.needs[1].orders >= 3
