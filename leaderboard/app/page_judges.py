"""The judges: pinned instruments, what they were asked, what their cards say, and how often they answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from lifealign_bench.benchmark.judge_records import JudgeRecord
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import caution, empty, escaped, notes, show_table
from lifealign_bench.leaderboard.judge_card_tables import canary_table, card_tables
from lifealign_bench.leaderboard.judge_cards import fitness, read_cards
from lifealign_bench.leaderboard.judge_tables import judge_facts, judges_of, verdict_counts
from lifealign_bench.leaderboard.people_tables import coverage_by_people, raters_table
from lifealign_bench.leaderboard.shown import Column, text_table
from lifealign_bench.leaderboard.visible import visible

if TYPE_CHECKING:
    from lifealign_bench.judges.cards.schema import JudgeCard

MOST_REASONS = 6


def draw(view: View) -> None:
    """The page."""
    st.title("Judges")
    judges = judges_of(view.runs)
    found = read_cards(view.board.cards)
    if not judges and not found.cards:
        empty("No answer on this board was judged.", "Preference accuracy and text overlap need no judge.")
        return
    st.markdown("Verdicts of two judges are never mixed in one ranking; each judge is pinned by what is written here.")
    for number, judge in enumerate(judges):
        with st.container(border=True):
            _judge(judge, found.of(judge), f"judge-{number + 1}")
    known = [card for judge in judges for card in found.of(judge)]
    _canaries(known)
    if judges:
        st.subheader("Verdicts", anchor=False)
        st.caption(
            "Of all runs that the filters leave. What was not scored has a reason, and never counts as a number."
        )
        show_table(verdict_counts(view.rows, view.runs), "verdicts")
        view.go("samples", "Read verdicts beside their answers", {"show": "every answer"})
    _people(view)
    _others([card for card in found.cards if card not in known])
    for item in found.left_out:
        caution(f"{item.place}: {item.reason}")


def _judge(judge: JudgeRecord, cards: Sequence[JudgeCard], key: str) -> None:
    st.text(visible(judge.name))
    for number, card in enumerate(cards):
        _card(card, f"{key}-card-{number + 1}")
    if not cards:
        notes(["No card of this judge is here: lifealign judge card measures how far to trust it."])
    with st.expander("What pins this judge", icon=":material/push_pin:"):
        rows = [{"name": name, "value": value} for name, value in judge_facts(judge)]
        show_table(text_table(key, rows, (Column("name", "What"), Column("value", "Value"))), key)


def _card(card: JudgeCard, key: str) -> None:
    """The verdict on the judge, then the parts of its card beside each other."""
    if card.fit is False:
        st.error(escaped(fitness(card)), icon=":material/gpp_bad:")
        for reason in card.unfit[:MOST_REASONS]:
            st.text(visible(reason))
    elif card.fit:
        st.success(escaped(fitness(card)), icon=":material/verified:")
    else:
        caution(fitness(card))
    parts = card_tables(card, key)
    if parts:
        # Names of parts are the table builders' own words.
        title = [escaped(name) for name, _, _ in parts]
        for tab, (_, words, table) in zip(st.tabs(title), parts, strict=True):
            with tab:
                st.text(words)
                show_table(table, table.name)
    if card.left_out:
        reasons: dict[str, list[str]] = {}
        for part, why in card.left_out.items():
            reasons.setdefault(why, []).append(part)
        notes([f"Not on this card: {', '.join(parts)} ({why})." for why, parts in reasons.items()])


def _canaries(cards: Sequence[JudgeCard]) -> None:
    table = canary_table(cards)
    if table.frame.empty:
        return
    st.subheader("Canaries", anchor=False)
    st.caption(
        "Answers that no method made, judged as all others are. What they get above what they deserve is a fault."
    )
    show_table(table, "canaries")


def _people(view: View) -> None:
    raters, coverage = raters_table(view.rows, view.runs), coverage_by_people(view.rows, view.runs)
    if raters is None or coverage is None:
        return
    st.subheader("People", anchor=False)
    st.caption(
        "A verdict stands wherever the same answer does, at several stages and in several runs. Means of two raters "
        "compare only where both rated the same answers; the judge card takes severity out."
    )
    show_table(coverage, coverage.name)
    show_table(raters, raters.name)


def _others(cards: Sequence[JudgeCard]) -> None:
    if not cards:
        return
    st.subheader("Cards of judges that judged nothing here", anchor=False)
    for number, card in enumerate(cards):
        with st.expander(escaped(visible(card.judge.name)), icon=":material/gavel:"):
            st.text(
                visible(f"{card.judge.model_served or card.judge.model_requested}, templates {card.judge.template}")
            )
            _card(card, f"other-{number + 1}")
