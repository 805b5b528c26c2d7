"""The report's tables on a page: texts that are numbers become numbers, headings get units, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from stored_boards import store_board

from lifealign_bench.leaderboard.analysis.order_sheets import (
    interference_sheets,
    opd_sheet,
    order_sheet,
    position_sheet,
    variance_sheet,
)
from lifealign_bench.leaderboard.analysis.record import MetricAnalysis
from lifealign_bench.leaderboard.analysis.sheets import Sheet, chance_alone, power_sheet
from lifealign_bench.leaderboard.analysis.wording import number
from lifealign_bench.leaderboard.app.order_parts import ORDER_HEADS
from lifealign_bench.leaderboard.app.report_tables import table_of
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.questions import Question, answer
from lifealign_bench.leaderboard.shown import Rounded

SHEET = Sheet(
    "Title",
    "How to read it.",
    ("method", "sd", "share", "effect", "sd"),
    (("=er", "−1,234.5", "40%", "+5.0 [2.0, 8.0]", "–"), ("7", "+2.0", "–", "–", "3")),
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_board(tmp_path_factory.mktemp("results"), seeds=(0, 1))


def test_a_column_of_numbers_sorts_as_numbers_and_keeps_its_dashes() -> None:
    table = table_of(SHEET, "name", {"sd": "Spread, points"})
    assert [column.title for column in table.columns] == [
        "Method",
        "Spread, points",
        "Share",
        "Effect",
        "Spread, points (2)",
    ]
    first, second = table.records()
    assert (first["1"], first["2"], first["3"], first["4"]) == (-1234.5, 40.0, "5.0 [2.0, 8.0]", None)
    assert (second["0"], second["1"], second["2"], second["4"]) == ("7", 2.0, None, 3.0)
    assert b"'=er" in table.csv()


def test_the_seeds_own_spread_is_not_headed_as_the_spread_over_seeds() -> None:
    assert ORDER_HEADS["seed"] != f"Spread over seeds, {CHANGE_UNIT}"


def test_what_is_saved_is_in_full_and_what_is_shown_is_rounded() -> None:
    sheet = Sheet(
        "Title",
        "How.",
        ("method", "sd", "p", "worst", "effect"),
        (
            (
                "er",
                number(1.23456),
                chance_alone(0.000123456),
                Rounded("o1 5.0", "o1 4.987654"),
                number(2.345678, True),
            ),
            ("lwf", "–", chance_alone(0.0123456), "–", Rounded("+5.0*", "5.0123*")),
        ),
    )
    table = table_of(sheet, "name", {})
    assert [row[1:] for row in table.texts()] == [
        ["1.2", "< 0.001", "o1 5.0", "2.3"],
        ["–", "0.012", "–", "5.0*"],
    ]
    assert table.csv().decode().splitlines()[1:] == [
        "er,1.23456,0.000123456,o1 4.987654,2.345678",
        "lwf,,0.0123456,–,5.0123*",
    ]


def test_every_number_of_a_reports_tables_is_saved_in_full(results: Path) -> None:
    runs = load_board([results]).runs
    found = answer(Question("analysis", tuple(run.folder for run in runs), "rubric"), runs, Rows())
    assert isinstance(found, MetricAnalysis)
    sheets = [order_sheet(found), variance_sheet(found), opd_sheet(found), position_sheet(found), power_sheet(found)]
    for sheet in [*sheets, *interference_sheets(found)]:
        rounded = [cell for row in sheet.rows for cell in row[sheet.texts :] if "." in cell]
        assert all(isinstance(cell, Rounded) for cell in rounded), sheet.title
