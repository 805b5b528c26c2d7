"""The main job end to end, small: real pairs where they are here, a base built from their own text, the commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from support import write_suite

TASKS = ["hh-harmless", "safe-rlhf", "truthfulqa"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, pair_data: Path) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("real")
    suite = write_suite(
        folder / "real.yaml",
        pair_data,
        "build:tiny",
        name="small",
        tasks=TASKS,
        orders={"order1": TASKS},
        rows={"train": 40, "evaluation": 12},
        evaluation={"cells": "full", "prompts": 4, "max_new_tokens": 8, "batch_size": 8},
        methods=["seqft", "lifealign"],
    )
    done = lifealign("run", suite, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def lifealign(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lifealign_bench", *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=600, check=False)


def test_every_cell_of_the_rectangle_has_a_number(finished: tuple[Path, dict[str, object]]) -> None:
    folder, summary = finished
    assert set(summary["runs"]) == {"seqft--order1--s0", "lifealign--order1--s0"}
    for run in (folder / "workspace" / "results" / "small").glob("*--*"):
        cells = pd.read_parquet(run / "cells.parquet")
        for metric in ("preference_accuracy", "bleu4_char", "rouge_l", "answer_tokens"):
            own = cells[cells["metric"] == metric]
            assert set(zip(own["step"], own["task"], strict=True)) == {(k, task) for k in range(4) for task in TASKS}
            assert own["value"].notna().all()
        accuracy = cells[cells["metric"] == "preference_accuracy"]
        assert accuracy["value"].between(0, 100).all()
        assert (accuracy["n"] == 12).all()


def test_training_changed_what_the_policies_say_of_the_pairs(finished: tuple[Path, dict[str, object]]) -> None:
    folder, _ = finished
    for run in (folder / "workspace" / "results" / "small").glob("*--*"):
        margins = (
            pd.read_parquet(run / "cells.parquet").query("metric == 'margin'").set_index(["step", "task"])["value"]
        )
        for step in (1, 2, 3):
            assert any(margins[step, task] != margins[step - 1, task] for task in TASKS)


def test_every_loss_part_of_every_step_was_kept(finished: tuple[Path, dict[str, object]]) -> None:
    folder, _ = finished
    losses = pd.read_parquet(folder / "workspace" / "results" / "small" / "seqft--order1--s0" / "losses.parquet")
    counts = losses[losses["name"] == "loss"].groupby(["trained_step", "phase"])["step"].max()
    assert counts.to_dict() == {(k, phase): 10 for k in (1, 2, 3) for phase in ("sft", "preference")}


def test_score_recomputes_every_number_offline_and_finds_a_forged_one(
    finished: tuple[Path, dict[str, object]],
) -> None:
    folder, _ = finished
    results = folder / "workspace" / "results"
    assert lifealign("score", results, cwd=folder).returncode == 0
    record = results / "small" / "lifealign--order1--s0" / "run.json"
    honest = record.read_bytes()
    values = json.loads(honest)
    values["metrics"]["preference_accuracy"]["last"]["value"] = 99.0
    record.write_text(json.dumps(values), "utf-8")
    forged = lifealign("score", results, cwd=folder)
    assert forged.returncode == 1
    assert "preference_accuracy last: written 99.0" in forged.stdout
    assert lifealign("score", results, "--write", cwd=folder).returncode == 0
    assert record.read_bytes() == honest


def test_the_board_and_the_plan_read_what_the_run_left(finished: tuple[Path, dict[str, object]]) -> None:
    folder, _ = finished
    board = lifealign("leaderboard", "--matrix", cwd=folder)
    assert board.returncode == 0
    assert "lifealign" in board.stdout
    assert "(base)" in board.stdout
    plan = json.loads(lifealign("plan", "real.yaml", "--json", cwd=folder).stdout)
    assert {kind["to_run"] for kind in plan["nodes"].values()} == {0}
