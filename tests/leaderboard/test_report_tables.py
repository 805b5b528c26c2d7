"""The report's tables on a page: texts that are numbers become numbers, headings get units, nothing is lost."""

from __future__ import annotations

from dataclasses import replace

from lifealign_bench.leaderboard.analysis.sheets import Sheet
from lifealign_bench.leaderboard.app.order_parts import ORDER_HEADS
from lifealign_bench.leaderboard.app.report_tables import table_of
from lifealign_bench.leaderboard.app.widgets import _format, csv_help
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT

SHEET = Sheet(
    "Title",
    "How to read it.",
    ("method", "sd", "share", "effect", "sd"),
    (("=er", "−1,234.5", "40%", "+5.0 [2.0, 8.0]", "–"), ("7", "+2.0", "–", "–", "3")),
)


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


def test_rounded_numbers_get_no_digits_and_are_not_called_full() -> None:
    sheet = Sheet("Title", "How.", ("method", "p"), (("er", "0.18"), ("lwf", "0.012")))
    table = table_of(sheet, "name", {})
    assert [_format(column) for column in table.columns if column.digits is not None] == ["plain"]
    assert "rounded" in csv_help(table)
    assert "full numbers" in csv_help(replace(table, columns=table.columns[:1]))
