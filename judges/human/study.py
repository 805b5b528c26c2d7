"""What a study of people is made of: questions, raters, ratings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest
from lifealign_bench.judges.interface import Dimension, JudgedItem
from lifealign_bench.judges.template import Mode, Template

RATER = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
"""What a rater may be called: it becomes a part of a judge's name and of a link."""
Kind = Literal["score", "pairwise"]
Verdict = int | Literal["first", "second", "tie"]
State = Literal["rated", "skipped"]


@dataclass(frozen=True, slots=True)
class Control:
    """What is known of a control's answer: the least and the highest value that an attentive rater gives it.

    Of a comparison the value is 1 where the item's own answer is better, 0 where it is worse. source: who knows it.
    """

    low: float
    high: float
    source: Literal["oracle", "canary"]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a rater is asked: an answer, or two, by one template.

    template: its label. other: the answer that the item's is compared with; place: where the item's own answer stands,
    0 first, 1 second. control: set where the truth is known. Nothing in it says who answered, or when.
    """

    id: str
    template: str
    template_sha256: str
    dimension: Dimension
    item: JudgedItem
    other: str | None = None
    place: int = 0
    control: Control | None = None

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers as they stand on the page."""
        if self.other is None:
            return (self.item.answer,)
        return (self.item.answer, self.other) if self.place == 0 else (self.other, self.item.answer)

    @property
    def unit(self) -> str:
        """What is asked about, whatever the question and the place."""
        return unit_of(self.item, self.other)

    @property
    def answer_sha256(self) -> str:
        """Of everything that the rater reads beside the template."""
        turns = [[turn.role, turn.content] for turn in self.item.prompt]
        return digest([turns, self.item.reference, list(self.answers)])

    def value(self, verdict: Verdict) -> float:
        """The verdict on its scale; of a comparison 1 where the item's own answer is better, 0 worse, 0.5 a tie."""
        if isinstance(verdict, int):
            return verdict
        return 0.5 if verdict == "tie" else float(verdict == ("first", "second")[self.place])


@dataclass(frozen=True, slots=True)
class Rater:
    """Who rates. agreed_at: when the instructions were accepted, None before that."""

    name: str
    token: str
    agreed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """What one rater said of one question.

    verdict: None where it was skipped, for `reason`. raw: the answers to the criteria, as JSON, where there are any.
    number: the how-manieth rating of this rater, from 1; 0 before it is stored. seconds: from seeing to answering.
    template_sha256, answer_sha256: what was on the page. at: ISO 8601, UTC.
    """

    rater: str
    question: str
    state: State
    verdict: Verdict | None
    template_sha256: str
    answer_sha256: str
    at: str
    reason: str = ""
    comment: str = ""
    raw: str = ""
    seconds: float = 0.0
    number: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides a study beside its answers.

    share: how many answers (or pairs of them) were drawn. against: what answers are compared with, None where they
    are rated alone. per_item: raters of each answer. templates: a folder of one's own, None for those that ship.
    reference: whether raters always see the answer that the data calls better, which the judge may not. sources: a
    digest of the runs.
    """

    seed: int
    share: int
    dimensions: tuple[Dimension, ...]
    per_item: int
    controls: int
    against: str | None = None
    templates: str | None = None
    reference: bool = False
    sources: str = ""

    @property
    def kind(self) -> Kind:
        """Whether one answer is rated or two are compared."""
        return "score" if self.against is None else "pairwise"


@dataclass(frozen=True)
class Study:
    """A study as it was drawn. assignments: the questions of each rater, in the order they are asked."""

    id: str
    settings: Settings
    templates: tuple[Template, ...]
    questions: tuple[Question, ...]
    raters: tuple[Rater, ...]
    assignments: dict[str, tuple[str, ...]]


def unit_of(item: JudgedItem, other: str | None) -> str:
    """The digest of an answer, or of two, with everything else that a judge is given."""
    turns = [[turn.role, turn.content] for turn in item.prompt]
    known = [item.pair_id, item.task, item.rubric, turns, item.answer, item.reference, item.harm, item.item]
    return digest([*known, other])


def verdicts_of(template: Template) -> tuple[Verdict, ...]:
    """Every verdict that a template allows."""
    allowed: tuple[Verdict, ...] = template.verdicts  # type: ignore[assignment]  # a template's are no other strings
    return allowed


def scale_of(mode: Mode, dimension: Dimension) -> tuple[float, ...]:
    """Every value of a question, lowest first."""
    if mode == "pairwise":
        return (0.0, 0.5, 1.0)
    return (0.0, 1.0) if dimension == "refusal" else tuple(float(value) for value in range(1, 11))


def check_state(rating: Rating, where: str) -> None:
    """Raise InputError unless a rating is either a verdict or skipped for a reason."""
    if rating.state == "skipped" and (rating.verdict is not None or not rating.reason.strip()):
        raise InputError(where, "reason", "none" if rating.verdict is None else "a verdict", "a reason and no verdict")
    if rating.state == "rated" and rating.verdict is None:
        raise InputError(where, "verdict", "None", "a verdict, or the state `skipped`")


def check_rating(rating: Rating, question: Question, template: Template, where: str) -> None:
    """Raise InputError unless a rating fits its question: on its scale, and given on its very texts."""
    check_state(rating, where)
    if rating.template_sha256 != question.template_sha256:
        found = f"{rating.template_sha256[:12]}, it changed since"
        raise InputError(where, f"template {question.template}", found, question.template_sha256[:12])
    if rating.answer_sha256 != question.answer_sha256:
        raise InputError(where, "answer", "another text", "the answer that this study asks about")
    if rating.state == "rated" and rating.verdict not in verdicts_of(template):
        allowed = ", ".join(str(each) for each in verdicts_of(template))
        raise InputError(where, "verdict", repr(rating.verdict), f"one of {allowed}")
