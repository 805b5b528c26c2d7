"""Each kind of statement on simulated boards of known truth: seldom where nothing is, right where something is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from lifealign_bench.benchmark.orders import design_balance
from lifealign_bench.benchmark.statistics import agreement as agreement_module
from lifealign_bench.benchmark.statistics import variance
from lifealign_bench.benchmark.statistics.board import Board, measured
from lifealign_bench.benchmark.statistics.design import Design
from lifealign_bench.benchmark.statistics.positions import position_effects
from lifealign_bench.benchmark.statistics.prompts import draw_items
from lifealign_bench.benchmark.statistics.ranking import rank_methods
from lifealign_bench.benchmark.statistics.sensitivity import order_sensitivity
from lifealign_bench.leaderboard.analysis.analysis import design_record
from lifealign_bench.leaderboard.analysis.findings import (
    averaged_board,
    ending_effects,
    interference_tests,
    order_effects,
    order_tests,
    position_tests,
    subjects_of,
)
from lifealign_bench.leaderboard.analysis.gather import agreement_of_orders, analyse_metric
from lifealign_bench.leaderboard.analysis.method_statements import method_statements
from lifealign_bench.leaderboard.analysis.order_statements import agreement_statements
from lifealign_bench.leaderboard.analysis.record import DesignRecord, Statement
from simulated_orders import layout
from simulated_reports import draw_methods, null_stream

BOARDS = 500
# Draws of the bootstrap that the boards of a test share; how many there are changes no rule.
REPLICATES = 400
PROMPTS = 30


def design(board: Board) -> DesignRecord:
    orders = tuple(board.orders.values())
    seeds = tuple(sorted({block.seed for block in board.blocks}))
    return design_record(Design("williams", orders, seeds, design_balance(orders), len(board.methods), ()))


def states(findings: object) -> bool:
    return any(found.p_holm is not None and found.p_holm < 0.05 for found in findings)


def null_boards(count: int, seeds: int, methods: int = 2, **changes: object) -> Iterator[Board]:
    """Boards of six orders in which nothing is; runs vary by 1 to 3 points a step."""
    draws = draw_items(layout(3, PROMPTS), REPLICATES)
    for number in range(count):
        stream = null_stream(3, seeds, prompts=PROMPTS, change_sd=1.0 + number % 3, **changes)
        board = draw_methods({f"m{m}": stream for m in range(methods)}, np.random.default_rng([seeds, number]))
        board.__dict__["draws"] = draws
        yield board


def test_where_nothing_is_each_kind_is_stated_in_at_most_one_of_twenty_boards() -> None:
    """Six orders with three seeds, two methods: tasks, orders, endings, positions and methods, each by itself."""
    wrong: Counter[str] = Counter()
    for board in null_boards(BOARDS, 3):
        average, _, _ = averaged_board(board)
        subjects = subjects_of(board, average)
        wrong["interference"] += states(interference_tests(subjects))
        wrong["order"] += states(order_effects(subjects))
        wrong["ending"] += states(ending_effects(average).findings)
        positions = [one for own in (average, board) for at in ("learned", "end") for one in position_effects(own, at)]
        wrong["position"] += states(position_tests(positions))
        ranking = rank_methods(measured(board, "last"))
        wrong["methods"] += any(one.level == "shown" for one in method_statements(ranking, (), 5.0, 3, "rubric"))
    assert all(count <= 0.05 * BOARDS for count in wrong.values()), wrong
    assert wrong["position"] > 0


def test_that_the_order_matters_is_seldom_stated_where_it_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variance, "PERMUTATIONS", 399)
    wrong = 0
    for board in null_boards(BOARDS, 3):
        average, _, _ = averaged_board(board)
        wrong += states(order_tests(order_sensitivity(average)[0], order_sensitivity(board)))
    assert wrong <= 0.05 * BOARDS


@pytest.mark.parametrize("seeds", [1, 3])
def test_that_orders_rank_equal_methods_alike_is_seldom_stated(seeds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six and eighteen runs of four methods that all answer the same prompts."""
    monkeypatch.setattr(agreement_module, "DRAWS", 499)
    seen = wrong = 0
    for board in null_boards(BOARDS, seeds, methods=4):
        values = measured(board, "last")
        stated = [*agreement_statements(agreement_of_orders(values), rank_methods(values))]
        seen += any(one.level != "open" for one in stated)
        wrong += any(one.level == "shown" for one in stated)
    assert 0 < wrong <= 0.05 * BOARDS
    assert seen > wrong


