"""Answers that a judge really compared in pairs: read from disk, fitted, and shown in the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.benchmark.statistics.verdicts import read_verdicts
from lifealign_bench.cli import app
from small_board import small_board

METHODS = ("er", "lifealign", "seqft")
RUNS = tuple(f"{method}--{order}--s0" for method in METHODS for order in ("order1", "order2"))


def run(*arguments: object) -> Result:
    done = CliRunner(env={"COLUMNS": "100"}).invoke(app, [*map(str, arguments)])
    assert done.exit_code == 0, (done.output, done.exception)
    return done


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_board(tmp_path_factory.mktemp("board") / "results", RUNS, prompts=6)


@pytest.fixture(scope="module")
def judged(board: Path) -> Path:
    out = board.parent / "judged"
    run("judge", "run", board, "--judge", "oracle", "--pairwise", "seqft", "--out", out)
    return out / board.name


def test_verdicts_on_disk_are_those_of_the_judge_position_by_position(judged: Path) -> None:
    found = read_verdicts(find_runs(judged))
    assert set(found) == {"helpfulness", "safety"}
    own = found["helpfulness"]
    assert own.methods == METHODS
    assert len(own.runs) == 2
    assert len(own.score) == 2 * 2 * own.prompts.n_prompts
    rows = read_table(judged / RUNS[0], "judgments")
    rows = rows[(rows["against"] == "seqft") & (rows["dimension"] == "helpfulness")]
    mine = (own.first == METHODS.index("er")) & (own.run == 0)
    assert own.score[mine].mean() == pytest.approx(rows["verdict"].mean())
    record = read_run(judged / RUNS[0]).metrics["win_rate_helpfulness_vs_seqft"]["last"]
    by_task = [own.score[mine & (own.prompts.task[own.prompt] == task)].mean() for task in range(6)]
    assert 100 * np.mean(by_task) == pytest.approx(record.value)


def test_the_report_ranks_compared_answers_with_intervals_that_speak_of_these_runs(judged: Path) -> None:
    shown = run("report", judged, "--metric", "preference_accuracy")
    assert "Answers compared in pairs: helpfulness" in shown.stdout
    assert "these runs only" in shown.stdout
    record = json.loads(run("report", judged, "--metric", "preference_accuracy", "--json").stdout)
    own = next(one for one in record["pairwise"] if one["dimension"] == "helpfulness")
    strengths = {one["method"]: one for one in own["result"]["strengths"]}
    assert set(strengths) == set(METHODS)
    assert sum(one["value"] for one in strengths.values()) == pytest.approx(0.0, abs=1e-9)
    assert all(one["low"] < one["value"] < one["high"] for one in strengths.values())


def test_the_page_has_the_table_and_a_link_to_it(judged: Path, tmp_path: Path) -> None:
    run("report", judged, "--metric", "preference_accuracy", "--out", tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert 'href="#pairwise"' in page
    assert 'id="pairwise"' in page
    assert "Answers compared in pairs: safety" in page


def test_where_nothing_was_compared_there_is_no_table(board: Path) -> None:
    assert read_verdicts(find_runs(board)) == {}
    assert "compared in pairs" not in run("report", board, "--metric", "preference_accuracy").stdout
