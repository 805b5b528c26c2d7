"""What this is, how to read it, and four answers with the way to their evidence."""

from __future__ import annotations

import streamlit as st

from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.beside_reference import beside_in_words, beside_reference
from lifealign_bench.leaderboard.headline import headline
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.ranking import ranking


def draw(view: View) -> None:
    """The start page."""
    st.title("What does a model keep?")
    st.markdown(
        "A language model learns one preference task after the other, and every earlier task is tested again after "
        "each one. **Last** says how good it is at all of them in the end, **BWT** and **forgetting** how much of what "
        "it had learned it lost. Each number here comes from kept answers, and each page leads to the next: from the "
        "ranking to a method's matrix, to the order in which it fails, to the answers themselves."
    )
    frame = ranking(view.runs, view.metric)
    found = headline(frame, view.contestants, view.metric, view.later.infer(view.runs, view.metric))
    st.subheader("Four questions", anchor=False)
    st.caption("Answered for the metric that is chosen at the left.")
    st.text(f"{metric_name(view.metric).title}: {metric_name(view.metric).sentence}")
    first, second = st.columns(2)
    with first.container(border=True, height="stretch"):
        st.markdown("**1. Which method forgets least?**")
        st.text(found.least_forgetting)
        view.go("ranking", "See the ranking", {})
        view.go("matrix", "See its forgetting matrix", {"method": found.winner, "order": found.worst_order})
    with second.container(border=True, height="stretch"):
        st.markdown("**2. Is the difference real?**")
        st.text(found.is_it_real)
        view.go("compare", "Compare the two", {"a": found.winner, "b": found.runner_up, "measure": "BWT"})
    third, fourth = st.columns(2)
    with third.container(border=True, height="stretch"):
        st.markdown("**3. On which order does it fail?**")
        st.text(found.where_it_fails)
        view.go("orders", "See all orders", {"method": found.winner})
    with fourth.container(border=True, height="stretch"):
        st.markdown("**4. Which answers got worse?**")
        st.text("What it said right after learning a task, beside what it says in the end.")
        own = {"method": found.winner, "order": found.worst_order, "show": "got worse", "prompts": "harmless"}
        view.go("samples", "Show me answers that got worse", own)
    _beside(view)
    _how_to_read()


def _beside(view: View) -> None:
    """What the reader's own runs of what ships come to."""
    said = beside_in_words(beside_reference((*view.runs, *view.copies), view.metric))
    if said:
        with st.container(border=True):
            st.markdown("**Your runs beside the reference**")
            st.text(said)
            view.go("ranking", "See them beside it", {})


def _how_to_read() -> None:
    with st.expander("How to read the numbers", icon=":material/menu_book:"):
        st.markdown(
            "- **Last**: the mean over all tasks after the last one was learned. Higher is better.\n"
            "- **BWT**: how much earlier tasks changed since they were learned, at the end. Below 0 is forgetting.\n"
            "- **Forgetting**: how far earlier tasks fell from their best. Above 0 is forgetting.\n"
            "- **References**, never ranked: each task learned alone, and all tasks learned at once.\n"
            "- **A dash** is a number that does not exist; the reason stands beside it. It never means 0.\n"
            "- **Order**: the same tasks in another sequence. A good method does not depend on it."
        )
