"""Variants of a suite on the board and in `lifealign questions`: told apart everywhere, compared where they may be."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from stored_boards import store_board
from typer.testing import CliRunner
from varied_boards import add_safety, store_variants

from lifealign_bench.benchmark.columns import write_table
from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.benchmark.variant_records import AS_GIVEN
from lifealign_bench.cli import app
from lifealign_bench.leaderboard.app.filters import suite_labels
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.tables import ranking_table


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return store_variants(tmp_path)


def test_a_run_without_a_variant_is_written_as_before_and_an_older_record_is_read(tmp_path: Path):
    store_board(tmp_path)
    file = next(tmp_path.rglob("run.json"))
    assert not {"condition", "varied"} & set(json.loads(file.read_text("utf-8")))
    assert read_run(file.parent).condition is None


def test_the_board_keeps_variants_apart_and_names_them(results: Path):
    runs = load_board([str(results)]).runs
    words = {run.condition for run in runs}
    rate = "budget.phases.sft.learning_rate 0.001"
    assert words == {AS_GIVEN, "label_noise 0.2", rate, "base.source other-base"}
    assert len({run.scope for run in runs}) == 4
    assert set(suite_labels(runs).values()) == {"tiny"}, "a filter of their own tells conditions apart"
    frame = ranking_table(results, "rubric")
    assert set(frame["condition"]) == words
    assert (frame.groupby(["condition", "order"])["rank"].min() == 1).all()


def answers(places: list[Path], *options: str) -> dict[str, dict[str, object]]:
    """What `lifealign questions` says, as JSON."""
    done = CliRunner().invoke(app, ["questions", *map(str, places), "--metric", "rubric", "--json", *options])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_each_question_is_answered_from_the_variants_that_speak_of_it(results: Path):
    found = answers([results])
    assert set(found) == {"data", "bases", "moves"}
    spreads = {(row["condition"], row["method"]): row for row in found["data"]["rows"] if row["base"] != "other-base"}
    assert spreads["label_noise 0.2", "er"]["ratio"] is None, "as given the orders do not differ"
    assert spreads["label_noise 0.2", "er"]["order_sd"] > 10
    assert spreads[AS_GIVEN, "er"]["order_sd"] == pytest.approx(0)
    assert {row["method"] for row in found["bases"]["rows"]} == {"er", "seqft"}
    assert "Kendall's tau 1.00 over 2 ranked methods" in found["bases"]["sentences"][0]
    causes = {row["cause"]: row["sd"] for row in found["moves"]["rows"]}
    assert causes["condition.label_noise"] > causes["budget.phases.sft.learning_rate"] == pytest.approx(0)
    assert next(iter(found["moves"]["rows"]))["cause"] == "condition.label_noise"


def test_a_folder_without_variants_answers_nothing_and_says_what_would(results: Path):
    done = CliRunner().invoke(app, ["questions", str(results / "plain"), "--metric", "rubric"])
    assert done.exit_code != 0
    assert "lifealign run --grid" in str(done.exception)


def test_a_method_of_one_stage_has_lost_nothing_again_and_is_not_called_the_best_at_it(results: Path):
    add_safety(results / "plain")
    for file in (results / "plain").glob("**/m0*/safety.parquet"):
        frame = pd.read_parquet(file)
        write_table(file.parent, "safety", frame[frame["step"].isin((0, 3))])
    found = answers([results], "--about", "safety")["safety"]
    lost = {row["method"]: row["lost"] for row in found["rows"]}
    assert lost == {"er": None, "seqft": 25.0}
    assert "seqft lost least again" in found["sentences"][0]


def test_refusals_are_read_from_runs_that_have_them(results: Path):
    add_safety(results / "plain")
    found = answers([results], "--about", "safety")["safety"]
    assert {"refusals-by-harm", "refusals-by-stage", "refusals-readers"} < set(found)
    rows = {row["method"]: row for row in found["rows"]}
    assert rows["er"]["base"] == pytest.approx(75)
    assert (rows["er"]["lost"], rows["seqft"]["lost"]) == (0.0, 25.0)
    assert rows["er"]["items"] == 8
    assert rows["er"]["over_base"] == rows["er"]["over"] == pytest.approx(12.5)
    assert "er lost least again" in found["sentences"][0]
    stages = {(row["method"], row["step"]): row for row in found["refusals-by-stage"] if row["attack"] == "none@1"}
    assert [stages["seqft", step]["success"] for step in range(4)] == [75.0, 12.5, 12.5, 37.5]
    assert stages["seqft", 3]["success_low"] < 37.5 < stages["seqft", 3]["success_high"]


def test_two_readers_are_compared_run_by_run(results: Path):
    add_safety(results / "plain")
    found = answers([results], "--about", "safety")["safety"]["refusals-readers"]
    (harmful,) = [row for row in found if row["measure"] == "attack success" and row["attack"] == "none@1"]
    # The classifier errs on one item of eight, in every run alike.
    assert harmful["n"] == 24 * 4 * 8
    assert harmful["same"] == pytest.approx(87.5)
