"""The paragraph on what a board teaches says what its runs say."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from example_board import example_board
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.case_study import KEPT, case_study, plain_runs
from lifealign_bench.leaderboard.inference import Inference, infer
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.ranking import ranking


@pytest.fixture(scope="module")
def runs() -> tuple[BoardRun, ...]:
    return load_board([example_board()]).runs


def test_methods_that_keep_and_methods_that_forget_are_told_apart(runs: tuple[BoardRun, ...]) -> None:
    kept, lost = (part for part in case_study(runs, "rubric", Inference()).split(";", 1))
    frame = ranking(runs, "rubric").set_index("method")
    named = [set(re.findall(r"`([a-z0-9]+)`", part.rpartition(" Last ")[0])) for part in (kept, lost)]
    for label, row in frame[~frame["reference"]].iterrows():
        assert (label in named[0]) == (row["bwt"] >= KEPT)


def test_a_method_that_begins_to_forget_changes_sides(runs: tuple[BoardRun, ...]) -> None:
    worse = tuple(
        replace(run, metrics={"rubric": {**run.metrics["rubric"], "bwt": {"value": -50.0, "reason": None, "n": 1}}})
        if run.entry.label == "gem"
        else run
        for run in runs
    )
    kept = case_study(worse, "rubric", Inference()).split(";")[0]
    assert "`gem`" in case_study(runs, "rubric", Inference()).split(";")[0]
    assert "`gem`" not in kept
    assert "`er`" in kept


def test_nothing_is_said_of_tests_that_nobody_made(runs: tuple[BoardRun, ...]) -> None:
    assert "told apart" not in case_study(runs, "rubric", Inference())


def test_variants_of_a_method_are_said_apart_from_methods(runs: tuple[BoardRun, ...]) -> None:
    renamed = {
        "gem": ("er-tuned", "er", "disjoint"),
        "olora": ("no-part", "er", "defaults"),
        "ewc": ("other-part", "er", "defaults"),
    }
    changed = tuple(
        replace(run, entry=replace(run.entry, label=found[0], method=found[1]), tuning_origin=found[2])
        if (found := renamed.get(run.entry.label))
        else run
        for run in runs
    )
    inference = infer(Rows(), changed, "rubric")
    pairs = [
        replace(pair, p_holm=0.01) if {pair.first, pair.second} == {"no-part", "er"} else pair
        for pair in inference.comparisons
    ]
    said = case_study(
        changed, "rubric", infer(Rows(), plain_runs(changed), "rubric"), replace(inference, comparisons=tuple(pairs))
    )
    ranked = ranking(changed, "rubric").set_index("method")["last"]
    changes = {name: f"{ranked[name] - ranked['er']:+.1f}".replace("-", "−") for name in ("no-part", "other-part")}
    assert (
        f"Changing a part of `er` changes its Last by {changes['no-part']} (`no-part`), told apart; "
        f"{changes['other-part']} (`other-part`), not told apart."
    ) in said
    assert f"Tuned settings change Last by −{ranked['er'] - ranked['er-tuned']:.1f} (`er-tuned`), not" in said
    first = said.partition(" The order moves")[0]
    assert "`cppo`" in first
    assert not any(name in first for name in ("no-part", "er-tuned"))
    assert "Of 10 pairs of methods 0 are told apart (sign-flips over 3 blocks, Holm)" in said
