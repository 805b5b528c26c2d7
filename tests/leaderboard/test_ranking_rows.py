"""The ranking over all orders and seeds, the order tables and the comparison: what counts, what is left unranked."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stored_boards import store_board

from example_board import example_board
from lifealign_bench.benchmark.statistics.crossed import Interval
from lifealign_bench.benchmark.statistics.ranking import Rank
from lifealign_bench.benchmark.statistics.reading import read_board
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.comparison import block_frame, blocks_of, by_task, changed_most, verdict_in_words
from lifealign_bench.leaderboard.headline import headline
from lifealign_bench.leaderboard.inference import (
    Inference,
    _speak_of,
    awaiting,
    compare_two,
    infer,
    pair_in_words,
    place_in_words,
    with_inference,
)
from lifealign_bench.leaderboard.interference import interference
from lifealign_bench.leaderboard.judge_tables import verdict_counts
from lifealign_bench.leaderboard.known_answers import first_questions
from lifealign_bench.leaderboard.matrices import difference, matrices_of
from lifealign_bench.leaderboard.order_agreement import agreement_in_words, order_agreement
from lifealign_bench.leaderboard.order_tables import enough, order_frame
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.ranking import ranking, ranking_table
from lifealign_bench.leaderboard.shelf import Shelf, rows_name
from lifealign_bench.leaderboard.shipped import shipped_answers, shipped_results
from lifealign_bench.leaderboard.statistics_board import statistics_board
from stored_runs import make_matrix, store_run

LOW = ((10.0, 20.0, 30.0), (50.0, 26.0, 28.0), (40.0, 60.0, 34.0), (20.0, 35.0, 80.0))
DIAGONAL = ((10.0, 20.0, 30.0), (52.0, None, None), (None, 71.0, None), (None, None, 81.0))
METRIC = "preference_accuracy"


def test_a_method_is_one_row_with_its_worst_order_and_spread(tmp_path: Path) -> None:
    store_run(tmp_path, "er")
    store_run(tmp_path, "er", order="order2", matrix=make_matrix(LOW))
    row = ranking(load_board([tmp_path]).runs, METRIC).iloc[0]
    assert row["last"] == pytest.approx((205 / 3 + 135 / 3) / 2)
    assert row["worst_order"] == "order2"
    assert row["worst_last"] == pytest.approx(45.0)
    assert row["order_spread"] == pytest.approx((205 - 135) / 3 / math.sqrt(2))
    assert (row["rank"], row["runs"]) == (1, 2)


def test_columns_stay_where_they_are_when_the_intervals_come() -> None:
    question, runs = next(first_questions(load_board([shipped_results("mini-quick")])))
    found = Shelf(shipped_answers()).find(str(rows_name(question, runs)), question)
    assert isinstance(found, Inference)
    means = ranking(runs, question.metric)
    before = ranking_table(awaiting(means), question.metric, always=("tie",))
    after = ranking_table(with_inference(means, found), question.metric, always=("tie",))
    assert [column.title for column in before.columns] == [column.title for column in after.columns]


def test_the_row_on_top_is_the_first_only_where_its_rank_is_sure() -> None:
    sure = Inference(ranks={"er": Rank("er", 1, 1, 1, None, 1, None)})
    unsure = Inference(ranks={"er": Rank("er", 1, 1, 3, None, 1, None)})
    assert place_in_words(sure, "er", "rubric") == "First"
    assert place_in_words(unsure, "er", "rubric") == "Highest mean"
    assert place_in_words(Inference(), "er", "over_refusal") == "Lowest mean"


def test_who_lacks_a_run_or_is_a_reference_is_shown_and_not_ranked(tmp_path: Path) -> None:
    store_run(tmp_path, "er")
    store_run(tmp_path, "er", order="order2")
    store_run(tmp_path, "half")
    store_run(tmp_path, "stl", matrix=make_matrix(DIAGONAL, "isolated"))
    frame = ranking(load_board([tmp_path]).runs, METRIC).set_index("method")
    assert frame.loc["er", "rank"] == 1
    assert frame.loc["half", "unranked"].startswith("1 of 2 runs")
    assert frame.loc["stl", "unranked"] == "a reference"
    assert frame["rank"].notna().sum() == 1
    assert "worst_order" not in [column.name for column in ranking_table(frame.loc[["stl"]], METRIC).columns]


def test_what_others_ran_in_the_open_division_takes_nobody_out_of_the_ranking(tmp_path: Path) -> None:
    store_run(tmp_path, "er", division="closed")
    store_run(tmp_path, "picked", division="open")
    store_run(tmp_path, "picked", seed=7, division="open")
    store_run(tmp_path, "fair", division="open")
    frame = ranking(load_board([tmp_path]).runs, METRIC).set_index("method")
    assert set(frame.index[frame["rank"].notna()]) == {"er", "fair"}
    assert frame.loc["picked", "unranked"] == "runs of orders and seeds that are not the board's: 1"


def test_too_few_verdicts_leave_a_row_unranked(tmp_path: Path) -> None:
    store_board(tmp_path)
    few = {"rubric": {"expected": 100, "scored": 90, "unscored": {"parse": 10}}}
    measures = load_board([tmp_path]).runs[0]
    assert measures.covered("rubric") == 100.0
    for path in tmp_path.glob("m0*/run.json"):
        path.write_text(
            path.read_text().replace('"scored": 4', '"scored": 3').replace('"unscored": {}', '"unscored": {"parse": 1}')
        )
    frame = ranking(load_board([tmp_path]).runs, "rubric").set_index("method")
    assert "75 % of its answers are judged" in frame.loc["er", "unranked"]
    assert few
    assert ranking(load_board([tmp_path]).runs, METRIC)["rank"].notna().all()


def test_orders_are_sorted_by_the_worst_and_say_what_they_cannot_tell(tmp_path: Path) -> None:
    store_run(tmp_path, "flat", matrix=make_matrix(LOW))
    store_run(tmp_path, "flat", order="order2", matrix=make_matrix(LOW))
    store_run(tmp_path, "good")
    store_run(tmp_path, "good", order="order2")
    runs = load_board([tmp_path]).runs
    frame = order_frame(runs, METRIC)
    assert list(frame["method"]) == ["good", "flat"]
    assert list(frame["rank order1"]) == [1, 2]
    assert enough(runs).startswith("2 orders, 1 seed: the spread over orders includes seed noise")
    assert any(
        "Kendall's W" in text for text in agreement_in_words(order_agreement(frame, ["order1", "order2"], METRIC))
    )


def test_interference_tells_tasks_already_learned_from_those_to_come() -> None:
    found = interference([make_matrix()])
    places = {task: place for place, task in enumerate(found.tasks)}
    assert found.learned[places["b"]][places["a"]] == pytest.approx(10.0)
    assert found.not_yet[places["b"]][places["c"]] == pytest.approx(6.0)
    assert found.learned[places["a"]][places["b"]] is None
    assert found.learned[places["a"]][places["a"]] is None


def test_statistics_are_computed_from_the_very_numbers_that_the_offline_ones_are() -> None:
    folders = [example_board() / f"{name}--order{order}--s0" for name in ("er", "seqft", "mtl") for order in (1, 2)]
    runs = load_board(folders).runs
    for metric in (METRIC, "rubric"):
        mine, theirs = statistics_board(Rows(), runs, metric), read_board(folders, metric)
        assert (mine.methods, mine.tasks, mine.blocks, mine.reasons) == (
            theirs.methods,
            theirs.tasks,
            theirs.blocks,
            theirs.reasons,
        )
        assert np.array_equal(mine.values, theirs.values, equal_nan=True)
        assert np.array_equal(mine.prompts.item, theirs.prompts.item)


def test_the_example_board_answers_the_four_questions() -> None:
    rows, board = Rows(), load_board([example_board()])
    found = infer(rows, board.runs, METRIC)
    frame = with_inference(ranking(board.runs, METRIC), found)
    answers = headline(frame, [run for run in board.runs if not run.entry.is_reference], METRIC, found)
    assert answers.winner == frame.iloc[0]["method"]
    assert answers.is_it_real.count("Not shown to be real: 3 paired runs") == 1
    assert found.kept is not None
    assert (found.kept.first, found.kept.second) == (answers.winner, answers.runner_up)
    kept = f"What they kept (BWT): {answers.winner} is ahead by {abs(found.kept.difference.value or 0):.1f} points"
    assert kept in answers.is_it_real
    untested = headline(frame, board.runs, METRIC, Inference(notes=("No intervals: no rows.",)))
    assert untested.is_it_real.endswith("No intervals: no rows.")
    assert answers.worst_order in answers.where_it_fails
    assert frame["last_low"].notna().all()
    assert "these runs only" in " ".join(found.notes)


def test_two_methods_are_compared_in_the_runs_that_both_have(tmp_path: Path) -> None:
    store_board(tmp_path, seeds=(0, 1, 2))
    rows, board = Rows(), load_board([tmp_path])
    by_label = {label: [run for run in board.runs if run.entry.label == label] for label in ("er", "seqft")}
    blocks = blocks_of(by_label["er"][1:], by_label["seqft"])
    assert len(blocks) == 5
    frame = block_frame(blocks, METRIC, "last")
    assert (frame["difference"] > 0).all()
    assert "er is ahead" in verdict_in_words(frame, ("er", "seqft"))
    assert "seqft is ahead" in verdict_in_words(frame, ("er", "seqft"), lower_is_better=True)
    assert set(by_task(rows, blocks, METRIC)["task"]) == {"a", "b", "c"}
    most = changed_most(rows, blocks, "rubric")
    assert (most["difference"] > 0).all()
    assert changed_most(rows, blocks, "rubric", better="second").iloc[0]["difference"] <= most.iloc[0]["difference"]
    tested = compare_two(rows, by_label["er"], by_label["seqft"], "rubric", "last")
    assert not isinstance(tested, str)
    assert "for this pair alone" in pair_in_words(tested)
    assert "no pairs.parquet" in str(compare_two(rows, by_label["er"], by_label["seqft"], METRIC, "last"))


def test_matrices_of_two_orders_have_no_difference(tmp_path: Path) -> None:
    store_board(tmp_path)
    runs = load_board([tmp_path]).runs
    first, second = (item.matrix for item in matrices_of(Rows(), runs[:2], "rubric"))
    assert runs[0].order != runs[1].order
    with pytest.raises(Exception, match="order"):
        difference(first, second)
    assert difference(first, first)[1][0] == 0.0


def test_a_mean_verdict_stands_beside_the_scale_of_its_question(tmp_path: Path) -> None:
    runs = load_board([store_board(tmp_path)]).runs
    scales = {row["dimension"]: row["scale"] for row in verdict_counts(Rows(), runs).records()}
    assert scales["rubric"] == "1 to 10"
    assert all((scale == "0 to 1") == (name == "refusal") for name, scale in scales.items())
    refusals = pd.DataFrame([{"judge": "j", "dimension": "refusal", "status": "scored", "verdicts": 4, "mean": 0.28}])
    rows = Rows()
    rows.query = lambda *_: refusals  # type: ignore[method-assign]
    assert verdict_counts(rows, runs).records()[0]["scale"] == "0 to 1"


def test_where_intervals_speak_of_different_things_it_is_said_whose_speak_of_what() -> None:
    own = {
        name: Interval(50.0, 40.0, 60.0, kind, None, 3, 9, 9)
        for name, kind in {
            "stl": "these runs only",
            "ewc": "runs and prompts",
            "mtl": "these runs only",
            "seq": "runs and prompts",
            "er": "runs and prompts",
        }.items()
    }
    assert _speak_of(own) == [
        "Intervals of mtl and stl speak of these runs only: the prompts vary, the orders and seeds do not.",
        "All other intervals speak of other runs and other prompts, too.",
    ]
    alone = _speak_of({"ewc": own["ewc"]})
    assert alone == ["Intervals speak of other runs and other prompts, too."]
    assert _speak_of({}) == []
