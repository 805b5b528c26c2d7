"""The paper beside this board: printed and measured numbers, what of the paper follows, and whether rankings agree."""

from __future__ import annotations

import streamlit as st

from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import empty, notes, show_table
from lifealign_bench.leaderboard.paper.beside import NOT_THE_SAME, beside_table
from lifealign_bench.leaderboard.paper.claims import claims, claims_in_words, claims_table
from lifealign_bench.leaderboard.paper.worlds import paper_likeness
from lifealign_bench.leaderboard.published import MARK, published


def draw(view: View) -> None:
    """The page."""
    source = published()
    st.title("The paper beside this board")
    st.text(f"{source['source']}; {source['backbone']}; {source['order']}. {MARK.capitalize()}.")
    notes([NOT_THE_SAME])
    if view.runs:
        show_table(beside_table(view.runs, view.metric), "paper-beside")
        st.subheader("Do the rankings agree?", anchor=False)
        st.caption("Kendall's tau of the methods that both have; chance alone reaches the line in 5 % of cases.")
        show_table(paper_likeness(view.runs, view.metric), "paper-worlds")
    else:
        empty("No run fits these filters.", "Choose others at the left.")
    st.subheader("Which printed numbers follow from others?", anchor=False)
    found = claims()
    st.text(claims_in_words(found))
    show_table(claims_table(found), "paper-recomputed")
