"""The board shows what can be read and names what was left out: broken, unknown, missing and unfinished runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import fsspec
import pytest
from stored_boards import Names, store_board

from example_board import example_board
from lifealign_bench.leaderboard.answers import Query, page_of
from lifealign_bench.leaderboard.board import BoardReader, load_board
from lifealign_bench.leaderboard.matrices import matrix_of
from lifealign_bench.leaderboard.places import folders_below
from lifealign_bench.leaderboard.queries import Rows
from stored_runs import store_run


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return store_board(tmp_path / "results")


def left_out(results: Path) -> dict[str, str]:
    return {item.place.rpartition("/")[2]: item.reason for item in load_board([results]).left_out}


def test_a_whole_board_leaves_nothing_out(results: Path) -> None:
    board = load_board([results])
    assert len(board.runs) == 4
    assert board.left_out == ()
    assert all(board.texts_of(run) for run in board.runs)
    assert load_board([example_board()]).left_out == ()


def test_broken_unknown_and_missing_are_named_and_the_rest_is_shown(results: Path) -> None:
    record = json.loads((results / "m0--o0--s0" / "run.json").read_text())
    (results / "m0--o0--s0" / "run.json").write_text("{ this is no JSON")
    (results / "m0--o1--s0" / "run.json").write_text(json.dumps({**record, "schema_version": 99}))
    (results / "m1--o0--s0" / "cells.parquet").unlink()
    (results / "m1--o1--s0" / "run.json").write_text(json.dumps({**record, "order": 3}))
    store_run(results, "whole")
    board = load_board([results])
    assert [run.entry.label for run in board.runs] == ["whole"]
    reasons = left_out(results)
    assert "no JSON" in reasons["m0--o0--s0"]
    assert "schema version 99" in reasons["m0--o1--s0"]
    assert "cells.parquet: no such file" in reasons["m1--o0--s0"]
    assert "order" in reasons["m1--o1--s0"]


def test_a_run_that_is_still_being_written_is_named(results: Path) -> None:
    (results / "m0--o0--s0").rename(results / ".m0--o0--s0.123.abcd")
    (results / "m0--o1--s0" / "run.json").unlink()
    reasons = left_out(results)
    assert "still being written" in reasons[".m0--o0--s0.123.abcd"]
    assert "still being written" in reasons["m0--o1--s0"]
    assert len(load_board([results]).runs) == 2


def test_a_table_that_was_cut_short_is_as_good_as_none(results: Path) -> None:
    for name, table in (("m0--o0--s0", "cells"), ("m0--o1--s0", "samples")):
        path = results / name / f"{table}.parquet"
        path.write_bytes(path.read_bytes()[:-10])
    board = load_board([results])
    assert "cells.parquet: cut short" in left_out(results)["m0--o0--s0"]
    (cut,) = [run for run in board.runs if run.folder.endswith("m0--o1--s0")]
    assert cut.table("samples") is None
    assert cut.table("judgments") is not None


def test_a_file_that_the_record_names_and_that_is_gone_is_said(results: Path) -> None:
    store_run(results, "lonely", artefacts={"cells.parquet": "ab" * 32, "samples.parquet": "ab" * 32})
    assert "shown without samples.parquet" in left_out(results)["lonely--order1--s0"]


def test_the_same_run_twice_counts_once(results: Path) -> None:
    shutil.copytree(results, results.parent / "copy")
    board = load_board([results, results.parent / "copy"])
    assert len(board.runs) == 4
    assert all("the same run as" in item.reason for item in board.left_out)


def test_a_place_that_is_not_there_does_not_take_the_others_down(results: Path) -> None:
    board = load_board([results, results / "nowhere", "nosuchprotocol://x/y"])
    assert len(board.runs) == 4
    assert len(board.left_out) == 2


def test_what_changed_is_read_again_and_only_that(results: Path) -> None:
    reader = BoardReader((str(results),))
    before = reader.read()
    store_run(results, "new")
    after = reader.read()
    assert len(after.runs) == len(before.runs) + 1
    assert {id(run) for run in before.runs} <= {id(run) for run in after.runs}
    shutil.rmtree(results / "new--order1--s0")
    assert reader.read().runs == before.runs


def test_two_budgets_of_one_method_are_two_rows(tmp_path: Path) -> None:
    store_run(tmp_path / "a", "er")
    store_run(tmp_path / "b", "er", order="order2", budget={"batch_size": 99})
    labels = {run.entry.label for run in load_board([tmp_path]).runs}
    assert len(labels) == 2
    assert all(label.startswith("er [") for label in labels)


def test_results_behind_a_url_are_read_where_they_are(results: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(str(results), "/bucket/results", recursive=True)
    try:
        board = load_board(["memory://bucket/results"])
        assert len(board.runs) == 4
        rows, run = Rows(), board.runs[0]
        local = load_board([results]).runs[0]
        assert matrix_of(rows, run, "rubric").matrix == matrix_of(rows, local, "rubric").matrix
        assert page_of(rows, [run], Query("rubric", "worse")).total == 8
    finally:
        memory.rm("/bucket", recursive=True)


def test_folders_whose_names_look_like_patterns_are_read_as_they_are(tmp_path: Path) -> None:
    store_board(tmp_path / "we[ir]d *?", Names(methods=("er",), orders=("order1",)))
    board = load_board([tmp_path])
    assert page_of(Rows(), board.runs, Query("rubric")).total == 48
    assert [folder.name for folder in folders_below(str(tmp_path))] == ["we[ir]d *?", "m0--o0--s0"]
