"""The judges: pinned instruments, what they were asked, and how often they answered."""

from __future__ import annotations

import streamlit as st

from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import empty, show_table
from lifealign_bench.leaderboard.judge_tables import judge_facts, judges_of, verdict_counts
from lifealign_bench.leaderboard.shown import Column, text_table
from lifealign_bench.leaderboard.visible import visible


def draw(view: View) -> None:
    """The page."""
    st.title("Judges")
    judges = judges_of(view.runs)
    if not judges:
        empty("No answer on this board was judged.", "Preference accuracy and text overlap need no judge.")
        return
    st.markdown("Verdicts of two judges are never mixed in one ranking; each judge is pinned by what is written here.")
    for number, judge in enumerate(judges):
        with st.container(border=True):
            st.text(visible(judge.name))
            rows = [{"name": name, "value": value} for name, value in judge_facts(judge)]
            columns = (Column("name", "What"), Column("value", "Value"))
            show_table(text_table(f"judge-{number + 1}", rows, columns), f"judge-{number}")
    st.subheader("Verdicts", anchor=False)
    st.caption("Of all runs that the filters leave. What was not scored has a reason, and never counts as a number.")
    show_table(verdict_counts(view.rows, view.runs), "verdicts")
    view.go("samples", "Read verdicts beside their answers", {"show": "every answer"})
