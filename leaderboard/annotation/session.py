"""One rater's session: what the keys do. Everything is in the study's file before the page goes on."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.judges.human.drawing import check_same
from lifealign_bench.judges.human.store import AlreadyRatedError, StudyFile
from lifealign_bench.judges.human.study import Question, Rating, Verdict
from lifealign_bench.judges.template import Template
from lifealign_bench.judges.templates import SHIPPED, read_folder

RATER = "rater"
NOTE, SHOWN, SKIPPING, OPENED, CRITERIA = "note", "shown", "skipping", "opened", "criteria"
TEMPLATE = "template"
ALWAYS_OPEN = "always-open"


@dataclass(frozen=True)
class Session:
    """A rater before a study."""

    file: StudyFile
    rater: str

    def rate(self, question: Question, verdict: Verdict, raw: str = "") -> None:
        """Keep a verdict."""
        self._keep(question, verdict, "", raw)

    def skip(self, question: Question, reason: str) -> None:
        """Keep that a question was skipped, and why."""
        self._keep(question, None, reason, "")

    def undo(self, question: Question | None) -> None:
        """Take back the criteria that were answered; where there are none, the last rating: its question comes next."""
        if is_answering(question):
            _forget()
            return
        try:
            _note(None if self.file.undo(self.rater, now()) else "There is nothing to take back.")
        except LifeAlignError as error:
            _note(str(error))
        _forget()

    def turn(self, question: Question) -> None:
        """From the scale to the reasons for skipping, and back."""
        st.session_state[SKIPPING] = None if self.is_skipping(question) else question.id

    def is_skipping(self, question: Question) -> bool:
        """Whether the reasons for skipping are shown in place of the scale."""
        return bool(st.session_state.get(SKIPPING) == question.id)

    def answer(self, question: Question, template: Template, criterion: str, met: bool) -> None:
        """Answer one criterion; with the last one the verdict is kept."""
        given = {**given_of(question), criterion: met}
        if len(given) < len(template.criteria):
            st.session_state[CRITERIA] = question.id, given
            return
        raw = json.dumps({name: "yes" if yes else "no" for name, yes in given.items()})
        self.rate(question, template.verdict_of(sum(given.values())), raw)

    def _keep(self, question: Question, verdict: Verdict | None, reason: str, raw: str) -> None:
        comment = str(st.session_state.get(comment_key(question)) or "").strip()
        rating = Rating(
            rater=self.rater,
            question=question.id,
            state="skipped" if verdict is None else "rated",
            verdict=verdict,
            template_sha256=question.template_sha256,
            answer_sha256=question.answer_sha256,
            at=now(),
            reason=reason,
            comment=comment,
            raw=raw,
            seconds=_seconds(question),
        )
        try:
            check_templates(self.file)
            self.file.rate(rating)
            _note(None)
        except AlreadyRatedError:
            _note("That answer was rated before, perhaps in another window; its first rating stays. Here is the next.")
        except LifeAlignError as error:
            _note(f"Nothing was stored. {error}")
        _forget()


def now() -> str:
    """The time in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def comment_key(question: Question) -> str:
    """The widget of a question's comment."""
    return f"comment-{question.id}"


def given_of(question: Question) -> dict[str, bool]:
    """The criteria that were answered so far."""
    known, given = st.session_state.get(CRITERIA, ("", {}))
    return dict(given) if known == question.id else {}


def is_answering(question: Question | None) -> bool:
    """Whether some criteria of a question are answered and others not."""
    return question is not None and bool(given_of(question))


def saw(question: Question) -> None:
    """Remember when a question was first shown."""
    known, _ = st.session_state.get(SHOWN, ("", 0.0))
    if known != question.id:
        st.session_state[SHOWN] = question.id, time.monotonic()


def is_new(question: Question) -> bool:
    """Whether this is the first question by another template than those before, in this window."""
    before, first = st.session_state.get(TEMPLATE, (None, None))
    if before != question.template:
        first = question.id if before is not None else None
        st.session_state[TEMPLATE] = question.template, first
    return bool(first == question.id)


def check_templates(file: StudyFile) -> None:
    """Raise InputError where a template's file is not what it was when the study was drawn."""
    own = file.settings.templates
    folder = Path(own) if own else SHIPPED
    try:
        signature = tuple((path.name, *_changed(path)) for path in sorted(folder.glob("*.yaml")))
    except OSError as error:
        raise InputError(folder, "templates", str(error), "a readable folder") from None
    if found := _difference(str(file.path), file.id, str(folder), signature):
        # It is kept and raised again with every look: without its frames, or they would pile up.
        raise found.with_traceback(None)


def _changed(path: Path) -> tuple[int, int]:
    known = path.stat()
    return known.st_mtime_ns, known.st_size


@st.cache_resource(show_spinner=False, max_entries=4)
def _difference(study: str, name: str, folder: str, signature: tuple[object, ...]) -> InputError | None:
    """What is wrong with the templates, looked at again whenever a file of theirs changed."""
    try:
        check_same(StudyFile(Path(study)).templates(), read_folder("a", Path(folder)))
    except InputError as error:
        return error
    return None


def _seconds(question: Question) -> float:
    known, since = st.session_state.get(SHOWN, ("", 0.0))
    return round(time.monotonic() - since, 3) if known == question.id else 0.0


def _note(text: str | None) -> None:
    st.session_state[NOTE] = text


def _forget() -> None:
    """What belonged to the question that was just answered."""
    for name in (SKIPPING, CRITERIA, SHOWN):
        st.session_state.pop(name, None)
