"""How the page takes keys and sets the scale: a script and a style of our own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import streamlit as st


def listen() -> None:
    """Have the page take keys the moment a button is drawn, each once however long it is held."""
    style, script = _parts()
    st.components.v2.component("rating_keys", css=style, js=script, isolate_styles=False)(key="rating-keys", height=1)


@cache
def _parts() -> tuple[str, str]:
    """The style and the script."""
    here = files("lifealign_bench.leaderboard") / "annotation"
    return (here / "page.css").read_text("utf-8"), (here / "page.js").read_text("utf-8")
