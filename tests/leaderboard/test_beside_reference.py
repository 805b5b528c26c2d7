"""Own runs beside those that ship: who is compared with whom, and what the interval of a further run promises."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from example_board import example_board
from lifealign_bench.cli import app
from lifealign_bench.leaderboard.beside_reference import (
    beside_in_words,
    beside_reference,
    beside_runs_table,
    competing,
)
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.ranking import ranking
from lifealign_bench.leaderboard.shipped import board_folder, shipped_results

METRIC = "preference_accuracy"


@pytest.fixture(scope="module")
def shipped() -> BoardRun:
    (run,) = load_board([example_board() / "er--order1--s0"]).runs
    return run


def of_seeds(run: BoardRun, lasts: dict[int, float]) -> Iterator[BoardRun]:
    for seed, last in lasts.items():
        number = {"value": last, "standard_error": 1.0, "n": 9, "reason": None}
        yield replace(run, seed=seed, ships=True, metrics={METRIC: {"last": number}}, folder=f"/shipped/{seed}")


def own(run: BoardRun, seed: int, last: float) -> BoardRun:
    (made,) = of_seeds(run, {seed: last})
    entry = replace(run.entry, key="own", label="er (yours)", beside="er")
    return replace(made, entry=entry, ships=False, folder=f"/own/{seed}")


def test_the_interval_is_that_of_a_further_run(shipped: BoardRun) -> None:
    runs = [*of_seeds(shipped, {1: 80.0, 2: 82.0, 3: 84.0}), own(shipped, 0, 91.9)]
    (found,) = beside_reference(runs, METRIC)
    # t(0.975; 2) = 4.302653, sd = 2, sqrt(1 + 1/3) = 1.154701
    assert (found.mean, found.low, found.high) == pytest.approx((82.0, 82.0 - 9.936552, 82.0 + 9.936552))
    assert found.inside
    assert not beside_reference([*runs[:3], own(shipped, 0, 91.95)], METRIC)[0].inside
    assert beside_in_words([found]) == (
        "1 of your 1 run lies where 95 of 100 further runs of the reference would "
        "(each method in each order, other seeds)."
    )


def test_of_further_runs_ninety_five_of_a_hundred_lie_inside(shipped: BoardRun) -> None:
    generator = np.random.default_rng(11)
    inside = 0
    for draws in generator.normal(80.0, 3.0, (1000, 5)):
        runs = [*of_seeds(shipped, dict(enumerate(draws[:4], 1))), own(shipped, 0, draws[4])]
        inside += bool(beside_reference(runs, METRIC)[0].inside)
    assert 930 <= inside <= 970


def test_the_shipped_run_of_the_same_seed_is_shown_and_is_no_part_of_the_interval(shipped: BoardRun) -> None:
    runs = [*of_seeds(shipped, {0: 50.0, 1: 80.0, 2: 82.0, 3: 84.0}), own(shipped, 0, 50.0)]
    (found,) = beside_reference(runs, METRIC)
    assert (found.same_seed, found.mean, found.seeds, found.inside) == (50.0, 82.0, (1, 2, 3), False)
    (row,) = beside_runs_table([found], METRIC).texts()
    assert row[:7] == ["er", "order1", "0", "50.0", "82.0", "72.1 to 91.9", "outside"]


def test_another_order_or_board_or_too_few_seeds_give_no_interval(shipped: BoardRun) -> None:
    seeds = list(of_seeds(shipped, {1: 90.0, 2: 92.0}))
    for others in (
        seeds[:1],
        [replace(run, order="order2") for run in seeds],
        [replace(run, scope="x") for run in seeds],
    ):
        (found,) = beside_reference([*others, own(shipped, 0, 91.0)], METRIC)
        assert found.inside is None
        assert beside_in_words([found]) == ""
    assert beside_reference(seeds, METRIC) == ()


def test_the_interval_ends_where_the_metric_does(shipped: BoardRun) -> None:
    for lasts, ends in (({1: 99.0, 2: 80.0}, (0.0, 100.0)), ({1: 98.0, 2: 98.5, 3: 99.0}, (96.0, 100.0))):
        (found,) = beside_reference([*of_seeds(shipped, lasts), own(shipped, 0, 90.0)], METRIC)
        assert found.high == ends[1]
        assert found.low == pytest.approx(ends[0], abs=0.1)


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Own results: a copy of two shipped runs, and a run of a method that does not ship."""
    folder = tmp_path_factory.mktemp("own") / "mini-quick"
    for name in ("er--custom-1--s0", "mtl--custom-2--s0", "gem--custom-1--s0"):
        shutil.copytree(shipped_results("mini-quick") / name, folder / name)
    file = folder / "gem--custom-1--s0" / "run.json"
    values = json.loads(file.read_text("utf-8"))
    values["identity"]["method"] = "mine"
    file.write_text(json.dumps(values), "utf-8")
    return folder.parent


def test_own_copies_stand_beside_what_ships_and_compete_with_nobody(mine: Path) -> None:
    board = load_board([str(mine), str(board_folder())])
    runs = board.of(board.scopes[0])
    labels = {run.entry.label for run in runs}
    assert {"er (yours)", "er", "mtl (yours)", "mine"} <= labels
    assert "gem (yours)" not in labels
    assert board.left_out == ()
    left = competing(runs)
    assert {run.entry.label for run in left} == {run.entry.label for run in runs if "(yours)" not in run.entry.label}
    alone = load_board([str(shipped_results("mini-quick"))])
    ranked = {row["method"]: row["rank"] for _, row in ranking(left, METRIC).iterrows() if row["method"] != "mine"}
    assert {name for name, rank in ranked.items() if rank is not None} >= {run.entry.label for run in alone.runs}
    found = beside_reference(runs, METRIC)
    assert [(one.method, one.order, one.own == one.same_seed) for one in found] == [
        ("er", "custom-1", True),
        ("mtl", "custom-2", True),
    ]


def test_without_the_reference_own_runs_keep_their_names(mine: Path) -> None:
    assert {run.entry.label for run in load_board([mine]).runs} == {"er", "mtl", "mine"}


def test_own_runs_come_first_in_what_is_shown(mine: Path) -> None:
    board = load_board([str(board_folder()), str(mine)])
    assert {run.suite for run in board.of(board.scopes[0])} == {"mini-quick"}


def test_the_terminal_shows_own_runs_and_the_reference_where_asked(mine: Path) -> None:
    alone = CliRunner().invoke(app, ["leaderboard", str(mine), "--metric", METRIC])
    both = CliRunner().invoke(app, ["leaderboard", str(mine), "--metric", METRIC, "--reference"])
    assert alone.exit_code == both.exit_code == 0
    assert "beside the reference" not in alone.output
    assert both.output.startswith(alone.output)
    assert "beside the reference that ships: preference_accuracy" in both.output
