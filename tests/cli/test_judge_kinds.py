"""Judging into a folder that has verdicts: none are lost to verdicts of another kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.cli import app
from scripted.process import scripted_server
from small_board import small_board

RUNS = ("stl--order1--s0", "mtl--order1--s0")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_board(tmp_path_factory.mktemp("board") / "results", RUNS)


def judge(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["judge", "run", *map(str, arguments)])


def test_verdicts_in_a_folder_are_not_lost_to_a_run_that_asks_for_less_or_for_something_else(
    board: Path, tmp_path: Path
) -> None:
    place = (board, "--judge", "oracle", "--out", tmp_path / "x")
    kept = tmp_path / "x" / "mini-all" / RUNS[0] / "judgments.parquet"
    assert judge(*place).exit_code == 0
    assert judge(*place, "--pairwise", "base").exit_code == 0  # more, and nothing less
    before = kept.read_bytes()
    assert judge(*place, "--pairwise", "base").exit_code == 0
    for less in ((), ("--pairwise", "mtl"), ("--pairwise", "base", "--dimensions", "helpfulness")):
        refused = judge(*place, *less)
        assert "another --out" in str(refused.exception), less
        assert "\n" not in str(refused.exception)
        assert kept.read_bytes() == before
    assert "base" in set(read_table(kept.parent, "judgments")["against"].dropna())


def test_verdicts_of_one_call_do_not_replace_those_of_separate_calls(board: Path, tmp_path: Path) -> None:
    with scripted_server(policy="filled") as server:
        place = (board / RUNS[0], "--judge", "openai:scripted", "--base-url", server.base_url)
        place += ("--dimensions", "helpfulness,safety", "--out", tmp_path / "x", "--cache", tmp_path / "c.sqlite")
        assert judge(*place).exit_code == 0
        assert "another --out" in str(judge(*place, "--joint").exception)


def test_a_comparison_in_dimensions_that_have_none_is_refused(board: Path, tmp_path: Path) -> None:
    place = (board, "--judge", "oracle", "--out", tmp_path / "x", "--pairwise", "base")
    refused = judge(*place, "--dimensions", "rubric,refusal")
    assert "rubric,refusal" in str(refused.exception)
    assert "helpfulness, safety" in str(refused.exception)
    assert not (tmp_path / "x").exists()
