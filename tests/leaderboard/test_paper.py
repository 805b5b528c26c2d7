"""The paper beside the board: what is recomputed, what is compared, and that nothing is made up."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from example_board import example_board
from lifealign_bench.benchmark.statistics.agreement import tau_line
from lifealign_bench.cli import app
from lifealign_bench.leaderboard.board import Board, load_board
from lifealign_bench.leaderboard.paper.beside import beside_table
from lifealign_bench.leaderboard.paper.choices import interval_over_seeds
from lifealign_bench.leaderboard.paper.claims import claims, claims_in_words, claims_table
from lifealign_bench.leaderboard.paper.worlds import World, likeness, paper_likeness
from lifealign_bench.leaderboard.published import published


@pytest.fixture(scope="module")
def board() -> Board:
    return load_board([example_board()])


def test_the_printed_transfer_does_not_follow_from_the_printed_matrix() -> None:
    found = {claim.what: claim for claim in claims()}
    (broken,) = [claim for claim in found.values() if not claim.follows]
    assert (broken.what, broken.printed, round(broken.recomputed, 2)) == ("lifealign, LLM judge, BWT", 1.31, 0.37)
    assert found["lifealign, LLM judge, Last"].follows
    assert found["lifealign, LLM judge, AP"].follows
    assert "recomputes to 0.37, 1.31 is printed" in claims_in_words(claims())


def test_every_mean_of_the_paper_is_looked_at_and_a_wrong_one_is_named() -> None:
    means = [claim for claim in claims() if claim.source == "mean"]
    assert len(means) == 8 * 3 + 2
    altered = copy.deepcopy(published())
    altered["methods"]["er"]["avg"]["last"] += 0.02
    broken = [claim.what for claim in claims(altered) if claim.source == "mean" and not claim.follows]
    assert broken == ["er, mean of the three, Last"]
    assert "er, mean of the three, Last" in claims_table(claims(altered)).csv().decode()


def test_each_method_stands_beside_its_printed_row(board: Board) -> None:
    table = beside_table(board.runs, "rubric")
    rows = {row["method"]: row for row in table.records()}
    assert set(rows) == set(published()["methods"])
    assert rows["lifealign"]["printed_last"] == 57.42
    runs = [run for run in board.runs if run.entry.label == "lifealign"]
    mean = sum(run.number("rubric", "last").value or 0.0 for run in runs) / len(runs)
    assert rows["lifealign"]["last"] == pytest.approx(mean)
    assert sorted(row["rank"] for row in rows.values() if row["rank"] is not None) == list(range(1, 9))
    assert rows["mtl"]["rank"] is None


def test_a_world_agrees_with_itself_and_disagrees_with_its_reverse() -> None:
    one = World("one", {name: float(number) for number, name in enumerate("abcdef")})
    other = World("other", {name: -value for name, value in one.scores.items()} | {"g": 1.0})
    assert likeness(one, one).tau.value == 1.0
    assert likeness(one, one).verdict == "more than chance"
    found = likeness(one, other)
    assert (found.tau.value, found.left_out) == (-1.0, ("g",))
    assert found.line == tau_line(6)
    assert found.verdict == "no more than chance may give"


def test_three_methods_have_no_line_and_it_is_said() -> None:
    few = World("few", {"a": 1.0, "b": 2.0, "c": 3.0})
    assert likeness(few, few).line.value is None
    assert "chance alone ranks them the same" in likeness(few, few).verdict


def test_the_board_is_compared_with_the_paper_on_eight_methods(board: Board) -> None:
    rows = paper_likeness(board.runs, "rubric").records()
    assert [row["methods"] for row in rows] == [8, 8, 8, 8]
    assert all(-1 <= row["tau"] <= 1 and row["line"] == pytest.approx(4 / 7) for row in rows)


def test_worlds_are_compared_at_the_terminal() -> None:
    command = ["compare-worlds", f"shipped={example_board()}", "--paper", "--by", "bwt", "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert len(rows) == 6
    assert rows[0]["first"] == "shipped"


def test_one_world_alone_is_an_error_of_one_line() -> None:
    done = CliRunner().invoke(app, ["compare-worlds", str(Path(example_board()))])
    assert "at least two" in str(done.exception)


def test_a_change_over_seeds_has_students_interval() -> None:
    # mean 2, standard deviation 1, t(0.975; 2) = 4.302653: 2 +- 4.302653 / sqrt(3)
    assert interval_over_seeds([1.0, 2.0, 3.0]) == "−0.5 to 4.5"
    assert interval_over_seeds([1.0]) == ""
    assert interval_over_seeds([-4.0, -4.0]) == "−4.0 to −4.0"
