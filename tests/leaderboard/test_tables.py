"""Tables built from runs on disk, and how they look in a terminal."""

from __future__ import annotations

import io
import math
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from lifealign_bench.benchmark.schema import MeasureRecord
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.rendering import render_matrix, render_ranking
from lifealign_bench.leaderboard.report import print_board
from lifealign_bench.leaderboard.tables import forgetting_matrix, ranking_table
from stored_runs import make_matrix, store_run

LOW = ((10.0, 20.0, 30.0), (50.0, 26.0, 28.0), (40.0, 60.0, 34.0), (20.0, 35.0, 80.0))
DIAGONAL = ((10.0, 20.0, 30.0), (52.0, None, None), (None, 71.0, None), (None, None, 81.0))
LAST_ROW = ((10.0, 20.0, 30.0), (None,) * 3, (None,) * 3, (65.0, 80.0, 95.0))


def shown(what: RenderableType, width: int = 120, colour: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=colour, color_system="standard" if colour else None
    )
    console.print(what)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_rows_are_methods_by_order_sorted_by_last_and_references_are_not_ranked(tmp_path: Path) -> None:
    store_run(tmp_path, "seqft", matrix=make_matrix(LOW))
    store_run(tmp_path, "er")
    store_run(tmp_path, "stl", matrix=make_matrix(DIAGONAL, "isolated"))
    store_run(tmp_path, "mtl", matrix=make_matrix(LAST_ROW, "joint"))
    store_run(tmp_path, "seqft", order="order2")
    frame = ranking_table(tmp_path)
    assert list(zip(frame["order"], frame["method"], strict=True)) == [
        ("order1", "mtl"),
        ("order1", "er"),
        ("order1", "stl"),
        ("order1", "seqft"),
        ("order2", "seqft"),
    ]
    assert list(frame["rank"].fillna(0)) == [0, 1, 0, 2, 1]
    er = frame[frame["method"] == "er"].iloc[0]
    assert er["last"] == pytest.approx(205 / 3)
    assert er["bwt"] == pytest.approx(-2.5)
    assert math.isnan(frame[frame["method"] == "mtl"].iloc[0]["bwt"])
    assert "isolated" in " ".join(frame[frame["method"] == "stl"].iloc[0]["reasons"])


def test_seeds_are_averaged_and_one_that_lacks_a_number_makes_it_null(tmp_path: Path) -> None:
    store_run(tmp_path, seed=0)
    store_run(tmp_path, seed=1, matrix=make_matrix(LOW))
    row = ranking_table(tmp_path).iloc[0]
    assert row["seeds"] == (0, 1)
    assert row["last"] == pytest.approx((205 / 3 + 135 / 3) / 2)
    store_run(tmp_path, seed=2, matrix=make_matrix((*LOW[:3], (20.0, None, 80.0))))
    row = ranking_table(tmp_path).iloc[0]
    assert math.isnan(row["last"])
    assert "last: seed 2: R[3, 2] (b after 3 tasks) is missing" in row["reasons"]


def test_runs_that_are_not_comparable_never_share_a_ranking(tmp_path: Path) -> None:
    store_run(tmp_path, "seqft")
    store_run(tmp_path, "er", matrix=make_matrix(LOW), comparability_key="cd" * 32)
    frame = ranking_table(tmp_path)
    assert list(frame["rank"]) == [1, 1]
    assert shown(render_ranking(frame)).count("preference_accuracy (tiny)") == 2


def test_a_metric_of_another_name_can_be_asked_for_and_an_unknown_one_lists_near_matches(tmp_path: Path) -> None:
    measure = {"last": MeasureRecord(value=7.0, reason=None, n=3)}
    store_run(tmp_path, metrics={"rouge_l": measure})
    row = ranking_table([tmp_path], "rouge_l").iloc[0]
    assert row["last"] == 7.0
    assert "bwt: not measured" in row["reasons"]
    with pytest.raises(InputError, match="did you mean rouge_l"):
        ranking_table(tmp_path, "rougel")


def test_the_same_run_twice_and_a_folder_without_runs_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run\.json"):
        ranking_table(tmp_path)
    store_run(tmp_path / "one")
    store_run(tmp_path / "two")
    with pytest.raises(InputError, match="each run once"):
        ranking_table([tmp_path / "one", tmp_path / "two"])
    assert len(ranking_table([tmp_path / "one", tmp_path / "one" / "seqft--order1--s0"])) == 1


def test_a_runs_matrix_comes_from_its_cells(tmp_path: Path) -> None:
    folder = store_run(tmp_path, "stl", matrix=make_matrix(DIAGONAL, "isolated"))
    matrix = forgetting_matrix(folder, "preference_accuracy")
    assert matrix.rows == DIAGONAL
    assert matrix.schedule == "isolated"
    assert matrix.missing(1, 2).endswith("not evaluated")
    with pytest.raises(InputError, match="metric"):
        forgetting_matrix(folder, "rouge_l")


def test_a_dash_stands_for_null_and_its_reason_stands_below_once(tmp_path: Path) -> None:
    store_run(tmp_path, "mtl", matrix=make_matrix(LAST_ROW, "joint"))
    store_run(tmp_path, "mtl", order="order2", matrix=make_matrix(LAST_ROW, "joint"))
    board = Console(file=io.StringIO(), width=120)
    print_board(board, [tmp_path], ["preference_accuracy", "preference_accuracy"])
    text = board.file.getvalue()  # type: ignore[attr-defined]
    assert text.count("80.00") == 4
    assert "nan" not in text.lower()
    assert text.count("learned at once (joint)") == 2
    assert "mtl order1, mtl order2" in text


def test_the_matrix_shows_row_0_dots_for_missing_cells_and_colours_drops() -> None:
    text = shown(render_matrix(make_matrix(DIAGONAL, "isolated"), "R"))
    assert "(base)" in text
    assert text.count("·") == 6
    coloured = shown(render_matrix(make_matrix(LOW), "R"), colour=True)
    assert "\x1b[1;31m20.0" in coloured
    assert "\x1b[1m60.0" in coloured
    assert "(base)" not in shown(render_matrix(make_matrix(((None,) * 3, *LOW[1:])), "R"))


def test_names_of_strangers_are_neither_markup_nor_control_codes(tmp_path: Path) -> None:
    from lifealign_bench.benchmark.schema import Identity

    hostile = "[red]x[/]\x1b[2J"
    store_run(tmp_path, identity=Identity(method=hostile, order="order1", seed=0))
    text = shown(render_ranking(ranking_table(tmp_path)))
    assert "[red]x[/]\ufffd[2J" in text
    assert "\x1b" not in text
