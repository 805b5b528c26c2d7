"""Two methods: paired differences run by run and task by task, and the prompts that tell them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.benchmark.statistics.comparison import Comparison
from lifealign_bench.leaderboard.answers import texts_of
from lifealign_bench.leaderboard.app.choices import methods_of, pick, pick_named
from lifealign_bench.leaderboard.app.later import Pending
from lifealign_bench.leaderboard.app.texts import prompt_and, said
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import empty, notes, show_figure, show_table
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.comparison import (
    Block,
    block_frame,
    block_table,
    blocks_of,
    by_task,
    changed_most,
    task_table,
    verdict_in_words,
)
from lifealign_bench.leaderboard.comparison_figures import task_difference_figure
from lifealign_bench.leaderboard.inference import pair_in_words, speaks_of, turned
from lifealign_bench.leaderboard.metric_names import MEASURE_TITLES, metric_name
from lifealign_bench.leaderboard.visible import named

MEASURES = {"Last": "last", "BWT": "bwt", "AP": "ap"}


def draw(view: View) -> None:
    """The page."""
    st.title("Compare two methods")
    methods = methods_of(view.runs, view.metric)
    if len(methods) < 2:
        empty("There are not two methods to compare.", "Loosen the filters at the left, or add results.")
        return
    left, right, third = st.columns([3, 3, 2])
    with left:
        first = pick("A", methods, "a")
    with right:
        second = pick("B", [name for name in methods if name != first], "b")
    with third:
        measure = pick_named("Measure", MEASURES, "measure")
    runs = {name: [run for run in view.runs if run.entry.label == name] for name in (first, second)}
    blocks = blocks_of(runs[first], runs[second])
    frame = block_frame(blocks, view.metric, measure)
    name = metric_name(view.metric)
    st.subheader("Is the difference real?", anchor=False)
    lower = view.metric in LOWER_IS_BETTER
    words = verdict_in_words(frame, (first, second), lower_is_better=lower)
    st.text(f"{name.title}, {MEASURE_TITLES[measure]}. {words}")
    if frame.empty:
        return
    _tested(view, runs[first], runs[second], measure)
    st.caption("Runs are paired: the same order with the same seed. Differences are A less B.")
    show_table(block_table(frame, (first, second), view.metric, measure), "blocks")
    st.subheader("Task by task, at the end", anchor=False)
    tasks = by_task(view.rows, blocks, view.metric)
    if tasks.empty:
        empty("No task has a number at the end of both.", "References that learn each task alone end nowhere.")
    else:
        figure = task_difference_figure(tasks, (first, second), view.ink, lower_is_better=lower)
        show_figure(figure, "by-task", "Differences by task", "by-task")
        show_table(task_table(tasks), "by-task-table")
    _prompts(view, blocks, (first, second))


def _tested(view: View, first: Sequence[BoardRun], second: Sequence[BoardRun], measure: str) -> None:
    found = _ranked(view, first, second, measure) or view.later.compare(first, second, view.metric, measure)
    if not isinstance(found, Comparison):
        notes([found.text if isinstance(found, Pending) else f"No test: {found}."])
        return
    st.text(pair_in_words(found))
    interval = found.difference
    reason = f"{interval.reason[:1].upper()}{interval.reason[1:]}." if interval.reason else ""
    notes([f"The interval speaks of {speaks_of(interval.kind)}." if interval.kind else "", reason])


def _ranked(
    view: View, first: Sequence[BoardRun], second: Sequence[BoardRun], measure: str
) -> Comparison | Pending | None:
    """What the ranking's own tests say of the two, so that both pages show the same; None where it has none of them."""
    if measure != "last" or any(run.entry.is_reference for run in (*first, *second)):
        return None
    known = view.later.infer(view.runs, view.metric)
    if known.notes == (Pending.text,):
        return Pending()
    found = known.between(first[0].entry.label, second[0].entry.label)
    return found if found is None or found.first == first[0].entry.label else turned(found)


def _prompts(view: View, blocks: Sequence[Block], names: tuple[str, str]) -> None:
    st.subheader("Prompts that tell them apart most", anchor=False)
    ahead = pick_named("Where is", {"A ahead": "first", "B ahead": "second"}, "ahead")
    frame = changed_most(view.rows, blocks, blocks[0].first.dimension(view.metric), better=ahead)
    if frame.empty:
        empty("No prompt has verdicts on both.", "Judged answers are needed: judgments.parquet of both runs.")
        return
    st.caption("Mean verdicts (1 to 10) at the end over all paired runs; the answers are those of the first of them.")
    texts = texts_of(view.rows, view.board.texts_of(blocks[0].first), [str(pair) for pair in frame["pair_id"]])
    for row in frame.to_dict("records"):
        _card(view, row, names, blocks, texts.get(str(row["pair_id"])))


def _card(view: View, row: Mapping[Any, Any], names: tuple[str, str], blocks: Sequence[Block], text: Any) -> None:
    with st.container(border=True):
        difference = f"{row['difference']:+.1f}".replace("-", "−")
        st.text(f"{named(row['task'])}: {row['first']:.1f} against {row['second']:.1f} ({difference} of 10)")

        def inside() -> None:
            left, right = st.columns(2)
            with left:
                said(names[0], str(row["first_answer"]))
            with right:
                said(names[1], str(row["second_answer"]))

        prompt_and(text, inside)
