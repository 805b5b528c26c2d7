"""The position effect: found where it is, and its interval holds it as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from lifealign_bench.benchmark.statistics.board import Board
from lifealign_bench.benchmark.statistics.positions import position_effects
from simulated_orders import Stream, draw

BY_POSITION = (4.0, 0.0, -4.0)


def expected(stream: Stream) -> np.ndarray:
    """By position: its own part and what the tasks learned before have already done, from the mean position."""
    ahead = stream.later[~np.eye(3, dtype=bool)].mean()
    raw = np.array(stream.by_position) + ahead * np.arange(3)
    return raw - raw.mean()


@pytest.mark.parametrize(("orders", "seeds", "change_sd"), [(6, 1, 2.0), (6, 3, 3.0)])
def test_position_effects_are_unbiased_and_their_intervals_cover(orders: int, seeds: int, change_sd: float) -> None:
    same = np.full((3, 3), 2.0)
    stream = Stream(seeds=seeds, first_orders=orders, later=same, change_sd=change_sd, by_position=BY_POSITION)
    generator = np.random.default_rng(seeds)
    truth, values, covered = expected(stream), [], []
    for _ in range(500):
        effects = position_effects(draw(stream, generator).board, "learned")[0].effects
        values.append([effect.value for effect in effects])
        covered += [effect.low <= value <= effect.high for effect, value in zip(effects, truth, strict=True)]
    assert np.mean(values, axis=0) == pytest.approx(truth, abs=0.4)
    assert 0.92 <= np.mean(covered) <= 0.98


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
