"""The position effect: found where it is, and its interval holds it as often as it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifealign_bench.benchmark.statistics.board import Board
from lifealign_bench.benchmark.statistics.positions import position_effects
from simulated_orders import Stream, draw

BY_POSITION = (4.0, 0.0, -4.0)
LIKE = np.where(np.eye(3) > 0, 0.0, 2.0)


BOARDS = 500
LAYOUTS = ((3, 1), (6, 1), (6, 3))
KINDS = (
    Stream(change_sd=1.0, prompts=30, by_position=BY_POSITION, before=LIKE, later=LIKE),
    Stream(change_sd=2.0, prompts=60, order_sd=1.0, by_position=(0.0, 0.0, 0.0), before=-2.0 * LIKE, later=LIKE),
    Stream(change_sd=3.0, prompts=40, by_position=BY_POSITION, before=-2.0 * LIKE, later=0.0 * LIKE),
)


def expected(stream: Stream, at: str) -> np.ndarray:
    """By position: its own part and what tasks learned before, and at the end those learned after, did to a task."""
    ahead, behind = stream.later[0, 1], stream.before[0, 1]
    places = np.arange(3)
    raw = np.array(stream.by_position) + ahead * places + (behind * (2 - places) if at == "end" else 0.0)
    return raw - raw.mean()


@pytest.mark.parametrize(("orders", "seeds"), LAYOUTS)
def test_position_effects_are_unbiased_and_their_intervals_cover(orders: int, seeds: int) -> None:
    off, covered = [], []
    for number, kind in enumerate(KINDS):
        stream, generator = replace(kind, seeds=seeds, first_orders=orders), np.random.default_rng([number, orders])
        for _ in range(1 + BOARDS // len(KINDS)):
            board = draw(stream, generator).board
            for at in ("learned", "end"):
                effects = position_effects(board, at)[0].effects
                truth = expected(stream, at)
                off.append([effect.value - value for effect, value in zip(effects, truth, strict=True)])
                given = [
                    (effect.low, value, effect.high)
                    for effect, value in zip(effects, truth, strict=True)
                    if effect.low is not None and effect.high is not None
                ]
                covered += [low <= value <= high for low, value, high in given]
    assert np.mean(off, axis=0) == pytest.approx([0.0] * 3, abs=0.5)
    # Three orders of few prompts now and then leave nothing to tell chance by.
    assert len(covered) > 0.95 * 3 * len(off)
    assert 0.92 <= np.mean(covered) <= 0.98


@pytest.mark.parametrize(("orders", "seeds"), LAYOUTS)
def test_without_a_position_effect_p_is_as_often_under_5_percent_as_it_says(orders: int, seeds: int) -> None:
    none, generator = Stream(seeds=seeds, first_orders=orders, prompts=30), np.random.default_rng(seeds)
    still = replace(none, before=0.0 * LIKE, later=0.0 * LIKE, gain=0.0)
    found = [position_effects(draw(still, generator).board, "end")[0].effects[0].p for _ in range(BOARDS)]
    assert 0.02 <= np.mean([p < 0.05 for p in found if p is not None]) <= 0.08


def test_scores_that_no_order_changes_have_no_interval_and_say_why() -> None:
    board = draw(Stream(), np.random.default_rng(4)).board
    same = replace(board, values=np.full_like(board.values, 50.0))
    effects = position_effects(same, "learned")[0].effects
    assert [effect.value for effect in effects] == pytest.approx([0.0] * 3, abs=1e-9)
    assert {effect.low for effect in effects} == {None}
    assert "orders do not differ" in str(effects[0].reason)


def test_at_the_end_a_task_pays_for_what_came_after_it() -> None:
    lost = np.full((3, 3), -5.0)
    stream = Stream(before=lost, later=np.zeros((3, 3)), prompts=2000, change_sd=0.0, prompt_sd=0.0)
    board = draw(stream, np.random.default_rng(0)).board
    effects = position_effects(board, "end")[0].effects
    assert [effect.value for effect in effects] == pytest.approx([-5.0, 0.0, 5.0], abs=1.0)
    learned = position_effects(board, "learned")[0]
    assert [effect.value for effect in learned.effects] == pytest.approx([0.0] * 3, abs=1.0)
    assert learned.caution is None
    assert all(cell.value is not None for row in learned.by_task for cell in row)


def test_unbalanced_orders_say_what_is_mixed() -> None:
    found = position_effects(draw(Stream(first_orders=3), np.random.default_rng(1)).board, "learned")[0]
    assert "not balanced" in str(found.caution)


def test_one_order_and_a_missing_method_have_no_position_effect() -> None:
    board = draw(Stream(first_orders=1), np.random.default_rng(2)).board
    found = position_effects(board, "end")[0]
    assert {effect.reason for effect in found.effects} == {"one order: a task and its position cannot be told apart"}
    empty = Board(
        "m", ("m",), ("sequential",), board.blocks, board.orders, board.tasks, board.prompts, board.values * np.nan, {}
    )
    assert all(effect.value is None for effect in position_effects(empty, "end")[0].effects)


def test_isolated_and_joint_methods_have_none() -> None:
    board = draw(Stream(), np.random.default_rng(3)).board
    alone = Board("m", ("m",), ("isolated",), board.blocks, board.orders, board.tasks, board.prompts, board.values, {})
    assert position_effects(alone, "learned") == ()
