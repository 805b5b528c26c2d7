"""What alignment costs elsewhere: capability beside forgetting, over-refusal, how answers drift, what losses are."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import empty, notes, show_figure, show_table
from lifealign_bench.leaderboard.behaviour import behaviour_table
from lifealign_bench.leaderboard.elsewhere import answers_table, change_table, folders_of, loss_table, refusal_table
from lifealign_bench.leaderboard.elsewhere_figures import change_figure, loss_figure
from lifealign_bench.leaderboard.places import is_url
from lifealign_bench.leaderboard.retained import retained_table

MOST_RUNS = 200


def draw(view: View) -> None:
    """The page."""
    st.title("What it costs elsewhere")
    st.markdown("A policy that keeps its preferences may still lose what nobody trained or scored.")
    if not view.runs:
        empty("No run fits these filters.", "Choose others at the left.")
        return
    if any(is_url(run.folder) for run in view.runs):
        empty("Rows are read from folders of this machine only.", "Copy the results, and show the copy.")
        return
    folders = tuple(sorted(run.folder for run in view.runs))
    try:
        _capability(view, folders)
        _drift(view, folders)
    except InputError as error:
        empty("The rows of a run cannot be read.", f"{error.field}: {error.found}; expected {error.expected}.")


def _capability(view: View, folders: tuple[str, ...]) -> None:
    st.subheader("Retained capability", anchor=False)
    retained = retained_table(folders_of(folders))
    if retained.empty:
        empty(
            "No run here was asked capability tasks.",
            "The suite field capability names them, and lifealign run asks; mini-full does.",
        )
        return
    st.caption("Each task after the last learned one less the untouched base, beside Last and forgetting.")
    table = change_table(retained)
    show_figure(change_figure(table.frame, view.ink), "capability", "Capability beside forgetting", "capability-figure")
    show_table(table, "capability")


def _drift(view: View, folders: tuple[str, ...]) -> None:
    if len(folders) > MOST_RUNS:
        notes([f"How answers drift is read for up to {MOST_RUNS} runs; filters at the left leave fewer."])
        return
    found = behaviour_of(folders)
    st.subheader("Refusals", anchor=False)
    st.caption("Declining what is harmful is wanted. Declining what is harmless is over-refusal, and stands apart.")
    if found[["refusal_harmful", "refusal_harmless"]].isna().all(axis=None):
        notes(["No verdict here says whether an answer declines: no judge was asked that question."])
    else:
        show_table(refusal_table(found), "refusals")
    st.subheader("Answers", anchor=False)
    st.caption("Of the untouched base, and after the last task.")
    show_table(answers_table(found), "answers-drift")
    losses = loss_table(found)
    if losses.frame.empty:
        notes(["What losses are made of is known only where the miniature world's oracle judged."])
        return
    st.subheader("What was lost", anchor=False)
    st.caption("Superficial: the content is there, in the wrong form. Essential: the content is gone.")
    show_figure(loss_figure(losses.frame, view.ink), "losses", "Form and content that were lost", "losses-figure")
    show_table(losses, "losses")
    notes(["Losses are of tasks before the last one, from when each was learned until the end."])


@st.cache_data(show_spinner="Reading the answers …", max_entries=8)
def behaviour_of(folders: tuple[str, ...]) -> pd.DataFrame:
    """`behaviour_table` of these runs, kept: rows of a finished run do not change."""
    return behaviour_table(folders_of(folders))
