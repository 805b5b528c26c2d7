"""A page of the app without a browser, and what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lifealign_bench.leaderboard.serving import VARIABLE


def opened(
    monkeypatch: pytest.MonkeyPatch, page: str, place: Path, parameters: Mapping[str, str] | None = None, *more: Path
) -> AppTest:
    """A page of the app on the results in these places, after its first run, without any error."""
    monkeypatch.setenv(VARIABLE, json.dumps([str(place), *map(str, more)]))
    app = AppTest.from_string(
        f"from lifealign_bench.leaderboard.app import shell\nimport streamlit as st\n"
        f"st.navigation([shell._page(name) for name in shell.PAGES], position='hidden')\nshell._draw({page!r})",
        default_timeout=300,
    )
    for name, value in (parameters or {}).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [item.message for item in app.exception]
    return app


def texts(app: AppTest) -> str:
    """Everything that a page says outside its tables and figures."""
    return "\n".join(
        str(item.value)
        for kind in (app.text, app.markdown, app.caption, app.warning, app.info, app.code)
        for item in kind
    )
