"""What a task does to another: the truth of simulated boards is found, and intervals hold it as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from lifealign_bench.benchmark.statistics.board import Block, Board
from lifealign_bench.benchmark.statistics.interference import (
    change_interval,
    interference,
    step_changes,
    task_prompts,
)
from lifealign_bench.benchmark.statistics.prompts import draw_items
from simulated_orders import Stream, draw


def with_values(board: Board, values: np.ndarray) -> Board:
    return Board(
        board.metric,
        board.methods,
        board.schedules,
        board.blocks,
        board.orders,
        board.tasks,
        board.prompts,
        values,
        board.reasons,
    )


def test_changes_are_those_of_the_step_at_which_the_task_is_learned() -> None:
    board = draw(Stream(), np.random.default_rng(0)).board
    # Cells that only count steps times the run: the change is the run's number, whatever the task.
    steps = np.arange(4.0)[None, None, :, None] * (1 + np.arange(6.0))[None, :, None, None]
    changes = step_changes(with_values(board, np.broadcast_to(steps, board.values.shape)), 0)
    assert changes.shape == (6, 3, 180)
    assert np.array_equal(changes, np.broadcast_to((1 + np.arange(6.0))[:, None, None], changes.shape))


def test_the_matrix_says_who_does_what_to_whom() -> None:
    stream = Stream(prompts=2000, seeds=2, change_sd=0.0, prompt_sd=0.0)
    found = interference(draw(stream, np.random.default_rng(1)).board)[0]
    away = ~np.eye(3, dtype=bool)
    assert found.means("learned before")[away] == pytest.approx(stream.before[away], abs=1.5)
    assert found.means("not yet learned")[away] == pytest.approx(stream.later[away], abs=1.5)
    assert found.means("always")[away] == pytest.approx(((stream.before + stream.later) / 2)[away], abs=1.0)
    assert np.diag(found.means("always")) == pytest.approx([8.0] * 3, abs=1.0)
    assert found.learned_before[1][1].reason == "a task is not learned before or after itself"


@pytest.mark.parametrize(("orders", "seeds"), [(3, 1), (6, 1), (6, 3)])
def test_intervals_of_interference_cover_as_often_as_they_say(orders: int, seeds: int) -> None:
    stream = Stream(seeds=seeds, first_orders=orders, change_sd=2.0, order_sd=1.0)
    generator = np.random.default_rng(orders * 10 + seeds)
    draws = [draw_items(task_prompts(draw(stream, generator).board.prompts, task)) for task in range(3)]
    covered = []
    for _ in range(500):
        drawn = draw(stream, generator)
        board, changes = drawn.board, step_changes(drawn.board, 0)
        places = np.stack([board.task_places(block) for block in board.blocks])
        for i, j in ((1, 2), (2, 0)):
            found = change_interval(board, changes[:, i], i, j, "learned before", draws[j])
            truth = stream.before[i, j]
            if found.kind == "these runs only":
                truth = drawn.of_these_runs[places[:, j] < places[:, i], i, j].mean()
            covered.append(found.low <= truth <= found.high)
    assert 0.92 <= np.mean(covered) <= 0.98


def test_the_same_board_always_has_the_same_intervals() -> None:
    board = draw(Stream(), np.random.default_rng(2)).board
    assert interference(board) == interference(board)


def test_cells_that_were_not_measured_leave_a_reason_and_no_number() -> None:
    drawn = draw(Stream(), np.random.default_rng(3)).board
    values = drawn.values.copy()
    for r, block in enumerate(drawn.blocks):
        for task, place in enumerate(drawn.task_places(block)):
            values[0, r, 1 : place + 1, drawn.prompts.task == task] = np.nan
    found = interference(with_values(drawn, values))[0]
    assert np.isfinite(found.means("learned before")[0, 1])
    assert found.not_yet_learned[0][1].value is None
    assert found.not_yet_learned[0][1].reason == "t1 was not measured around learning t0"


def test_one_order_knows_only_its_own_direction() -> None:
    found = interference(draw(Stream(first_orders=1), np.random.default_rng(4)).board)[0]
    first, second = (int(name[1]) for name in Stream(first_orders=1).orders[0].tasks[:2])
    assert found.learned_before[second][first].value is not None
    assert found.learned_before[first][second].value is None
    assert "no order has" in str(found.learned_before[first][second].reason)


def test_a_missing_run_is_left_out() -> None:
    board = draw(Stream(), np.random.default_rng(5)).board
    values = board.values.copy()
    values[:, 2] = np.nan
    hole = interference(with_values(board, values))[0]
    kept = [r for r in range(6) if r != 2]
    less = Board(
        "m",
        board.methods,
        board.schedules,
        tuple(board.blocks[r] for r in kept),
        board.orders,
        board.tasks,
        board.prompts,
        board.values[:, kept],
        {},
    )
    assert hole.means("always") == pytest.approx(interference(less)[0].means("always"))
    assert hole.always[0][1].n_runs == 5
    assert Block("williams-3", 0) == board.blocks[2]
