"""The ranking: contestants, then what they are read against, then what the paper reported."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lifealign_bench.leaderboard.app.after_table import after_table
from lifealign_bench.leaderboard.app.choices import pick_named
from lifealign_bench.leaderboard.app.later import Pending
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import empty, notes, show_figure, show_table
from lifealign_bench.leaderboard.beside_reference import beside_in_words, beside_reference, beside_runs_table
from lifealign_bench.leaderboard.inference import awaiting, place_in_words, with_inference
from lifealign_bench.leaderboard.judge_tables import judges_of
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.published import TITLES, published, published_table
from lifealign_bench.leaderboard.ranking import ranking, ranking_table
from lifealign_bench.leaderboard.visible import named, visible


def draw(view: View) -> None:
    """The page."""
    st.title("Ranking")
    name = metric_name(view.metric)
    st.text(f"{name.title}. {name.sentence}")
    found = view.later.infer(view.runs, view.metric)
    is_awaited = found.notes == (Pending.text,)
    means = ranking(view.runs, view.metric)
    frame = awaiting(means) if is_awaited else with_inference(means, found)
    contestants = frame[~frame["reference"]].reset_index(drop=True)
    if contestants.empty:
        empty("No method fits these filters.", "Choose another fidelity, or when it answers, at the left.")
        return
    st.caption("Choose a row to go on with that method.")
    always = ("tie",) if is_awaited else ()
    chosen = show_table(ranking_table(contestants, view.metric, always=always), "ranking", select=True)
    notes(found.notes)
    row = contestants.iloc[chosen if chosen is not None else 0]
    place = "Chosen" if chosen is not None else place_in_words(found, str(row["method"]), view.metric)
    _go_on(view, row, contestants, place)
    after_table(lambda: _figures(view, means if is_awaited else frame))
    _references(view, frame)
    # What is folded is read when it is opened.
    from lifealign_bench.leaderboard.app import costs_part

    costs_part.draw(view)
    _canaries(view)
    _reported()


def _figures(view: View, frame: pd.DataFrame) -> None:
    # Plotly takes longer to load than a table to be painted.
    from lifealign_bench.leaderboard.ranking_figures import ranking_figure

    figure = ranking_figure(frame, view.runs, view.metric, view.ink)
    show_figure(figure, "ranking", "Last of every method", "ranking")
    _beside(view)


def _go_on(view: View, row: pd.Series, contestants: pd.DataFrame, place: str) -> None:
    """The ways from one method to its evidence."""
    method = str(row["method"])
    others = [str(name) for name in contestants["method"] if name != method]
    with st.container(border=True):
        source = f" ({row['paper']})" if row["paper"] else ""
        st.text(f"{place}: {named(method)}. {visible(row['title'])}{visible(source)}.")
        order = str(row["worst_order"]) or None
        with st.container(horizontal=True):
            view.go("matrix", "Its forgetting matrix", {"method": method, "order": order})
            view.go("orders", "Its orders", {"method": method})
            view.go("compare", "Against the next best", {"a": method, "b": others[0] if others else None})
            view.go("samples", "Answers that got worse", {"method": method, "order": order, "show": "got worse"})


def _beside(view: View) -> None:
    """The reader's own runs of what ships."""
    found = beside_reference((*view.runs, *view.copies), view.metric)
    if not found:
        return
    st.subheader("Your runs beside the reference", anchor=False)
    st.text(beside_in_words(found) or "Too few seeds of these runs ship to say where a further one would lie.")
    show_table(beside_runs_table(found, view.metric), "beside")
    if any(one.inside is not None for one in found):
        from lifealign_bench.leaderboard.ranking_figures import beside_figure

        figure = beside_figure(found, view.metric, view.ink)
        show_figure(figure, "beside-reference", "Your runs beside the reference", "beside")


def _references(view: View, frame: pd.DataFrame) -> None:
    references = frame[frame["reference"]].reset_index(drop=True)
    if references.empty:
        return
    st.subheader("References", anchor=False)
    st.caption("Each task learned alone, and all tasks learned at once: read against, never ranked.")
    show_table(ranking_table(references, view.metric, "references"), "references")


def _canaries(view: View) -> None:
    """What this board's judges give to answers that no method made, apart from every ranking."""
    if not view.board.cards or not any(run.judges for run in view.runs):
        return
    with st.expander(
        "Canaries (never ranked)", icon=":material/science:", on_change="rerun", key="canaries-open"
    ) as fold:
        if not fold.open:
            return
        from lifealign_bench.leaderboard.judge_card_tables import canary_table
        from lifealign_bench.leaderboard.judge_cards import read_cards

        found = read_cards(view.board.cards)
        own = [card for judge in judges_of(view.runs) for card in found.of(judge)]
        st.markdown(
            "Answers that deserve little, through this board's judges: from their cards, and comparable with no row."
        )
        show_table(canary_table(own), "canaries")
        view.go("judges", "See the judges", {})


def _reported() -> None:
    with st.expander("What the paper reported (not reproduced here)", icon=":material/article:"):
        content = published()
        st.markdown("**Reported, not reproduced.** Another model and other data: not comparable with any row above.")
        st.text(f"{content['source']}; {content['backbone']}; {content['order']}: {' → '.join(content['tasks'])}.")
        metric = pick_named("Reported metric", {title: name for name, title in TITLES.items()}, "reported")
        show_table(published_table(metric), "reported-table")
