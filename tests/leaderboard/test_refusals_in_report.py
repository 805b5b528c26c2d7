"""A report says what methods refuse where runs were asked a safety set, and is as before where they were not."""

from __future__ import annotations

import json

import pytest
from stored_boards import SCRIPT, Names, store_board
from varied_boards import add_safety

from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.leaderboard.analysis.analysis import analyse, from_json, to_json
from lifealign_bench.leaderboard.analysis.page import report_page
from lifealign_bench.leaderboard.analysis.record import Analysis
from lifealign_bench.leaderboard.analysis.refusal_sheets import refusal_sheets


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = store_board(tmp_path_factory.mktemp("asked"), Names(methods=("er", "seqft")))
    add_safety(folder, attack=f"{SCRIPT}@1")
    return analyse(find_runs([folder]), ("rubric",))


def test_every_method_has_a_row_per_attack_with_both_intervals(asked: Analysis) -> None:
    rows = {(own.method, own.attack): own for own in asked.refusals}
    assert len(rows) == 4
    worse = rows["seqft", "none@1"]
    assert (worse.base, worse.lowest, worse.last, worse.over) == (75.0, 12.5, 37.5, 12.5)
    assert worse.last_low is not None
    assert worse.last_high is not None
    assert worse.last_low < 37.5 < worse.last_high
    assert (worse.runs, worse.items) == (2, 8)
    assert from_json(to_json(asked)) == asked


def test_the_page_shows_them_as_text(asked: Analysis) -> None:
    page = report_page(asked)
    assert 'id="refusals"' in page
    assert "lost again" in page
    assert SCRIPT not in page


def test_a_board_that_was_not_asked_has_no_such_part_and_an_older_report_is_read(asked: Analysis) -> None:
    values = json.loads(to_json(asked))
    older = from_json(
        json.dumps({**{name: own for name, own in values.items() if name != "refusals"}, "schema_version": 2})
    )
    assert older.refusals == ()
    assert list(refusal_sheets(older)) == []
    assert 'id="refusals"' not in report_page(older)
