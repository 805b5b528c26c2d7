"""From runs on disk to the arrays of a board and its numbers; what is missing and what would be unfair."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from example_board import example_board
from lifealign_bench.benchmark.columns import read_table, write_table
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.benchmark.schema import write_run
from lifealign_bench.benchmark.statistics import (
    LINEAR_MEASURES,
    PROMPT_METRICS,
    compare_methods,
    measured,
    method_intervals,
    rank_methods,
    read_board,
)
from lifealign_bench.data.errors import InputError, UnknownNameError
from stored_runs import make_matrix, make_record, store_run

EXAMPLE = example_board()
TASKS = ("a", "b", "c")
PROMPTS = 12


def pairs_frame(seed: int, skill: float) -> pd.DataFrame:
    """The `pairs` rows of a run: the same prompts in every run, two of one item."""
    generator = np.random.default_rng(seed)
    rows = [(step, task, number) for step in range(4) for task in TASKS for number in range(PROMPTS)]
    chosen = generator.normal(skill, 1.0, len(rows))
    return pd.DataFrame(
        {
            "pair_id": [f"{task}{number}" for _, task, number in rows],
            "item": [f"{task} item {number // 2}" for _, task, number in rows],
            "task": [task for _, task, _ in rows],
            "step": [step for step, _, _ in rows],
            "chosen_logp": chosen,
            "rejected_logp": np.zeros(len(rows)),
            "chosen_tokens": 3,
            "rejected_tokens": 3,
            "reference_chosen_logp": np.nan,
            "reference_rejected_logp": np.nan,
        }
    )


def store(results: Path, method: str, order: str = "order1", seed: int = 0, skill: float = 0.0, **changes) -> Path:
    folder = store_run(results, method, order, seed, **changes)
    number = 1000 * seed + sum(map(ord, method + order))
    write_table(folder, "pairs", pairs_frame(number, skill))
    return folder


def board_of(results: Path):
    return read_board(results, "preference_accuracy")


@pytest.mark.parametrize("metric", PROMPT_METRICS)
def test_every_measure_of_the_example_board_is_the_one_its_runs_record(metric):
    board = read_board(EXAMPLE, metric)
    for measure in LINEAR_MEASURES:
        found = measured(board, measure)
        for run in find_runs(EXAMPLE):
            own = run.record.identity
            place = [(block.order, block.seed) for block in board.blocks].index((own.order, own.seed))
            value = found.means[board.methods.index(own.method), place]
            expected = run.record.metrics[metric][measure].value
            assert np.isnan(value) if expected is None else value == pytest.approx(expected, abs=1e-9)


def test_the_example_board_has_intervals_of_these_runs_and_no_tie_groups():
    found = measured(read_board(EXAMPLE, "preference_accuracy"), "last")
    intervals = method_intervals(found)
    assert {row.kind for row in intervals.values()} == {"these runs only"}
    assert all(row.low < row.value < row.high for row in intervals.values())  # type: ignore[operator]
    assert intervals["mtl"].n_runs == 1  # one seed; its three orders are one training
    assert set(found.board.sequential) == set(found.board.methods) - {"mtl", "stl"}
    assert "tie groups need" in (rank_methods(found).groups_reason or "")


def test_positions_and_repeats_become_one_number_and_an_unscored_prompt_counts_as_its_cells_mean(tmp_path):
    folder = shutil.copytree(EXAMPLE / "er--order1--s0", tmp_path / "er--order1--s0")
    plain = measured(read_board(tmp_path, "rubric"), "last").means[0, 0]
    frame = read_table(folder, "judgments")
    write_table(folder, "judgments", pd.concat([frame, frame.assign(position=1)], ignore_index=True))
    assert measured(read_board(tmp_path, "rubric"), "last").means[0, 0] == pytest.approx(plain)
    first = frame.index[(frame["dimension"] == "rubric") & (frame["step"] == 6)][0]
    frame.loc[first, ["status", "verdict"]] = ["unscored", np.nan]
    write_table(folder, "judgments", frame)
    scored = frame[(frame["dimension"] == "rubric") & (frame["step"] == 6)]
    expected = 10.0 * scored.groupby("task")["verdict"].mean().mean()
    assert measured(read_board(tmp_path, "rubric"), "last").means[0, 0] == pytest.approx(expected)
    many = frame.index[(frame["dimension"] == "rubric") & (frame["step"] == 6) & (frame["task"] == "mini-safe")][:6]
    frame.loc[many, ["status", "verdict"]] = ["unscored", np.nan]
    write_table(folder, "judgments", frame)
    reason = method_intervals(measured(read_board(tmp_path, "rubric"), "last"))["er"].reason
    assert reason is not None
    assert "mini-safe after 6 of 6 tasks is missing" in reason
    assert "prompts are scored, under 95%" in reason


def test_a_missing_run_leaves_a_mean_over_the_others_and_no_rank(tmp_path):
    for method in ("x", "y", "z"):
        for order in ("order1", "order2"):
            if (method, order) != ("z", "order2"):
                store(tmp_path, method, order)
    found = measured(board_of(tmp_path), "last")
    intervals = method_intervals(found)
    assert intervals["z"].n_runs == 1
    assert "order2, seed 0: this run is missing" in (intervals["z"].reason or "")
    ranks = {row.method: row for row in rank_methods(found).ranks}
    assert ranks["z"].rank is None
    assert ranks["z"].reason == "not ranked: order2, seed 0: this run is missing"
    assert [row.n_blocks for row in compare_methods(found)] == [2, 1, 1]


def test_methods_without_a_shared_block_are_compared_by_null_with_the_reason(tmp_path):
    store(tmp_path, "x", seed=0)
    store(tmp_path, "y", seed=1)
    (row,) = compare_methods(measured(board_of(tmp_path), "last"))
    assert (row.p, row.p_holm, row.difference.value, row.n_blocks) == (None, None, None, 0)
    assert "no block in which both ran" in (row.difference.reason or "")


def test_a_method_with_a_missing_cell_says_which(tmp_path):
    folder = store(tmp_path, "x")
    frame = read_table(folder, "pairs")
    write_table(folder, "pairs", frame[(frame["step"] != 3) | (frame["task"] != "b")].reset_index(drop=True))
    found = measured(board_of(tmp_path), "last")
    assert method_intervals(found)["x"].reason == "b after 3 of 3 tasks is missing"
    assert rank_methods(found).ranks[0].rank is None
    assert method_intervals(measured(board_of(tmp_path), "fwt"))["x"].value is not None


def test_one_task_has_no_backward_transfer():
    board = read_board(EXAMPLE, "preference_accuracy")
    one = replace(
        board,
        tasks=board.tasks[:1],
        prompts=type(board.prompts)(*(np.unique(board.prompts.item[:300], return_inverse=True)[1] * 0, np.arange(300))),
        values=board.values[:, :, :2, :300],
        orders={name: replace(order, tasks=board.tasks[:1]) for name, order in board.orders.items()},
    )
    assert method_intervals(measured(one, "bwt"))["er"].reason == "there is only one task (T = 1)"
    assert method_intervals(measured(one, "last"))["er"].value is not None


def test_references_have_last_alone(tmp_path):
    store(tmp_path, "mtl", matrix=make_matrix(schedule="joint"))
    store(tmp_path, "stl", matrix=make_matrix(schedule="isolated"))
    board = board_of(tmp_path)
    assert all(row.value is not None for row in method_intervals(measured(board, "last")).values())
    assert {row.value for row in method_intervals(measured(board, "ap")).values()} == {None}
    assert rank_methods(measured(board, "last")).ranks == ()


def refused(results: Path, field: str) -> str:
    with pytest.raises(InputError) as error:
        board_of(results)
    assert error.value.field == field
    return str(error.value)


def test_methods_that_ran_different_orders_are_refused(tmp_path):
    store(tmp_path, "x", "order1")
    store(tmp_path, "y", "order2")
    assert "x ran order1 and y ran order2" in refused(tmp_path, "orders")


def test_one_name_for_two_orders_is_refused(tmp_path):
    store(tmp_path, "x")
    folder = store(tmp_path, "y")
    record = make_record("y")
    write_run(folder, record.model_copy(update={"order": record.order.model_copy(update={"tasks": ("c", "b", "a")})}))
    refused(tmp_path, "order")


def test_runs_of_two_comparability_keys_are_refused(tmp_path):
    store(tmp_path, "x")
    store(tmp_path, "y", comparability_key="cd" * 32)
    refused(tmp_path, "comparability_key")


def test_runs_of_two_bases_are_refused(tmp_path):
    store(tmp_path, "x")
    store(tmp_path, "y", model=make_record().model.model_copy(update={"weights_sha256": "cd" * 32}))
    refused(tmp_path, "model")


def test_one_method_with_two_configurations_is_refused(tmp_path):
    store(tmp_path, "x")
    store(tmp_path, "x", seed=1, budget={"batch_size": 8})
    refused(tmp_path, "method")


def test_the_same_run_twice_is_refused(tmp_path):
    store(tmp_path / "one", "x")
    store(tmp_path / "two", "x")
    refused(tmp_path, "identity")


def test_a_run_with_other_prompts_is_refused(tmp_path):
    store(tmp_path, "x")
    folder = store(tmp_path, "y")
    frame = read_table(folder, "pairs")
    frame.loc[0, "pair_id"] = "another"
    write_table(folder, "pairs", frame)
    assert "prompts of a after 0 tasks" in refused(tmp_path, "prompts")


def test_a_metric_without_a_number_per_prompt_is_refused(tmp_path):
    store(tmp_path, "x", matrix=make_matrix())
    with pytest.raises(UnknownNameError, match="bleu"):
        read_board(tmp_path, "bleu")


def test_runs_that_were_not_judged_are_refused(tmp_path):
    folder = store(tmp_path, "x")
    write_table(folder, "judgments", read_table(EXAMPLE / "er--order1--s0", "judgments").iloc[:0])
    with pytest.raises(InputError, match="no verdicts"):
        read_board(tmp_path, "rubric")
