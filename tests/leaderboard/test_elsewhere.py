"""What alignment costs elsewhere, as tables and figures."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from example_board import example_board
from lifealign_bench.leaderboard.behaviour import behaviour_table
from lifealign_bench.leaderboard.elsewhere import answers_table, change_table, loss_table, refusal_table
from lifealign_bench.leaderboard.elsewhere_figures import change_figure, loss_figure
from lifealign_bench.leaderboard.palette import LIGHT
from lifealign_bench.leaderboard.retained import COLUMNS

RETAINED = pd.DataFrame(
    [
        ("s", "er", 80.0, -20.0, "facts", "acc", 0.75, 0.5, -0.25, 32.0, 2),
        ("s", "er", 80.0, -20.0, "steps", "acc", 1.0, 0.75, -0.25, 64.0, 2),
        ("s", "stl", 99.0, math.nan, "facts", "acc", 0.75, 1.0, 0.25, 32.0, 2),
    ],
    columns=COLUMNS,
)


@pytest.fixture(scope="module")
def behaviour() -> pd.DataFrame:
    return behaviour_table([example_board() / f"{name}--order1--s0" for name in ("seqft", "stl")])


def test_changes_stand_in_points_beside_forgetting() -> None:
    er, stl = change_table(RETAINED).records()
    assert (er["bwt"], er["base_0"], er["change_0"], er["change_1"], er["mean"]) == (-20.0, 75.0, -25.0, -25.0, -25.0)
    # A mean over fewer tasks than the others have would compare what cannot be compared.
    assert (stl["change_0"], stl["change_1"], stl["mean"]) == (25.0, None, None)


def test_only_methods_with_both_numbers_are_in_the_picture() -> None:
    (marks,) = change_figure(change_table(RETAINED).frame, LIGHT).data
    assert (list(marks.text), list(marks.x), list(marks.y)) == (["er"], [-20.0], [-25.0])


def test_over_refusal_stands_apart_from_refusing_harm(behaviour: pd.DataFrame) -> None:
    rows = {row["method"]: row for row in refusal_table(behaviour).records()}
    assert set(rows) == {"seqft", "stl"}
    assert rows["seqft"]["refusal_harmless"] != rows["seqft"]["refusal_harmful"]


def test_no_divergence_is_shown_where_none_was_measured(behaviour: pd.DataFrame) -> None:
    assert [row["divergence"] for row in answers_table(behaviour).records()] == [None, None]


def test_form_and_content_add_up_to_the_loss(behaviour: pd.DataFrame) -> None:
    (row,) = loss_table(behaviour).records()
    assert row["method"] == "seqft"
    assert row["superficial"] + row["essential"] == pytest.approx(row["lost"])
    form, content = loss_figure(loss_table(behaviour).frame, LIGHT).data
    assert form.x[0] + content.x[0] == pytest.approx(row["lost"])
