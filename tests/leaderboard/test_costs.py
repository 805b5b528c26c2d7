"""The cost table, from what a real run recorded."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from computed import compute
from lifealign_bench.benchmark.results import materialise
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.leaderboard.costs import cost_table, memory_curve
from lifealign_bench.leaderboard.report import print_costs
from support import write_suite

METHODS = ["seqft", "er", "ewc", "gem", "olora", "lifealign"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, synthetic_data: Path, tiny_base: Path) -> Path:
    folder = tmp_path_factory.mktemp("costs")
    suite = write_suite(
        folder / "suite.yaml",
        synthetic_data,
        tiny_base,
        methods=METHODS,
        tasks=["hc3", "hh-harmless"],
        orders={"order1": ["hc3", "hh-harmless"]},
    )
    session, outcome = compute(suite, folder / "workspace")
    materialise(session.plan, session.world, session.store, outcome, folder / "results")
    return folder / "results"


def test_a_row_a_method_with_passes_for_each_pair_of_its_steps(results: Path) -> None:
    rows = cost_table(results).set_index("method")
    assert set(rows.index) == set(METHODS)
    assert rows.loc["seqft", "backward"] == 1
    assert rows.loc["seqft", "forward"] == 0
    # 12 rows a task, one epoch of each of two phases, and one pass more for every row's Fisher values.
    assert rows.loc["ewc", "backward"] == pytest.approx(1.5)
    assert 1 < rows.loc["gem", "backward"] < 2
    assert (rows["train_s"] > 0).all()
    assert (rows["answer_ms"] > 0).all()
    assert (rows["peak_mb"] > 50).all()


def test_what_is_stored_and_how_it_grows(results: Path) -> None:
    curves = {run.record.identity.method: memory_curve(run) for run in find_runs(results)}
    assert curves["seqft"][1] == curves["seqft"][2]
    assert curves["ewc"][1] == curves["ewc"][2] > 3 * curves["seqft"][1]
    assert curves["olora"][2] > 1.8 * curves["olora"][1]
    stages = {run.record.identity.method: run.record.stages for run in find_runs(results)}
    assert stages["olora"][1].trainable_parameters == stages["seqft"][1].trainable_parameters > 0


def test_lifealign_logs_what_consolidation_left(results: Path) -> None:
    import pandas as pd

    losses = pd.read_parquet(next(results.rglob("lifealign--*")) / "losses.parquet")
    assert {"slmc/rank", "slmc/projected_away"} <= set(losses["name"])
    rank = losses[losses["name"] == "slmc/rank"]["value"]
    assert rank.between(1, 2).all()
    share = losses[losses["name"] == "slmc/projected_away"].sort_values("trained_step")["value"].tolist()
    assert share[0] == 0
    assert 0 < share[1] < 1


def test_it_is_shown_in_the_terminal(results: Path) -> None:
    console = Console(file=io.StringIO(), width=140)
    print_costs(console, [results])
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "cost of a run (tiny)" in text
    assert "passes back" in text
    assert "nan" not in text
