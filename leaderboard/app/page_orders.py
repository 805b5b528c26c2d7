"""Order sensitivity: where each method fails, whether rankings agree, what one task does to another."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from lifealign_bench.leaderboard.analysis.record import MetricAnalysis
from lifealign_bench.leaderboard.app import order_parts
from lifealign_bench.leaderboard.app.choices import methods_of, pick
from lifealign_bench.leaderboard.app.later import Pending
from lifealign_bench.leaderboard.app.order_parts import BEFORE
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import caution, empty, notes, show_figure, show_table
from lifealign_bench.leaderboard.interference import interference
from lifealign_bench.leaderboard.matrices import matrices_of
from lifealign_bench.leaderboard.matrix_figures import LONGEST, difference_figure
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT, metric_name
from lifealign_bench.leaderboard.order_agreement import (
    agreement_in_words,
    order_agreement,
    tau_values,
)
from lifealign_bench.leaderboard.order_figures import last_by_order_figure, rank_figure, tau_figure
from lifealign_bench.leaderboard.order_tables import enough, order_frame, order_table, orders_of, sequences
from lifealign_bench.leaderboard.palette import different_labels
from lifealign_bench.leaderboard.task_names import short_tasks
from lifealign_bench.leaderboard.visible import named


def draw(view: View) -> None:
    """The page."""
    st.title("Order sensitivity")
    runs = view.contestants
    if not runs:
        empty("No method fits these filters.", "Choose another fidelity, or when it answers, at the left.")
        return
    name = metric_name(view.metric)
    st.text(f"{name.title}. {name.sentence}")
    st.markdown("Sorted by the **worst order's Last**: a method that learns nothing has no spread, and is no good.")
    if enough(runs):
        caution(enough(runs))
    orders, frame = orders_of(runs), order_frame(runs, view.metric)
    figure = last_by_order_figure(frame, orders, view.metric, view.ink)
    show_figure(figure, "last-by-order", "Last of every method in every order", "last-by-order")
    show_table(order_table(frame, orders, view.metric), "orders")
    _go_on(view)
    if len(orders) > 1:
        st.subheader("Do the rankings agree?", anchor=False)
        st.caption("A line a method. Lines that cross are orders that disagree on which method is better.")
        show_figure(rank_figure(frame, orders, view.ink), "ranks", "Rank of every method in every order", "ranks")
        _agreement(view, frame, orders)
    _deeper(view, frame)
    st.subheader("The orders", anchor=False)
    show_table(sequences(runs), "sequences")


def _agreement(view: View, frame: pd.DataFrame, orders: Sequence[str]) -> None:
    found = order_agreement(frame, orders, view.metric)
    for text in agreement_in_words(found):
        st.text(text)
    if len(found.methods) > 1:
        figure = tau_figure(tau_values(found), found.orders, view.ink)
        show_figure(figure, "agreement", "Kendall's tau of each two orders", "agreement")


def _deeper(view: View, frame: pd.DataFrame) -> None:
    """What takes longer: intervals and tests, the same that `lifealign report` gives."""
    st.subheader("What is the order's own?", anchor=False)
    found = view.later.analyse(view.runs, view.metric)
    if isinstance(found, MetricAnalysis):
        order_parts.own_part(found)
        st.subheader("Does it matter when a task is learned?", anchor=False)
        order_parts.positions(found, view.ink)
    else:
        notes([found.text if isinstance(found, Pending) else f"No split of the variance: {found}."])
    st.subheader("What learning one task does to another", anchor=False)
    if isinstance(found, MetricAnalysis):
        order_parts.interference(found, [str(name) for name in frame["method"]], view.ink)
        order_parts.similarity(found)
        order_parts.power(found)
        order_parts.in_words(found)
    elif not isinstance(found, Pending):
        _means_alone(view)


def _means_alone(view: View) -> None:
    """Interference of one method without intervals, for metrics and boards that have none."""
    chosen = pick("Method", methods_of(view.contestants, view.metric), "method")
    runs = [run for run in view.contestants if run.entry.label == chosen]
    found = interference([item.matrix for item in matrices_of(view.rows, runs, view.metric)])
    rows = [f"learning {task}" for task in different_labels(short_tasks(found.tasks), LONGEST)]
    st.markdown(BEFORE)
    figure = difference_figure(found.learned, found.tasks, CHANGE_UNIT, view.ink, rows)
    show_figure(figure, "interference-learned", "Change of tasks already learned", "interference-learned")


def _go_on(view: View) -> None:
    chosen = str(st.session_state.get("method") or "")
    known = methods_of(view.contestants, view.metric)
    chosen = chosen if chosen in known else known[0]
    by_order = order_frame([run for run in view.contestants if run.entry.label == chosen], view.metric)
    worst = str(by_order["worst_order"].iloc[0]) or None
    with st.container(border=True):
        st.text(
            f"{named(chosen)} ends lowest in {named(worst)}." if worst else f"{named(chosen)} has no Last in any order."
        )
        own = {"method": chosen, "order": worst}
        with st.container(horizontal=True):
            view.go("matrix", "Its forgetting matrix there", own)
            view.go("samples", "Its answers that got worse there", {**own, "show": "got worse"})
