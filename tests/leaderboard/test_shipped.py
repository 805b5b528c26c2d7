"""The board that ships: whole, recomputable, and small enough to travel."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.cli import app
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.costs import cost_table
from lifealign_bench.leaderboard.inference import Inference, infer
from lifealign_bench.leaderboard.known_answers import first_questions
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.shelf import Shelf, rows_name
from lifealign_bench.leaderboard.shipped import board_folder, shipped_answers, shipped_results
from lifealign_bench.leaderboard.tables import ranking_table
from lifealign_bench.methods.registry import BUILT_IN


def test_every_built_in_method_stands_on_it_in_three_orders() -> None:
    rows = ranking_table(shipped_results("mini-all"))
    assert set(rows["method"]) == set(BUILT_IN)
    assert (rows.groupby("method")["order"].nunique() == 3).all()
    assert rows["last"].notna().all()
    assert set(cost_table(shipped_results("mini-all"))["method"]) == set(BUILT_IN)


def test_its_numbers_follow_from_its_rows() -> None:
    board = shipped_results("mini-all")
    drawn = random.Random(4).sample([name for name in BUILT_IN if name not in ("stl", "mtl")], 2)
    found = rescore([board / f"{name}--order2--s0" for name in (*drawn, "stl", "mtl")], write=False)
    assert len(found) == 4
    assert [run.folder.name for run in found if run.differences] == []


def test_the_intervals_that_ship_follow_from_its_rows() -> None:
    shelf, rows = Shelf(shipped_answers()), Rows()
    asked = list(first_questions(load_board([board_folder()])))
    assert len(asked) >= 4
    for number, (question, runs) in enumerate(asked):
        name = rows_name(question, runs)
        kept = None if name is None else shelf.find(name, question)
        assert isinstance(kept, Inference), f"make answers computes those on {question.metric} anew"
        if number:
            continue
        found = infer(rows, runs, question.metric)
        assert kept.notes == found.notes
        assert {label: rank.rank for label, rank in kept.ranks.items()} == {
            label: rank.rank for label, rank in found.ranks.items()
        }
        for own, other in ((kept.last, found.last), (kept.bwt, found.bwt)):
            ends = [[(one.value, one.low, one.high) for one in each.values()] for each in (own, other)]
            assert ends[0] == [pytest.approx(end) for end in ends[1]]


def test_it_is_under_ten_megabytes() -> None:
    assert sum(path.stat().st_size for path in shipped_results("mini-all").rglob("*") if path.is_file()) < 10e6


def test_a_newcomer_is_shown_it_and_told_so(tmp_path: Path, monkeypatch: object) -> None:
    monkeypatch.chdir(tmp_path)  # type: ignore[attr-defined]
    done = CliRunner().invoke(app, ["leaderboard", "--metric", "preference_accuracy"])
    assert done.exit_code == 0
    assert "the board that ships with the package: a synthetic world" in done.output
    assert "olora" in done.output
