"""The Submit page without a browser: what trust means, the log of decisions, and the findings on a broken bundle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stored_boards import store_board
from streamlit.testing.v1 import AppTest

from lifealign_bench.leaderboard.app.widgets import escaped
from lifealign_bench.leaderboard.serving import VARIABLE
from lifealign_bench.leaderboard.submissions.decisions import Decision, append_decision
from lifealign_bench.leaderboard.trust import DIVISIONS, TRUST

PAGE = """
from lifealign_bench.leaderboard.app import page_submit, shell
import streamlit as st
st.navigation([shell._page(name) for name in shell.PAGES], position="hidden")
st.file_uploader = lambda *_, **__: type("Bundle", (), {"file_id": "1", "getvalue": lambda self: b"no archive"})()
shell._draw("submit")
"""


def test_the_page_says_what_was_decided_and_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = tmp_path / "results"
    store_board(results / "tiny")
    decision = Decision(
        when="2026-01-02", what="added", submission="mine", runs=("tiny/a", "tiny/b"), trust="recomputed",
        division="closed", why="=1+1 <script>",
    )  # fmt: skip
    append_decision(results, decision)
    monkeypatch.setenv(VARIABLE, json.dumps([str(results)]))
    app = AppTest.from_string(PAGE, default_timeout=300).run()
    assert not app.exception, [item.message for item in app.exception]
    said = {str(cell) for table in app.dataframe for row in table.value.to_dict("records") for cell in row.values()}
    meanings = "".join(item.value for item in app.markdown)
    for name, meaning in {**TRUST, **DIVISIONS}.items():
        assert f"**{name}**: {escaped(meaning)}" in meanings
    assert {"mine", "added", "'=1+1 <script>"} <= said
    assert {"A8", "archive", "error"} <= said
    assert "1 error: this bundle would be refused." in [item.value for item in app.error]