@pytest.mark.parametrize("first_orders", [3, 6])
def test_three_and_six_runs_show_nothing_of_orders_and_tasks(first_orders: int) -> None:
    for board in null_boards(6, 1, first_orders=first_orders):
        found = analyse_metric(board, design(board)).statements
        assert {one.kind for one in found if one.level == "shown"} <= {"position"}


def test_few_runs_state_nothing() -> None:
    """Whatever is there: one seed of three orders shows no difference, it describes and says what is missing."""
    strong = np.array([[0.0, -30, 0], [0, 0, 0], [0, 0, 0]])
    stream = null_stream(3, 1, before=strong, first_orders=3)
    board = draw_methods({"m0": stream, "m1": stream}, np.random.default_rng(0))
    found = analyse_metric(board, design(board)).statements
    assert {one.kind for one in found if one.level == "shown"} <= {"agreement"}
    assert {"seen", "open"} <= {one.level for one in found}
    assert any("needed" in one.text for one in found if one.level == "open")


def test_constant_scores_state_nothing_and_say_why_they_have_no_interval() -> None:
    board = next(null_boards(1, 2))
    found = analyse_metric(replace(board, values=np.full_like(board.values, 50.0)), design(board))
    assert {one.level for one in found.statements} <= {"seen", "open"}
    assert all(own.last.low is None and "same score" in str(own.last.reason) for own in found.methods)
    assert {own.p_holm for own in (*found.order_effects, *found.position_tests, *found.interference_tests)} == {None}


def test_what_a_task_costs_another_is_stated_with_its_sign_and_size() -> None:
    before = np.zeros((4, 4))
    before[0, 1], before[2, 3] = -25.0, 20.0
    stream = null_stream(4, 4, before=before, change_sd=1.0, prompts=120)
    found = shown(draw_methods({"m0": stream, "m1": stream}, np.random.default_rng(1)), "interference")
    by_subject = {one.subject: one for one in found if one.method is None}
    assert set(by_subject) == {("t0", "t1"), ("t2", "t3")}
    assert by_subject["t0", "t1"].value == pytest.approx(-25, abs=6)
    assert "Learning t0 costs t1 2" in by_subject["t0", "t1"].text
    assert by_subject["t2", "t3"].value == pytest.approx(20, abs=6)
    assert "Learning t2 gives t3" in by_subject["t2", "t3"].text
    assert found[0].strength >= found[-1].strength
    assert all(one.rule and one.limits for one in found)


def test_the_worst_task_to_end_with_and_the_order_to_avoid_are_found() -> None:
    before = np.zeros((4, 4))
    before[2] = (-30.0, -30.0, 0.0, -30.0)
    stream = null_stream(4, 3, before=before, change_sd=1.0, prompts=120)
    board = draw_methods({"m0": stream, "m1": stream}, np.random.default_rng(2))
    endings = shown(board, "ending")
    assert "The worst task to end with is t2" in endings[0].text
    assert endings[0].value < 0
    orders = [one for one in shown(board, "order") if one.method is None]
    avoid = next(one for one in orders if one.value < 0)
    assert board.orders[avoid.subject[0]].tasks[-1] == "t2"
    prefer = next(one for one in orders if one.value > 0)
    assert board.orders[prefer.subject[0]].tasks[-1] != "t2"


