"""Ratings as JSONL: what one copy of a study gives to another, and what a judge card reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field, ValidationError, field_validator

from lifealign_bench.data.cards import Strict
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.data.rows import Message
from lifealign_bench.judges.human.store import StudyFile
from lifealign_bench.judges.human.study import Control, Question, Rating, Study, check_state, scale_of
from lifealign_bench.judges.interface import JudgedItem

FORMAT = "lifealign-ratings"


class Texts(Strict):
    """What the rater read."""

    prompt: tuple[tuple[str, str], ...] = Field(strict=False)
    answer: str
    other: str | None
    reference: str


class Line(Strict):
    """One rating. value: on the scale, of a comparison 1 where the item's own answer is better. texts: None where they
    were left out."""

    format: Literal["lifealign-ratings"]
    version: Literal[1]
    study: str
    rater: str
    question: str
    number: int = Field(ge=1)
    state: Literal["rated", "skipped"]
    verdict: int | Literal["first", "second", "tie"] | None
    value: float | None
    reason: str
    comment: str
    raw: str
    seconds: float = Field(ge=0, allow_inf_nan=False)
    at: str
    template: str
    template_sha256: str
    answer_sha256: str
    dimension: Literal["helpfulness", "safety", "rubric", "refusal"]
    task: str
    rubric: str
    pair_id: str
    item: str | None
    harm: Literal["harmful", "harmless"] | None
    place: Literal[0, 1]
    control: tuple[float, float] | None = Field(strict=False)
    texts: Texts | None

    @field_validator("at")
    @classmethod
    def _a_time(cls, text: str) -> str:
        wanted = "a time with its zone, as in 2026-01-01T00:00:00+00:00"
        try:
            zone = datetime.fromisoformat(text).tzinfo
        except ValueError:
            raise ValueError(wanted) from None
        if zone is None:
            raise ValueError(wanted)
        return text

    def rating(self) -> Rating:
        """The rating without its question."""
        return Rating(**{name: getattr(self, name) for name in Rating.__slots__})


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line of a file and its number."""

    where: str
    line: Line


def export_lines(study: Study, ratings: tuple[Rating, ...], *, texts: bool) -> Iterator[str]:
    """Every rating as a line of JSON; texts: also prompts and answers, harmful ones among them."""
    questions = {question.id: question for question in study.questions}
    for rating in ratings:
        yield json.dumps(_line(study, questions[rating.question], rating, texts=texts), sort_keys=True)


def _line(study: Study, question: Question, rating: Rating, *, texts: bool) -> Mapping[str, object]:
    item, control = question.item, question.control
    shown = {
        "prompt": [[turn.role, turn.content] for turn in item.prompt],
        "answer": item.answer,
        "other": question.other,
        "reference": item.reference,
    }
    return {
        **{name: getattr(rating, name) for name in Rating.__slots__},
        "format": FORMAT,
        "version": 1,
        "study": study.id,
        "template": question.template,
        "dimension": question.dimension,
        "place": question.place,
        "texts": shown if texts else None,
        **{name: getattr(item, name) for name in ("task", "rubric", "pair_id", "item", "harm")},
        "value": None if rating.verdict is None else question.value(rating.verdict),
        "control": None if control is None else [control.low, control.high],
    }


def read_lines(text: str, where: str) -> list[ReadLine]:
    """The lines of an export.

    Raises:
        InputError: names the line and the field of what is wrong, or says that there is no line.
    """
    found = []
    # Not `splitlines`: in JSON some of what ends a line there may stand in a text.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            place = f"{where}:{number}"
            found.append(ReadLine(place, _read(line, place)))
    if not found:
        raise InputError(where, "ratings", "no line", "at least one rating, as `lifealign annotate export` writes it")
    return found


def _read(line: str, where: str) -> Line:
    try:
        # What cannot be written as UTF-8 can be kept nowhere.
        json.dumps(json.loads(line), ensure_ascii=False).encode()
        return Line.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "line"
        raise InputError(where, field, repr(first["input"])[:80], first["msg"].removeprefix("Value error, ")) from None
    except (ValueError, RecursionError) as error:
        raise InputError(where, "line", str(error)[:80], "a rating as JSON") from None


