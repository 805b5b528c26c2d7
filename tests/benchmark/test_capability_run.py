"""Capability and divergence in a whole run: kept with it, recomputable beside it, and never in its way."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from computed import compute
from lifealign_bench.benchmark.capability import node
from lifealign_bench.benchmark.capability.harness import randomness_kept
from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.engine import Unwatched, run_graph
from lifealign_bench.benchmark.environment import settle_process
from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.benchmark.results import materialise
from lifealign_bench.benchmark.schema import read_provenance, read_run
from lifealign_bench.benchmark.session import Overrides, open_session
from lifealign_bench.cli import app
from lifealign_bench.leaderboard.retained import retained_table
from support import write_suite

FACTS = "lifealign_mini_facts"


def suite(folder: Path, **changes: object) -> Path:
    budget = {
        "lora": {"r": 2, "targets": "all_linear"},
        "phases": [{"kind": "sft", "epochs": 1, "learning_rate": 3e-3}],
        "batch_size": 8,
        "micro_batch_size": 8,
        "max_length": 160,
    }
    values = {
        "tasks": ["mini-harmless", "mini-truth"],
        "data_dir": None,
        "rows": {"train": 16, "evaluation": 6},
        "budget": budget,
        "evaluation": {"cells": "full", "prompts": 6, "max_new_tokens": 32, "batch_size": 8},
        "methods": ["seqft", "l2p"],
        "orders": [["mini-harmless", "mini-truth"]],
        "judge": "oracle",
    }
    return write_suite(folder / "asking.yaml", folder, "world:mini", **{**values, **changes})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("asked")


@pytest.fixture(scope="module")
def runs(place: Path) -> Path:
    """A run whose capability nodes failed at first, and were computed by the same command afterwards."""
    asking = suite(place, capability=[FACTS], drift="ends")
    settle_process(1)
    session = open_session(str(asking), Overrides(), place / "workspace", lambda text: None)
    results = place / "workspace" / "results"

    def unreachable(*_: object) -> None:
        raise ConnectionError("no such host")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node, "ask", unreachable)
        outcome = run_graph(session.plan.graph, session.world, session.store, Unwatched())
    assert {failure.node.kind for failure in outcome.failures} == {"capability"}
    folders = materialise(session.plan, session.world, session.store, outcome, results)
    assert len(folders) == len(session.plan.runs) == 2
    assert not list(results.rglob("capability.parquet"))
    session, outcome = compute(asking, place / "workspace")
    assert outcome.count("done") == 2
    materialise(session.plan, session.world, session.store, outcome, results)
    return results


def run_of(runs: Path, method: str) -> Path:
    return next(runs.rglob(f"{method}--*"))


def test_what_is_drawn_after_lm_eval_is_what_would_have_been_drawn_without_it() -> None:
    drawn = torch.get_rng_state(), random.getstate()
    with randomness_kept():
        random.seed(0)
        torch.manual_seed(1234)
    assert torch.equal(torch.get_rng_state(), drawn[0])
    assert random.getstate() == drawn[1]


def test_a_run_that_could_not_be_asked_is_complete_and_gets_its_table_later(runs: Path) -> None:
    table = read_table(run_of(runs, "seqft"), "capability")
    assert sorted(set(table["step"])) == [0, 2]
    assert set(table["asked"]) == set(table["task"]) == {FACTS}
    assert set(table["metric"]) == {"acc", "acc_norm"}
    assert table["value"].between(0, 1).all()
    base = table[(table["step"] == 0) & (table["metric"] == "acc")]
    # The shipped base knows most of what it has read.
    assert base["value"].item() == pytest.approx(27 / 32)


def test_the_tables_belong_to_the_run(runs: Path) -> None:
    folder = run_of(runs, "seqft")
    record = read_run(folder)
    assert {"capability.parquet", "divergence.parquet"} < set(record.artefacts)
    asked = [label for label in record.node_keys if label.startswith("capability ")]
    assert len(asked) == 2
    assert set(record.node_keys.values()) <= set(read_provenance(folder).nodes)


def test_policies_of_prompt_pools_are_compared_with_the_base_though_not_asked(runs: Path) -> None:
    folder = run_of(runs, "l2p")
    assert not (folder / "capability.parquet").exists()
    rows = read_table(folder, "divergence")
    assert sorted(set(rows["task"])) == ["mini-harmless", "mini-truth"]
    assert (rows["nats"] > 0).any()
    assert (rows["nats"] >= 0).all()


def test_scores_agree_with_rows_with_and_without_the_tables(runs: Path) -> None:
    assert [found.differences for found in rescore([runs], write=False)] == [[], []]


def test_cells_and_keys_are_those_of_a_suite_that_asks_nothing(place: Path, runs: Path, tmp_path: Path) -> None:
    plain, outcome = compute(suite(tmp_path), place / "workspace")
    assert outcome.count("done") == 0
    materialise(plain.plan, plain.world, plain.store, outcome, tmp_path / "results")
    own, other = (run_of(folder, "seqft") for folder in (runs, tmp_path / "results"))
    assert not (other / "capability.parquet").exists()
    assert (own / "cells.parquet").read_bytes() == (other / "cells.parquet").read_bytes()
    records = [read_run(folder) for folder in (own, other)]
    assert records[0].suite == records[1].suite
    assert records[0].comparability_key == records[1].comparability_key


def test_the_change_from_the_base_stands_beside_forgetting(runs: Path) -> None:
    (row,) = retained_table(runs).to_dict("records")
    table = read_table(run_of(runs, "seqft"), "capability").query("metric == 'acc'").set_index("step")["value"]
    assert row["change"] == pytest.approx(table[2] - table[0])
    record = read_run(run_of(runs, "seqft"))
    assert row["bwt"] == pytest.approx(record.metrics[record.primary_metric]["bwt"].value)
    result = CliRunner().invoke(app, ["leaderboard", str(runs), "--capability", "--drift"], catch_exceptions=False)
    assert FACTS in "".join(result.stdout.split())
    assert "what is lost of the rubric" in result.stdout


def test_runs_that_are_judged_again_keep_their_tables(runs: Path, tmp_path: Path) -> None:
    command = ["judge", "run", str(runs), "--judge", "oracle", "--out", str(tmp_path / "judged")]
    CliRunner().invoke(app, [*command, "--cache", str(tmp_path / "replies")], catch_exceptions=False)
    own, judged = (run_of(place, "seqft") for place in (runs, tmp_path / "judged"))
    for name in ("capability.parquet", "divergence.parquet"):
        assert (own / name).read_bytes() == (judged / name).read_bytes()


def test_lm_eval_by_itself_gives_the_numbers_of_the_base(runs: Path) -> None:
    import lm_eval
    from lm_eval.tasks import TaskManager

    from lifealign_bench.benchmark.bases import shipped_base
    from lifealign_bench.data.mini import capability_tasks

    found = lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": str(shipped_base("mini"))},
        tasks=[FACTS],
        task_manager=TaskManager(include_path=str(Path(capability_tasks.__file__).parent), include_defaults=False),
        apply_chat_template=True,
        batch_size=8,
        device="cpu",
        bootstrap_iters=0,
    )
    table = read_table(run_of(runs, "seqft"), "capability")
    own: pd.Series = table[table["step"] == 0].set_index("metric")["value"]
    assert found["results"][FACTS]["acc,none"] == pytest.approx(own["acc"], abs=1e-9)
