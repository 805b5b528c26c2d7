"""Exported preference tasks give any lm-eval user the accuracy that the benchmark measures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lifealign_bench.benchmark.bases import open_base, shipped_base
from lifealign_bench.benchmark.evaluation.logps import pair_logps
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.benchmark.training.encode import Encoder
from lifealign_bench.benchmark.world import load_world
from lifealign_bench.cli import app

ROWS = 30
TASKS = ("mini-general", "mini-human", "mini-safe")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("export")
    command = ["export", "lm-eval", "mini-quick", "--out", str(place / "tasks"), "--eval-rows", str(ROWS)]
    result = CliRunner().invoke(app, [*command, "--workspace", str(place / "workspace")], catch_exceptions=False)
    assert result.exit_code == 0
    names = result.stdout.split()
    assert {f"lifealign_mini_quick_{task.replace('-', '_')}" for task in TASKS} < set(names)
    assert all((place / "tasks" / f"{name}.yaml").is_file() for name in names)
    return place / "tasks"


def test_lm_eval_gives_the_accuracy_of_the_benchmark_on_the_same_policy(exported: Path, tmp_path: Path) -> None:
    import lm_eval
    import torch
    from lm_eval.tasks import TaskManager
    from trl.trainer.utils import add_fused_lm_head

    torch.set_num_threads(1)
    folder = shipped_base("mini")
    found = lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": str(folder)},
        tasks=["lifealign_mini_quick_rendered"],
        task_manager=TaskManager(include_path=str(exported), include_defaults=False),
        batch_size=ROWS,
        device="cpu",
        bootstrap_iters=0,
    )
    model, tokenizer = open_base(str(folder), dtype="float32", device="cpu")
    add_fused_lm_head(model)
    suite = load_suite("mini-quick").with_overrides({"rows": {"evaluation": ROWS}})
    world = load_world(suite, tmp_path, lambda text: None)
    means = []
    for task in TASKS:
        encoded = Encoder(tokenizer, suite.budget.max_length).encode(world.evaluation_rows(task))
        own = pair_logps(model, encoded, ROWS, tokenizer.pad_token_id)
        differences = [row.chosen - row.rejected for row in own]
        means.append(sum((value > 0) + 0.5 * (value == 0) for value in differences) / ROWS)
        numbers = found["results"][f"lifealign_{suite.name}_{task}_rendered".replace("-", "_")]
        assert numbers["preference_accuracy,none"] == pytest.approx(means[-1], abs=1e-6)
        assert numbers["margin,none"] == pytest.approx(sum(differences) / ROWS, abs=1e-4)
    whole = found["results"]["lifealign_mini_quick_rendered"]["preference_accuracy,none"]
    assert whole == pytest.approx(sum(means) / len(means), abs=1e-6)
    # A base that found every chosen answer likelier would hide a swap.
    assert 0.1 < whole < 0.9


def test_ties_count_half_as_the_benchmark_counts_them(exported: Path) -> None:
    from lifealign_bench.data.mini.capability_tasks.loading import preferred

    assert preferred({}, [(-3.0, False), (-3.0, False)]) == {"preference_accuracy": 0.5, "margin": 0.0}
    assert preferred({}, [(-4.0, True), (-3.0, False)])["preference_accuracy"] == 0.0


def test_plain_tasks_have_texts_without_any_template(exported: Path) -> None:
    lines = (exported / "lifealign_mini_quick_mini_human.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == ROWS
    assert not [row for row in rows if "<|" in row["prompt"] + "".join(row["choices"])]


def test_a_folder_that_is_there_is_not_written_over(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    result = CliRunner().invoke(
        app, ["export", "lm-eval", "mini-quick", "-o", str(tmp_path / "kept"), "-w", str(tmp_path)]
    )
    assert result.exit_code != 0
    assert "does not exist yet" in str(result.exception)
    assert not list((tmp_path / "kept").iterdir())
