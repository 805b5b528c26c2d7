"""What is shown before anybody chose: of what ships the methods, of a reader's own everything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from example_board import example_board
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.first_view import METHODS, TUNED, VARIANTS, first_view, shown_rows, variety


@pytest.fixture(scope="module")
def shipped() -> tuple[BoardRun, ...]:
    """A shipped board on which GEM, O-LoRA and CPPO stand for rows of ER."""
    called = {"gem": ("er-tuned", "disjoint"), "olora": ("no-part", "defaults"), "cppo": ("other", "in-place")}
    runs = [replace(run, ships=True) for run in load_board([example_board()]).runs]
    return tuple(
        replace(run, entry=replace(run.entry, label=found[0], method="er"), tuning_origin=found[1])
        if (found := called.get(run.entry.label))
        else run
        for run in runs
    )


def labels(runs: tuple[BoardRun, ...]) -> set[str]:
    return {run.entry.label for run in runs}


def test_what_differs_from_a_method_is_a_variant_or_has_tuned_settings(shipped: tuple[BoardRun, ...]) -> None:
    kinds = {run.entry.label: variety(run) for run in shipped}
    assert {label: kind for label, kind in kinds.items() if kind != METHODS} == {
        "er-tuned": TUNED,
        "no-part": VARIANTS,
        "other": TUNED,
    }


def test_of_what_ships_the_methods_are_shown_and_what_else_is_asked_for(shipped: tuple[BoardRun, ...]) -> None:
    plain = {"seqft", "er", "ewc", "l2p", "lifealign", "stl", "mtl"}
    assert labels(first_view(shipped)[0]) == plain
    assert labels(shown_rows(shipped, [VARIANTS])) == plain | {"no-part"}
    assert labels(shown_rows(shipped, [TUNED])) == plain | {"er-tuned", "other"}
    assert shown_rows(shipped, [TUNED, VARIANTS]) == shipped


def test_own_runs_are_shown_whatever_they_are(shipped: tuple[BoardRun, ...]) -> None:
    mine = tuple(replace(run, ships=False) for run in shipped if run.entry.label in {"no-part", "er-tuned"})
    assert shown_rows(mine) == mine
    own = next(run for run in mine if run.entry.label == "no-part")
    copy = replace(own, entry=replace(own.entry, label="no-part (yours)", beside="no-part"))
    # The shipped row that an own one is read beside stays with it.
    assert {"no-part", "no-part (yours)"} <= labels(shown_rows((*shipped, copy)))
    assert "er-tuned" not in labels(shown_rows((*shipped, copy)))