def import_lines(file: StudyFile, lines: list[ReadLine]) -> int:
    """Keep ratings that were given on another copy of the study; all of them or, where one does not fit, none.

    Returns how many were new.

    Raises:
        InputError: names the line: of another study, another answer, another template, an unknown rater, a verdict
            that is not on the scale, or another rating of the same question by the same rater.
    """
    study = file.study()
    questions = {question.id: question for question in study.questions}
    raters = [rater.name for rater in study.raters]
    for read in lines:
        _check(read, study, questions, raters)
    return file.rate_all([read.line.rating() for read in lines])


def _check(read: ReadLine, study: Study, questions: Mapping[str, Question], raters: list[str]) -> None:
    line, where = read.line, read.where
    if line.study != study.id:
        raise InputError(where, "study", repr(line.study), f"{study.id}, the study that they are imported into")
    if line.rater not in raters:
        raise UnknownNameError(where, "rater", line.rater, raters)
    question = questions.get(line.question)
    if question is None:
        raise InputError(where, "question", repr(line.question), "a question of this study")
    if line.answer_sha256 != question.answer_sha256:
        raise InputError(where, "answer", "a rating of another text", "the answer that this study asks about")
    _check_value(line, question, where)


def _check_value(line: Line, question: Question, where: str) -> None:
    """Raise InputError where the verdict and its value on the scale are not one."""
    own = None if line.verdict is None else question.value(line.verdict)
    if line.value != own:
        raise InputError(where, "value", repr(line.value), f"{own}, as the verdict says")


def read_people(lines: list[ReadLine]) -> tuple[str, tuple[Question, ...], tuple[Rating, ...]]:
    """The study, questions and ratings of an export with its texts, for a judge card; the same line twice counts once.

    Raises:
        InputError: names the line: without texts, of a second study, of texts that are not those of its hash, or
            another rating of the same question by the same rater.
    """
    questions: dict[str, Question] = {}
    ratings: dict[tuple[str, str], Rating] = {}
    study = lines[0].line.study
    for read in lines:
        line, where = read.line, read.where
        if line.study != study:
            raise InputError(where, "study", repr(line.study), f"{study}, as in the first line")
        question = _question(line, where)
        if questions.setdefault(question.id, question) != question:
            raise InputError(where, "question", repr(line.question), "the same texts as in the lines before")
        rating = line.rating()
        check_state(rating, where)
        if ratings.setdefault((rating.rater, rating.question), rating) != rating:
            raise InputError(where, "rating", f"a second one by {rating.rater}", "one rating of each question")
    return study, tuple(questions.values()), tuple(ratings.values())


def _question(line: Line, where: str) -> Question:
    if line.texts is None:
        raise InputError(where, "texts", "none", "an export with --texts")
    roles = {"system", "user", "assistant"}
    if unknown := [role for role, _ in line.texts.prompt if role not in roles]:
        raise InputError(where, "texts.prompt", repr(unknown[0]), ", ".join(sorted(roles)))
    turns = tuple(Message(role, content) for role, content in line.texts.prompt)  # type: ignore[arg-type]  # looked at above
    item = JudgedItem(
        line.pair_id, line.task, line.rubric, turns, line.texts.answer, line.texts.reference, line.harm, line.item
    )
    control = Control(*line.control, "canary") if line.control is not None else None
    found = Question(
        line.question, line.template, line.template_sha256, line.dimension, item, line.texts.other, line.place, control
    )
    if found.answer_sha256 != line.answer_sha256:
        raise InputError(where, "texts", "other texts than those that were rated", "the texts of its hash")
    scale = scale_of("score" if found.other is None else "pairwise", found.dimension)
    if line.verdict is not None and found.value(line.verdict) not in scale:
        raise InputError(where, "verdict", repr(line.verdict), "a verdict on the scale of its dimension")
    _check_value(line, found, where)
    return found
