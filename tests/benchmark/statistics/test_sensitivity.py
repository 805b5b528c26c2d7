"""Order sensitivity: differences, spreads and cautions of methods over orders."""

from __future__ import annotations

import numpy as np
import pytest

from lifealign_bench.benchmark.statistics.board import Block, Board
from lifealign_bench.benchmark.statistics.sensitivity import caution_of, order_differences, order_sensitivity
from simulated_orders import Stream, draw


def with_last_row(board: Board, rows: np.ndarray) -> Board:
    """The board with R[T, task] of every run set, (R, T), and all else as it is."""
    values = board.values.copy()
    values[0, :, -1] = rows[:, board.prompts.task]
    return Board(
        "m", board.methods, board.schedules, board.blocks, board.orders, board.tasks, board.prompts, values, {}
    )


def test_order_performance_differences_are_ranges_over_orders() -> None:
    found = order_differences(np.array([[10.0, 50, 80], [30, 50, 70], [20, 49, 90]]), ("a", "b", "c"))
    assert [measure.value for measure in found.opd] == [20, 1, 20]
    assert found.aopd.value == pytest.approx(41 / 3)
    assert found.mopd.value == 20


def test_a_missing_task_leaves_the_others_their_difference() -> None:
    found = order_differences(np.array([[10.0, np.nan], [30, 50]]), ("a", "b"))
    assert found.opd[0].value == 20
    assert "b has no last number in 1 of 2 orders" in str(found.opd[1].reason)
    assert found.aopd.value is None
    assert found.mopd.value is None


def test_one_order_has_no_difference() -> None:
    found = order_differences(np.array([[10.0, 20.0]]), ("a", "b"))
    assert {measure.reason for measure in (*found.opd, found.aopd, found.mopd)} == {"one order: nothing to compare"}


@pytest.mark.parametrize(
    ("orders", "seeds", "words"),
    [(5, 2, None), (3, 1, "3 orders, includes seed noise"), (6, 1, "6 orders, 1 seed, includes seed noise")],
)
def test_few_orders_or_seeds_say_that_seed_noise_is_in_it(orders: int, seeds: int, words: str | None) -> None:
    assert caution_of(orders, seeds) == words


def test_differences_are_between_means_over_seeds() -> None:
    board = draw(Stream(seeds=2), np.random.default_rng(0)).board
    rows = np.array([[50.0 + 10 * (block.order == "williams-1"), 60, 70] for block in board.blocks])
    rows[:, 1] += np.where([block.seed for block in board.blocks], 3.0, -3.0)
    (found,) = order_sensitivity(with_last_row(board, rows))
    assert [measure.value for measure in found.differences.opd] == pytest.approx([10, 0, 0])
    assert found.best == ("williams-1", pytest.approx(190 / 3))
    assert found.by_order[1][0] == "williams-2"
    assert found.caution is None
    assert found.last.raw_sd.value == pytest.approx(np.std([10 / 3, 0, 0, 0, 0, 0], ddof=1))


def test_the_seed_variance_is_subtracted_where_there_are_enough_runs() -> None:
    generator = np.random.default_rng(1)
    board = draw(Stream(seeds=6), generator).board
    shift = generator.standard_normal(len(board.blocks)) * 5
    rows = 60 + np.repeat(shift[:, None], 3, axis=1)
    (found,) = order_sensitivity(with_last_row(board, rows))
    assert found.last.seed_sd.value == pytest.approx(5, rel=0.3)
    # Means over six seeds vary by 5 / sqrt(6) without any order effect.
    assert found.last.raw_sd.value > 1.0
    assert found.last.order_sd.value < found.last.raw_sd.value


def test_the_worst_order_is_the_one_with_the_lowest_last() -> None:
    board = draw(Stream(), np.random.default_rng(2)).board
    rows = np.repeat(np.array([50.0, 40, 60, 70, 30, 45])[:, None], 3, axis=1)
    (found,) = order_sensitivity(with_last_row(board, rows))
    assert found.worst == ("williams-5", pytest.approx(30.0))
    assert found.best == ("williams-4", pytest.approx(70.0))
    assert found.last.order_sd.value is None
    assert "includes seed noise" in str(found.last.order_sd.reason)


def test_a_method_without_one_run_is_told_apart_and_one_without_any_is_null() -> None:
    board = draw(Stream(seeds=2), np.random.default_rng(3)).board
    values = board.values.copy()
    lost = [r for r, block in enumerate(board.blocks) if block.order == "williams-2"]
    values[:, lost] = np.nan
    reasons = {("m", board.blocks[r], None, None): "this run is missing" for r in lost}
    args = (board.blocks, board.orders, board.tasks, board.prompts)
    (found,) = order_sensitivity(Board("m", ("m",), ("sequential",), *args, values, reasons))
    assert found.by_order[-1][0] == "williams-2"
    assert found.by_order[-1][1].value is None
    assert found.last.raw_sd.value is not None
    (none,) = order_sensitivity(Board("m", ("m",), ("sequential",), *args, values * np.nan, {}))
    assert none.last.raw_sd.value is None
    assert none.worst is None
    assert none.differences.aopd.value is None


def test_one_task_has_last_but_no_bwt() -> None:
    board = draw(
        Stream(tasks=1, seeds=2, before=np.zeros((1, 1)), later=np.zeros((1, 1))), np.random.default_rng(4)
    ).board
    (found,) = order_sensitivity(board)
    assert "T = 1" in str(found.bwt.raw_sd.reason)
    assert found.last.split.reason == "one order: nothing to compare"
    assert board.blocks == (Block("williams-1", 0), Block("williams-1", 1))
