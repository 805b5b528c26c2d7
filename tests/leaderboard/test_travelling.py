"""Numbers in the forms of others hold what the run's own files say."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from typer.testing import CliRunner

from example_board import example_board
from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.cli import app
from lifealign_bench.leaderboard.travelling import lm_eval_results


def test_an_lm_eval_results_file_has_every_task_of_the_last_row_and_their_group(tmp_path: Path) -> None:
    place = example_board() / "er--order2--s0"
    done = CliRunner().invoke(app, ["export", "lm-eval-results", str(place), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    (file,) = (tmp_path / "out").rglob("results.json")
    found = json.loads(file.read_text("utf-8"))
    (run,) = find_runs(place)
    assert len(found["results"]) == len(run.record.order.tasks) + 1
    cells = read_table(place, "cells")
    task = run.record.order.tasks[0]
    last = cells[(cells["step"] == 6) & (cells["task"] == task)].set_index("metric")["value"]
    own = found["results"][f"lifealign_mini-all_{task}"]
    assert own["preference_accuracy,none"] == last["preference_accuracy"]
    whole = found["groups"]["lifealign_mini-all"]
    assert whole["rubric_bwt,none"] == run.record.metrics["rubric"]["bwt"].value
    assert not found["higher_is_better"][f"lifealign_mini-all_{task}"]["over_refusal"]
    assert found["n-samples"][f"lifealign_mini-all_{task}"]["original"] == 300


def test_each_task_learned_alone_is_read_where_it_was_learned() -> None:
    (run,) = find_runs(example_board() / "stl--order1--s0")
    found = lm_eval_results(run, read_table(run.folder, "cells"))
    assert all("preference_accuracy,none" in found["results"][name] for name in found["versions"])


def test_a_model_index_has_a_result_for_each_order_and_claims_nothing_verified() -> None:
    done = CliRunner().invoke(app, ["export", "model-index", str(example_board()), "--method", "er", "--name", "mine"])
    assert done.exit_code == 0, done.output
    ((card,),) = yaml.safe_load(done.stdout).values()
    assert card["name"] == "mine"
    assert len(card["results"]) == 3
    assert all(not metric["verified"] for result in card["results"] for metric in result["metrics"])
    assert card["results"][0]["source"]["name"].endswith("self-reported")
