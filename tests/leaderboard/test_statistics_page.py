"""Pages of docs/: every number on them is that of the example board, or of the report beside the page."""

from __future__ import annotations

import re

from example_board import example_board
from quoted_numbers import DOCS, PAGE, look_up, quotes, refreshed, report, written


def test_every_quoted_number_is_that_of_the_example_board() -> None:
    text, record = PAGE.read_text("utf-8"), report(example_board())
    found = list(quotes(text))
    assert len(found) > 30
    wrong = {
        one.path: (one.value, written(look_up(record, one.path), one.value))
        for one in found
        if written(look_up(record, one.path), one.value) != one.value
    }
    assert wrong == {}
    assert refreshed(text, record) == text


def test_a_number_that_is_not_the_board_s_is_seen() -> None:
    text = PAGE.read_text("utf-8").replace(
        "| Last of LifeAlign, preference accuracy | 92.7 |", "| Last of LifeAlign, preference accuracy | 95.0 |"
    )
    (wrong,) = [one for one in quotes(text) if one.value == "95.0"]
    record = {
        "metrics": [{"metric": "preference_accuracy", "methods": [{"method": "lifealign", "last": {"value": 92.7}}]}]
    }
    assert written(look_up(record, wrong.path), wrong.value) == "92.7"


def test_every_row_of_a_table_with_a_place_is_read() -> None:
    text = PAGE.read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|") and re.search(r"`[a-z_]+\.", line)]
    assert len(rows) == len(list(quotes(text)))


def test_every_number_of_the_larger_board_is_that_of_its_report() -> None:
    text = (DOCS / "six-orders.md").read_text("utf-8")
    assert len(list(quotes(text))) > 30
    assert refreshed(text, report(DOCS / "six-orders.json")) == text
