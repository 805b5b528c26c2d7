"""The frame of the page: who rates, the instructions, one question after the other, the end."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.judges.human.store import Progress, StudyFile
from lifealign_bench.judges.human.study import Question, Rater
from lifealign_bench.judges.template import Template
from lifealign_bench.leaderboard.annotation import wording
from lifealign_bench.leaderboard.annotation.asking import ask
from lifealign_bench.leaderboard.annotation.keys import listen
from lifealign_bench.leaderboard.annotation.serving import Served, served
from lifealign_bench.leaderboard.annotation.session import (
    ALWAYS_OPEN,
    NOTE,
    RATER,
    Session,
    check_templates,
    is_answering,
    now,
)
from lifealign_bench.leaderboard.app.widgets import escaped
from lifealign_bench.leaderboard.visible import visible

TITLE = "Rate answers"


def show() -> None:
    """Draw what this rater is to see now."""
    st.set_page_config(page_title=TITLE, page_icon=None, layout="wide")
    listen()
    what = served()
    try:
        file = StudyFile(Path(what.study))
        rater = _rater(file, what)
        if rater is None:
            return
        check_templates(file)
        if rater.agreed_at is None:
            _instructions(file, rater)
        else:
            _question(file, rater)
    except LifeAlignError as error:
        st.error("Ratings cannot be given now; those that were given are kept.")
        st.text(visible(error))


def _rater(file: StudyFile, what: Served) -> Rater | None:
    """The rater whom the address names; where it names nobody, the page asks."""
    name = str(st.query_params.get(RATER, "")).strip()
    if not name:
        _login("")
        return None
    try:
        found = file.rater(name)
        if what.tokens_only and name != found.token:
            raise InputError("study", "rater", "a name", "your token")
    except InputError:
        _login("This name or token is not registered in this study. Ask whoever runs it; nothing was stored.")
        return None
    return found


def _login(note: str) -> None:
    st.title(TITLE)
    if note:
        st.warning(note)

    def enter() -> None:
        st.query_params[RATER] = str(st.session_state["login"]).strip()

    with st.form("who", border=False):
        st.text_input("Your name or token in this study", key="login", max_chars=100, autocomplete="off")
        st.form_submit_button("Go on", on_click=enter, type="primary")


def _instructions(file: StudyFile, rater: Rater) -> None:
    st.title("Before you begin")
    progress = file.progress_of(rater.name)
    for text in wording.INSTRUCTIONS:
        st.markdown(text)
    st.subheader("What you may meet, and what is stored", anchor=False)
    for text in wording.CONSENT:
        st.markdown(text)
    st.text(f"{progress.total} questions wait for you, {visible(rater.name)}.")
    st.button(
        wording.AGREE,
        key="agree",
        type="primary",
        shortcut="Enter",
        on_click=lambda: file.agree(rater.name, now()),
    )


@st.cache_resource(show_spinner=False, max_entries=4)
def _templates(path: str, study: str) -> dict[str, Template]:
    return {template.label: template for template in StudyFile(Path(path)).templates()}


def _question(file: StudyFile, rater: Rater) -> None:
    session = Session(file, rater.name)
    question = file.next_of(rater.name)
    _head(session, file.progress_of(rater.name), question)
    note = st.session_state.pop(NOTE, None)
    if note:
        st.warning(escaped(visible(note)))
    if question is None:
        st.success("All done. Thank you! You may close this page.")
        return
    ask(session, question, _templates(str(file.path), file.id)[question.template])


def _head(session: Session, progress: Progress, question: Question | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        skipped = f", {progress.skipped} skipped" if progress.skipped else ""
        st.progress(progress.done / max(1, progress.total), f"{progress.done} of {progress.total} done{skipped}")
        if question is not None:
            skipping = session.is_skipping(question)
            st.button(
                "Back to the scale" if skipping else "Skip",
                key=f"skip-{question.id}",
                shortcut="S",
                on_click=session.turn,
                args=(question,),
            )
        st.button(
            "Take back",
            key=f"undo-{progress.done}",
            shortcut="U",
            disabled=progress.done == 0 and not is_answering(question),
            on_click=session.undo,
            args=(question,),
            help="Take back the yes and no of this question; where there are none, your last rating.",
        )
        st.toggle("Open harmful texts at once", key=ALWAYS_OPEN)
