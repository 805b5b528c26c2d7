"""What varies: the same suite in other data conditions, on other bases, with other settings."""

from __future__ import annotations

import streamlit as st

from lifealign_bench.leaderboard.app.later import Pending
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import empty, escaped, notes, show_figure, show_table
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.variation.answers import of_variation
from lifealign_bench.leaderboard.variation.overview import kinds_of, overview_table, variants_of
from lifealign_bench.leaderboard.variation.record import Variation


def draw(view: View) -> None:
    """The page."""
    st.title("What varies")
    st.markdown("One suite, changed a field at a time or in a grid: what it does to the order, the ranking, the board.")
    if not view.runs:
        empty("No run fits these filters.", "Choose others at the left.")
        return
    runs = variants_of(view.board.runs, view.runs[0].suite)
    if len(kinds_of(runs)) < 2:
        empty(
            "This suite was run in one way only.",
            "lifealign run with --grid, --bases or --vary runs it in several, see docs/questions.md.",
        )
        return
    name = metric_name(view.metric)
    st.text(f"{name.title}. {name.sentence}")
    show_table(overview_table(runs, view.metric), "variants")
    notes(["All variants of the suite, whatever base and condition the filters name. Variants never share a ranking."])
    found = view.later.vary(runs, view.metric)
    if not isinstance(found, Variation):
        notes([found.text if isinstance(found, Pending) else f"No more is said: {found}."])
        return
    for own in of_variation(found, view.ink):
        st.subheader(escaped(own.question), anchor=False)
        show_figure(own.figure, own.name, own.question, f"{own.name}-figure")
        for sentence in own.sentences:
            st.text(sentence)
        show_table(own.table, own.table.name)
