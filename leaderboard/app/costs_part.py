"""What each method cost where it ran: wall-clock and processor time, memory, passes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import escaped, notes, show_table
from lifealign_bench.leaderboard.costs import cost_table, machines_of
from lifealign_bench.leaderboard.places import is_url
from lifealign_bench.leaderboard.shown import Column, Table

COLUMNS = (
    Column("method", "Method", pinned=True),
    Column("train_s", "Training, s", 1, "Wall-clock of all stages of a run and what is remembered after them."),
    Column("cpu_s", "Training, CPU s", 1),
    Column("answer_ms", "An answer, ms", 1, "Wall-clock for each generated answer, in batches."),
    Column("peak_mb", "Peak memory, MB", 0, "The largest resident set of a process that trained."),
    Column("backward", "Passes with gradient", 2, "For each pair of the optimiser's steps; 1 is plain training."),
    Column("forward", "Passes without", 2, "For each pair of the optimiser's steps; 0 is plain training."),
    Column("learning", "Numbers that learn", 0),
    Column("stored_kb", "Stored, kB", 1, "Policy and memory after the last task."),
)
MOST_RUNS = 400


def draw(view: View) -> None:
    """A table of costs, read when it is asked for."""
    fold = st.expander("What it cost (time, memory)", icon=":material/timer:", on_change="rerun", key="costs-open")
    with fold:
        if not fold.open:
            return
        found = costs_of(view)
        if isinstance(found, str):
            notes([found])
            return
        table, machines = found
        st.markdown("Means over the runs. Times compare only on one machine, with nothing else running.")
        show_table(table, "costs")
        notes([f"Computed on {machine}." for machine in machines])


def costs_of(view: View) -> tuple[Table, tuple[str, ...]] | str:
    """The table and the machines that it was measured on, or why there is none, in a sentence."""
    if any(is_url(run.folder) for run in view.runs):
        return "Costs are read from folders of this machine only."
    if len(view.runs) > MOST_RUNS:
        return f"Costs are shown for up to {MOST_RUNS} runs; filters at the left leave fewer."
    folders = [Path(run.folder) for run in view.runs]
    try:
        frame: pd.DataFrame = cost_table(folders)
    except InputError as error:
        return escaped(f"No costs: {error.field}: {error.found}.")
    return Table("costs", frame.drop(columns="suite"), COLUMNS), machines_of(folders)
