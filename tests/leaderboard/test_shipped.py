"""The boards that ship: whole, recomputable, and small enough to travel."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.benchmark.suite_orders import orders_of
from lifealign_bench.cli import app
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.costs import cost_table
from lifealign_bench.leaderboard.inference import Inference, infer
from lifealign_bench.leaderboard.known_answers import first_questions
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.shelf import Shelf, rows_name
from lifealign_bench.leaderboard.shipped import REFERENCE, board_folder, shipped_answers, shipped_results
from lifealign_bench.leaderboard.tables import ranking_table
from lifealign_bench.methods.registry import BUILT_IN


def test_every_built_in_method_stands_on_the_reference_in_every_order_with_every_seed() -> None:
    suite = load_suite(REFERENCE)
    runs = find_runs(shipped_results())
    blocks: dict[str, set[tuple[str, int]]] = {}
    for run in runs:
        blocks.setdefault(run.record.identity.method, set()).add((run.record.order.name, run.record.identity.seed))
    wanted = {(order.name, seed) for order in orders_of(suite) for seed in suite.seeds}
    assert len(wanted) == 18
    assert set(blocks) >= set(BUILT_IN)
    assert {name for name, own in blocks.items() if own != wanted} == set()
    assert set(cost_table(shipped_results())["method"]) == set(blocks)


def test_lifealign_without_its_own_parts_is_er_answer_for_answer() -> None:
    found = sorted(shipped_results().glob("er--*"))
    assert len(found) == 18
    for er in found:
        other = er.with_name(er.name.replace("er--", "no-fpo-no-slmc--"))
        for table in ("samples", "pairs"):
            pd.testing.assert_frame_equal(read_table(er, table), read_table(other, table))


def test_the_quick_suite_stands_beside_it_with_enough_seeds_for_an_interval() -> None:
    rows = ranking_table(shipped_results("mini-quick"))
    assert set(rows["method"]) == set(BUILT_IN)
    assert {tuple(seeds) for seeds in rows["seeds"]} == {(0, 1, 2, 3, 4)}
    orders = {order.name for order in orders_of(load_suite("mini-quick"))}
    assert {method: set(own["order"]) for method, own in rows.groupby("method")} == dict.fromkeys(BUILT_IN, orders)


@pytest.mark.parametrize("suite", [REFERENCE, "mini-quick"])
def test_its_numbers_follow_from_its_rows(suite: str) -> None:
    folders = [run.folder for run in find_runs(shipped_results(suite))]
    drawn = random.Random(4).sample(folders, 3)
    # STL and MTL of the same order and seed are what intransigence is read against.
    ends = {path.name.partition("--")[2] for path in drawn}
    beside = [path for path in folders if path.name.startswith(("stl--", "mtl--"))]
    wanted = {*drawn, *(path for path in beside if path.name.partition("--")[2] in ends)}
    found = rescore(sorted(wanted), write=False)
    assert len(found) == len(wanted)
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


def test_all_that_ships_is_under_twenty_five_megabytes() -> None:
    assert sum(path.stat().st_size for path in board_folder().rglob("*") if path.is_file()) < 25e6


def test_a_newcomer_is_shown_it_and_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["leaderboard", "--metric", "preference_accuracy"])
    assert done.exit_code == 0
    assert "the board that ships with the package: a synthetic world" in done.output
    assert "olora" in done.output


def test_the_first_reader_is_told_that_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first, second = (CliRunner().invoke(app, ["leaderboard", "--metric", "rubric"]) for _ in range(2))
    assert first.exit_code == second.exit_code == 0
    assert "unpacking the results that ship, once" in first.stderr
    assert "unpacking" not in second.stderr
    assert first.stdout == second.stdout
