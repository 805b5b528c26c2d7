"""One question on the page: conversation and answers as plain text, the scale as buttons with keys."""

from __future__ import annotations

import streamlit as st

from lifealign_bench.judges.human.study import Question
from lifealign_bench.judges.template import Template
from lifealign_bench.leaderboard.annotation import wording
from lifealign_bench.leaderboard.annotation.session import (
    ALWAYS_OPEN,
    OPENED,
    Session,
    comment_key,
    given_of,
    is_new,
    saw,
)
from lifealign_bench.leaderboard.app.widgets import escaped
from lifealign_bench.leaderboard.visible import visible

NAMES = {"user": "person", "assistant": "program, earlier", "system": "instructions to the program"}
PLACES = ("First answer", "Second answer")


def ask(session: Session, question: Question, template: Template) -> None:
    """Draw a question."""
    saw(question)
    texts, scale = st.columns(2, gap="medium")
    with texts:
        opened = _texts(session, question, template)
    with scale:
        if is_new(question):
            st.info(wording.ANOTHER, icon=":material/info:")
        st.markdown(f"**{escaped(' '.join(template.question.split()))}**")
        if session.is_skipping(question):
            _reasons(session, question)
        elif opened:
            _scale(session, question, template)
        else:
            st.caption("The scale appears once the text is open.")
        _comment(question)


def _texts(session: Session, question: Question, template: Template) -> bool:
    """What is to be read; whether it is open."""
    known: set[str] = st.session_state.setdefault(OPENED, set())
    if question.item.harm == "harmful" and question.id not in known and not st.session_state.get(ALWAYS_OPEN):
        with st.container(border=True):
            st.warning(wording.WARNING, icon=":material/warning:")
            st.button("Open it", key=f"open-{question.id}", shortcut="O", on_click=lambda: known.add(question.id))
        return False
    for turn in question.item.prompt:
        _said(NAMES[turn.role], turn.content)
    if "reference" in template.variables or session.file.settings.reference:
        _said("an answer to compare with, not to judge", question.item.reference)
    names = ("Answer to judge",) if question.other is None else PLACES
    for place, (name, answer) in enumerate(zip(names, question.answers, strict=True)):
        _said(name, answer, key=f"answer-{place}")
    return True


def _said(who: str, words: str, key: str | None = None) -> None:
    with st.container(gap=None, key=key):
        st.caption(who)
        with st.container(border=True):
            st.text(visible(words) if words.strip() else "(empty)")


def _scale(session: Session, question: Question, template: Template) -> None:
    with st.container(gap="xxsmall"):
        if template.mode == "criteria":
            _criteria(session, question, template)
        elif template.mode == "pairwise":
            for choice, words in template.choices.items():
                _choice(
                    session,
                    question,
                    choice,
                    f"The {choice}" if choice != "tie" else "A tie",
                    words,
                    wording.PAIR_KEYS[choice],
                )
        else:
            for level, words in sorted(template.levels.items()):
                _choice(session, question, level, str(level), words, wording.SCORE_KEYS[level])


def _choice(session: Session, question: Question, verdict: object, name: str, words: str, key: str) -> None:
    st.button(
        f"**{name}** · {escaped(' '.join(words.split()))}",
        key=f"rate-{question.id}-{verdict}",
        shortcut=key,
        width="stretch",
        on_click=session.rate,
        args=(question, verdict),
    )


def _criteria(session: Session, question: Question, template: Template) -> None:
    given = given_of(question)
    for criterion in template.criteria:
        if criterion.id in given:
            st.text(f"{'yes' if given[criterion.id] else 'no'}: {' '.join(criterion.question.split())}")
            continue
        st.text(" ".join(criterion.question.split()))
        for words, met in (("Yes", True), ("No", False)):
            st.button(
                words,
                key=f"{words}-{question.id}-{criterion.id}",
                shortcut=words[0],
                width="stretch",
                on_click=session.answer,
                args=(question, template, criterion.id, met),
            )
        return


def _reasons(session: Session, question: Question) -> None:
    st.text("Why do you skip it?")
    for key, reason in wording.REASONS.items():
        st.button(
            reason,
            key=f"reason-{question.id}-{key}",
            shortcut=key,
            width="stretch",
            on_click=session.skip,
            args=(question, reason),
        )


def _comment(question: Question) -> None:
    st.text_input(
        "Comment",
        key=comment_key(question),
        max_chars=wording.LONGEST_COMMENT,
        placeholder=wording.COMMENT,
        label_visibility="collapsed",
        autocomplete="off",
    )