def test_that_the_order_matters_is_stated_where_it_does() -> None:
    before = np.zeros((3, 3))
    before[2] = (-30.0, -30.0, 0.0)
    stream = null_stream(3, 3, before=before, change_sd=1.0, prompts=120)
    board = draw_methods({"m0": stream, "m1": stream}, np.random.default_rng(2))
    stated = next(one for one in shown(board, "order matters") if one.method is None)
    truth = np.std([-20.0, -10.0, -10.0, 0.0, 0.0, -20.0], ddof=1)
    assert stated.value == pytest.approx(truth, rel=0.4)


def test_that_a_position_matters_is_stated_where_it_does() -> None:
    loses = np.where(np.eye(4) > 0, 0.0, -12.0)
    stream = null_stream(4, 2, before=loses, change_sd=1.0, prompts=120)
    found = shown(draw_methods({"m0": stream, "m1": stream}, np.random.default_rng(6)), "position")
    assert {one.subject for one in found} == {("end", "1"), ("end", "4")}
    first, last = sorted(found, key=lambda one: one.subject)
    assert first.value == pytest.approx(-18.0, abs=4)
    assert last.value == pytest.approx(18.0, abs=4)
    assert "A task learned first is 1" in first.text
    assert "worse at the end than in the mean position" in first.text
    assert "A task learned last is" in last.text
    assert first.method is last.method is None


def test_orders_that_are_not_balanced_state_no_position_and_say_why() -> None:
    loses = np.where(np.eye(4) > 0, 0.0, -12.0)
    stream = null_stream(4, 2, before=loses, change_sd=1.0, first_orders=3)
    board = draw_methods({"m0": stream, "m1": stream}, np.random.default_rng(7))
    found = [one for one in analyse_metric(board, design(board)).statements if one.kind == "position"]
    assert [one.level for one in found] == ["open"]
    assert "not balanced" in found[0].text


def test_the_better_method_is_stated_and_equal_ones_are_not_told_apart() -> None:
    good, bad = null_stream(4, 3, gain=20.0, change_sd=0.5), null_stream(4, 3, gain=0.0, change_sd=0.5)
    board = draw_methods({"bad": bad, "good": good, "like good": good}, np.random.default_rng(3))
    found = analyse_metric(board, design(board)).statements
    stated = {one.subject for one in found if one.kind == "methods" and one.level == "shown"}
    assert stated == {("good", "bad"), ("like good", "bad")}
    (equal,) = [one for one in found if one.kind == "methods" and one.level == "open"]
    assert set(equal.subject) == {"good", "like good"}
    assert "not told apart" in equal.text


def test_how_many_more_blocks_are_needed_counts_the_family() -> None:
    stream = null_stream(3, 1, change_sd=0.5)
    board = draw_methods({f"m{number}": stream for number in range(4)}, np.random.default_rng(4))
    found = analyse_metric(board, design(board)).statements
    text = next(one.text for one in found if one.kind == "methods")
    assert "6 comparisons need 8 in all" in text


def test_an_ending_of_one_order_each_speaks_of_seeds_alone() -> None:
    stream = null_stream(4, 3)
    board = draw_methods({"m0": stream, "m1": stream}, np.random.default_rng(5))
    average, _, _ = averaged_board(board)
    assert not ending_effects(average).other_orders
    several = null_stream(3, 2)
    average, _, _ = averaged_board(draw_methods({"m0": several, "m1": several}, np.random.default_rng(5)))
    assert ending_effects(average).other_orders


def test_a_method_with_a_missing_cell_is_left_out_of_the_mean() -> None:
    stream = null_stream(3, 2)
    board = draw_methods({"m0": stream, "m1": stream, "m2": stream}, np.random.default_rng(6))
    values = board.values.copy()
    values[2, 0, 3, board.prompts.task == 1] = np.nan
    reasons = {("m2", board.blocks[0], 3, "t1"): "not evaluated"}
    _, over, _ = averaged_board(replace(board, values=values, reasons=reasons))
    assert over == ("m0", "m1")


def shown(board: Board, kind: str) -> list[Statement]:
    found = analyse_metric(board, design(board)).statements
    return [one for one in found if one.kind == kind and one.level == "shown"]
