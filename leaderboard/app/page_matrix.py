"""One run's forgetting matrix, what it is read against, and the difference to another method in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from lifealign_bench.benchmark.metrics import METRICS
from lifealign_bench.leaderboard.app.choices import methods_of, pick, pick_run
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import empty, show_figure, show_table
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.matrices import DetailedMatrix, difference, lost_by_task, matrix_of, matrix_table
from lifealign_bench.leaderboard.matrix_figures import difference_figure, matrix_figure
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT, MEASURE_SENTENCES, RATIOS, metric_name
from lifealign_bench.leaderboard.shown import Column, text_table
from lifealign_bench.leaderboard.visible import named

NONE = "nothing"
REFERENCES = {"isolated": "each task alone", "joint": "all tasks at once"}


def draw(view: View) -> None:
    """The page."""
    st.title("Forgetting matrix")
    if not view.runs:
        empty("No run fits these filters.", "Choose others at the left.")
        return
    run = pick_run(view.runs, view.metric)
    detailed = matrix_of(view.rows, run, view.metric)
    name = metric_name(view.metric)
    st.markdown(
        "Read a column from its frame downwards: the frame is the task just learned, and what stands below it was kept "
        "or forgotten."
    )
    st.text(f"{name.headed}. {name.sentence}")
    figure = matrix_figure(detailed, view.metric, view.ink, _references(view, run))
    show_figure(figure, "forgetting-matrix", f"Forgetting matrix of {run.label}", "matrix")
    _what_was_lost(view, run, detailed)
    show_table(matrix_table(detailed, view.metric), "matrix-table")
    _difference(view, run, detailed)
    _measures(run, view.metric)


def _references(view: View, run: BoardRun) -> dict[str, Sequence[float | None]]:
    """Rows to read a contestant against: the references of the same order and seed."""
    found: dict[str, Sequence[float | None]] = {}
    if run.entry.is_reference:
        return found
    for other in view.references:
        if (other.order, other.seed) == (run.order, run.seed) and other.tasks == run.tasks:
            matrix = matrix_of(view.rows, other, view.metric).matrix
            values: Mapping[str, float | None] = matrix.diagonal if matrix.schedule == "isolated" else matrix.last
            found[REFERENCES[matrix.schedule]] = [values[task] for task in matrix.tasks]
    return found


def _what_was_lost(view: View, run: BoardRun, detailed: DetailedMatrix) -> None:
    lost = lost_by_task(detailed.matrix)
    earlier = {task: value for task, value in lost.items() if task != run.tasks[-1]}
    if not earlier:
        return
    task, value = max(earlier.items(), key=lambda item: item[1])
    with st.container(border=True):
        st.text(
            f"Most was lost on {named(task)}: {value:.1f} {CHANGE_UNIT} since it was learned."
            if value > 0
            else "Nothing was lost: no earlier task is lower in the end than when it was learned."
        )
        own = {"method": run.entry.label, "order": run.order, "seed": str(run.seed), "task": task, "show": "got worse"}
        view.go("samples", "Show the answers that got worse on it", own)


def _difference(view: View, run: BoardRun, detailed: DetailedMatrix) -> None:
    others = [
        other
        for other in view.runs
        if (other.order, other.seed) == (run.order, run.seed) and other is not run and not other.entry.is_reference
    ]
    if run.entry.is_reference or not others:
        return
    st.subheader("Difference to another method", anchor=False)
    chosen = pick("Less the cells of", [NONE, *methods_of(others, view.metric)], "less")
    if chosen == NONE:
        return
    other = next(one for one in others if one.entry.label == chosen)
    values = difference(detailed.matrix, matrix_of(view.rows, other, view.metric).matrix)
    st.caption("Purple: higher here than there. Orange: lower. Both went through the same order with the same seed.")
    figure = difference_figure(values, run.tasks, CHANGE_UNIT, view.ink)
    show_figure(figure, "difference", f"{run.label} less {other.label}", "difference")


def _measures(run: BoardRun, metric: str) -> None:
    st.subheader("What it comes to", anchor=False)
    rows = []
    for measure in METRICS:
        number = run.number(metric, measure.name)
        rows.append(
            {
                "measure": measure.title,
                "value": number.value,
                "unit": _unit(measure.name, metric),
                "says": MEASURE_SENTENCES.get(measure.name, ""),
                "why": number.reason or "",
            }
        )
    columns = (
        Column("measure", "Measure"),
        Column("value", "Value", 2),
        Column("unit", "Unit"),
        *([Column("why", "Why there is no number")] if any(row["why"] for row in rows) else []),
        Column("says", "What it says"),
    )
    table = text_table("measures", rows, columns)
    table.frame["value"] = pd.to_numeric(table.frame["value"])
    show_table(table, "measures")


def _unit(measure: str, metric: str) -> str:
    if measure in RATIOS:
        return "ratio"
    return metric_name(metric).unit if measure in ("last", "ap") else CHANGE_UNIT
