"""What a policy keeps refusing: attack success and over-refusal after every stage, by kind of harm, by reader."""

from __future__ import annotations

import streamlit as st

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.app.choices import pick
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import empty, notes, show_figure, show_table
from lifealign_bench.leaderboard.shown import Table
from lifealign_bench.leaderboard.variation.refusal_counts import Counts, count
from lifealign_bench.leaderboard.variation.refusal_figures import category_figure, stage_figure
from lifealign_bench.leaderboard.variation.refusal_rows import Whose, places_of, rows_of
from lifealign_bench.leaderboard.variation.refusals import (
    category_table,
    reader_table,
    refusal_table,
    refusal_words,
    stage_table,
)

MOST_RUNS = 400


def draw(view: View) -> None:
    """The page."""
    st.title("Refusals")
    st.markdown(
        "A set of prompts that no task trains on, asked plainly and with attacks after every stage. Declining what is "
        "harmful is wanted; declining a harmless look-alike is over-refusal."
    )
    if not view.runs:
        empty("No run fits these filters.", "Choose others at the left.")
        return
    places = places_of(view.runs)
    if not places:
        empty(
            "No run here was asked a safety set, or its rows are not on this machine.",
            "The suite field safety names one, and lifealign run asks it; mini-safety does.",
        )
        return
    if len(places) > MOST_RUNS:
        empty(f"{len(places)} runs were asked.", f"Filters at the left leave fewer; up to {MOST_RUNS} are read.")
        return
    try:
        found = _counted(places)
    except InputError as error:
        empty("The rows of a run cannot be read.", f"{error.field}: {error.found}; expected {error.expected}.")
        return
    _parts(view, found)


def _parts(view: View, found: _Counted) -> None:
    readers = found.counts.readers
    attack = pick("Attack", found.counts.attacks, "attack")
    reader = pick("Read by", readers, "reader") if len(readers) > 1 else readers[0]
    table, stages, kinds = found.read_by(reader)
    for sentence in found.words:
        st.text(sentence)
    st.subheader("After every stage", anchor=False)
    show_figure(stage_figure(stages.frame, attack, view.ink), "refusals", f"Refusals by stage, {attack}", "stages")
    show_table(table, "refusals")
    notes(
        [
            "Intervals draw prompts of one item together and speak of these runs only. Lowest: each run's best stage.",
            "An answer that an attack begins is read with its beginning.",
        ]
    )
    with st.expander("Every stage in numbers", icon=":material/table_rows:"):
        show_table(stages, "refusals-by-stage")
    st.subheader("By kind of harm", anchor=False)
    show_figure(category_figure(kinds.frame, attack, view.ink), "harm", f"Attack success by harm, {attack}", "harm")
    show_table(kinds, "refusals-by-harm")
    if len(found.compared.frame):
        st.subheader("Do two readers say the same?", anchor=False)
        st.caption("Of all stages and runs. The oracle knows the world's grammar; a classifier works on any set.")
        show_table(found.compared, "refusals-readers")


class _Counted:
    """Everything that the page shows of some runs; the tables of a reader are made when they are first asked for."""

    def __init__(self, counts: Counts) -> None:
        self.counts, self.compared = counts, reader_table(counts)
        self._tables: dict[str, tuple[Table, Table, Table]] = {}
        self.words = refusal_words(counts, self.read_by(counts.readers[0])[0])

    def read_by(self, reader: str) -> tuple[Table, Table, Table]:
        """By method, by stage and by kind of harm."""
        if reader not in self._tables:
            made = (refusal_table, stage_table, category_table)
            first, second, third = (make(self.counts, reader) for make in made)
            self._tables[reader] = (first, second, third)
        return self._tables[reader]


@st.cache_resource(show_spinner="Reading the answers …", max_entries=8)
def _counted(places: tuple[Whose, ...]) -> _Counted:
    """Of these runs, kept: rows of a finished run do not change."""
    return _Counted(count(rows_of(places)))
