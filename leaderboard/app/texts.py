"""Texts of strangers on a page: as they are, never as markup; folded where they may hurt or may not be passed on."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lifealign_bench.leaderboard.answers import Text
from lifealign_bench.leaderboard.app.widgets import escaped
from lifealign_bench.leaderboard.visible import visible

LONGEST = 4000
"""Characters of a text that are shown at once."""
TALL = 1200
"""Characters after which a text scrolls in its own box, so that what stands beside and below it stays in sight."""
TALL_PIXELS = 360


def said(who: str, words: str) -> None:
    """What somebody said, the speaker above it; a very long text is cut, and says so."""
    shown = words if len(words) <= LONGEST else f"{words[:LONGEST]} …"
    with st.container(gap=None):
        st.text(visible(who))
        tall = len(shown) > TALL
        st.code(visible(shown) or " ", language=None, wrap_lines=True, height=TALL_PIXELS if tall else "content")
        if shown != words:
            st.caption(f"{len(words):,} characters, the first {LONGEST:,} are shown.")


def prompt_and(text: Text | None, inside: Callable[[], None]) -> None:
    """A prompt, what `inside` draws below it, and both answers of the data; folded where the text has a reason."""
    if text is None:
        st.caption("The prompt is not here: the suite's texts are not beside its runs.")
        inside()
        return
    if text.hidden is None:
        _open(text, inside)
        return
    with st.expander(f"Folded: {escaped(text.hidden)}. Show it", icon=":material/visibility_off:"):
        _open(text, inside)


def _open(text: Text, inside: Callable[[], None]) -> None:
    for role, content in text.turns:
        said(role, content)
    inside()
    with st.expander("What the data calls better and worse"):
        said("better", text.chosen)
        said("worse", text.rejected)
