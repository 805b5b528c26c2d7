"""Ratings beside their questions, as numbers: what every statistic of raters starts from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lifealign_bench.judges.cards.truth import cluster_of
from lifealign_bench.judges.human.study import Question, Rating, scale_of

MANY = 2
"""Ratings that a question needs before they can agree."""


@dataclass(frozen=True, slots=True)
class Given:
    """A rating that is a number. level: its place on the scale, from 0. time: of the rater's session, from 0 to 1."""

    rater: str
    question: Question
    level: int
    time: float

    @property
    def value(self) -> float:
        """The verdict on its scale."""
        return levels_of(self.question)[self.level]


@dataclass(frozen=True)
class Ratings:
    """The ratings of one dimension; controls are not among them."""

    questions: tuple[Question, ...]
    raters: tuple[str, ...]
    given: tuple[Given, ...]

    @property
    def scale(self) -> tuple[int, ...]:
        """Every level of the scale."""
        return tuple(range(len(levels_of(self.questions[0]))))

    @property
    def clusters(self) -> tuple[str, ...]:
        """What is left out together, by question."""
        return tuple(cluster_of(question.item) for question in self.questions)

    def table(self) -> list[list[int | None]]:
        """Levels by rater (rows) and question, None where there is none."""
        known = {(each.rater, each.question.id): each.level for each in self.given}
        return [[known.get((rater, question.id)) for question in self.questions] for rater in self.raters]

    def medians(self) -> dict[str, int]:
        """By question, the median level of its ratings; of an even number the lower of the two in the middle."""
        votes: dict[str, list[int]] = {}
        for each in self.given:
            votes.setdefault(each.question.id, []).append(each.level)
        return {name: sorted(own)[(len(own) - 1) // 2] for name, own in votes.items()}

    def means(self) -> dict[str, float]:
        """By question, the mean verdict."""
        votes: dict[str, list[float]] = {}
        for each in self.given:
            votes.setdefault(each.question.id, []).append(each.value)
        return {name: sum(own) / len(own) for name, own in votes.items()}


def levels_of(question: Question) -> tuple[float, ...]:
    """Every value of a question, lowest first."""
    return scale_of("score" if question.other is None else "pairwise", question.dimension)


def by_dimension(questions: Sequence[Question], ratings: Iterable[Rating]) -> Mapping[str, Ratings]:
    """The ratings that are numbers, by dimension, without controls; a dimension without any is left out."""
    known = {question.id: question for question in questions if question.control is None}
    found = list(ratings)
    last: dict[str, int] = {}
    for rating in found:
        last[rating.rater] = max(last.get(rating.rater, 1), rating.number)
    given: dict[str, list[Given]] = {}
    for rating in found:
        question = known.get(rating.question)
        if question is None or rating.verdict is None:
            continue
        time = (rating.number - 1) / max(1, last[rating.rater] - 1)
        level = levels_of(question).index(question.value(rating.verdict))
        given.setdefault(question.dimension, []).append(Given(rating.rater, question, level, time))
    return {name: _ratings(own) for name, own in sorted(given.items())}


def _ratings(given: Sequence[Given]) -> Ratings:
    questions = {each.question.id: each.question for each in given}
    ordered = tuple(sorted(questions.values(), key=lambda question: question.id))
    return Ratings(ordered, tuple(sorted({each.rater for each in given})), tuple(given))
