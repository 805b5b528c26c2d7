"""A figure below a table on the first page of a visit: sent when the browser has painted the table.

Loading what draws figures holds a browser for seconds in which it paints nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

STATE = "tables-painted"
PAINTED = """
export default function ({ setTriggerValue }) {
  const tell = () => setTriggerValue("painted", true);
  const look = () => requestAnimationFrame(
    document.querySelector('[data-testid="stDataFrame"] canvas') ? () => requestAnimationFrame(tell) : look);
  look();
}
"""


def after_table(draw: Callable[[], None]) -> None:
    """Draw at once where the visit has painted a table before, else when it has painted its first one."""
    if STATE in st.session_state:
        draw()
    else:
        st.session_state[STATE] = True
        _drawn_later(draw)


@st.fragment
def _drawn_later(draw: Callable[[], None]) -> None:
    if _painted()(key="painted", on_painted_change=lambda: None).painted:
        draw()


@cache
def _painted() -> Any:
    """The part that says when a table stands in the browser; registered once with the server."""
    return st.components.v2.component("lifealign_painted", js=PAINTED)
