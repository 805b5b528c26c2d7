"""docs/statistics.md: every number on it is that of the shipped board."""

from __future__ import annotations

import re

from lifealign_bench.leaderboard.shipped import shipped_results
from quoted_numbers import PAGE, look_up, quotes, refreshed, report, written


def test_every_quoted_number_is_that_of_the_shipped_board() -> None:
    text, record = PAGE.read_text("utf-8"), report(shipped_results())
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
