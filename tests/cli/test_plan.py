"""`lifealign plan`: hundreds of orders are counted, and power speaks from runs that are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from example_board import example_board
from lifealign_bench.cli import app
from lifealign_bench.data.errors import InputError, UnknownNameError


def plan(*words: object) -> Result:
    return CliRunner().invoke(app, ["plan", *map(str, words)], env={"COLUMNS": "200"})


def test_all_720_orders_are_counted_and_their_sharing_is_shown(tmp_path: Path) -> None:
    shown = plan("mini", "--orders", "all", "-w", tmp_path)
    assert shown.exit_code == 0, shown.output
    assert "720 orders of 6 tasks: 1,956 distinct stages for 4,320" in shown.output
    assert "3,600 runs" in shown.output
    record = json.loads(plan("mini", "--orders", "all", "-w", tmp_path, "--json").output)
    assert record["stages"] == {"orders": 720, "tasks": 6, "planned": 4320, "distinct": 1956}
    assert record["runs"] is None
    # SeqFT and ER share their first stages with STL; LifeAlign has all its own; MTL is one.
    assert record["nodes"]["train"]["distinct"] == 1956 + 1950 + 1956 + 1
    assert not list((tmp_path / "store" / "nodes").iterdir())


def test_few_orders_name_their_runs(tmp_path: Path) -> None:
    record = json.loads(plan("mini", "--orders", "order2", "--methods", "seqft", "-w", tmp_path, "--json").output)
    assert (record["runs"], record["run_count"]) == (["seqft--order2--s0"], 1)


def test_variants_are_planned_with_what_they_share_before_anything_runs(tmp_path: Path) -> None:
    words = ("mini-variants", "--methods", "seqft", "--orders", "all", "--seeds", "0", "-w", tmp_path)
    found = json.loads(plan(*words, "--grid", "label_noise=0,0.3 draw=1", "--json").stdout)
    plain, noisy = found["variants"]
    assert (plain["results"], noisy["results"]) == ("mini-variants+draw-1", "mini-variants+label_noise-0.3+draw-1")
    assert plain["shared"] == 0
    # The base is asked once for both, and its reference log-probabilities are of the untouched pairs.
    assert 0 < noisy["shared"] < noisy["nodes"] / 4
    assert found["to_run"] == plain["to_run"] + noisy["to_run"] == plain["nodes"] + noisy["nodes"] - noisy["shared"]
    assert found["estimated_s"] > noisy["estimated_s"] > 0
    shown = plan(*words, "--vary", "draw=1")
    assert "as given" in shown.output
    assert "nodes to run, about" in shown.output
    assert not list((tmp_path / "store" / "nodes").iterdir())


def test_a_condition_that_no_rows_can_meet_is_refused_by_the_plan_with_the_numbers(tmp_path: Path) -> None:
    refused = plan("mini-variants", "--grid", "size_ratio=1,1e5", "-w", tmp_path)
    assert isinstance(refused.exception, InputError)
    assert "training rows of task" in str(refused.exception)


def test_power_speaks_of_every_pair_of_sequential_methods() -> None:
    found = json.loads(plan("mini-all", "--power", 3, "--from", example_board(), "--json").output)
    names = {name for pair in found["pairs"] for name in (pair["first"], pair["second"])}
    assert len(found["pairs"]) == 28
    assert not {"stl", "mtl"} & names
    assert all(pair["n_blocks"] == 3 for pair in found["pairs"])
    assert all([need["seeds"] for need in pair["needs"]] == [1] for pair in found["pairs"])
    assert found["metric"] == "preference_accuracy"


def test_power_is_shown_for_the_methods_asked_for() -> None:
    words = (
        "mini-all",
        "--power",
        3,
        "--half-width",
        4,
        "--from",
        example_board(),
        "--methods",
        "er,lifealign",
    )
    shown = plan(*words, "--metric", "rubric").output
    assert "er - lifealign" in shown
    assert "rubric" in shown
    assert "one seed an order: more seeds cannot be weighed against more orders" in shown
    assert "gem" not in shown


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("--power", 3, "-w", "nowhere"), InputError, "no runs"),
        (("--power", 0), InputError, "points above 0"),
        (
            ("--power", 3, "--from", example_board(), "--methods", "er,gme"),
            UnknownNameError,
            "did you mean gem",
        ),
        (
            ("--power", 3, "--from", example_board(), "--metric", "rubrik"),
            UnknownNameError,
            "did you mean rubric",
        ),
        (("--orders", "al"), UnknownNameError, "order"),
    ],
)
def test_what_cannot_be_answered_is_one_line(words: tuple[object, ...], error: type[Exception], message: str) -> None:
    found = plan("mini", *words)
    assert isinstance(found.exception, error)
    assert message in str(found.exception)
    assert "\n" not in str(found.exception)
