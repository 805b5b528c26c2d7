"""Ratings beside their questions, as numbers: what every statistic of raters starts from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifealign_bench.judges.cards.truth import cluster_of, median_of
from lifealign_bench.judges.human.study import Question, Rating, scale_of

MANY = 2
"""Ratings that a question needs before they can agree."""


@dataclass(frozen=True, slots=True)
class Given:
    """A rating that is a number. level: its place on the scale, from 0.

    time: from 0, the rater's first rating in this dimension, to 1, the last, in the order they were given.
    """

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
        """By question, the median level of its ratings; a half goes up or down, see `median_of`."""
        votes: dict[str, list[int]] = {}
        for each in self.given:
            votes.setdefault(each.question.id, []).append(each.level)
        return {name: median_of(own, name) for name, own in votes.items()}

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
    by_rater: dict[tuple[str, str], list[Rating]] = {}
    for rating in ratings:
        question = known.get(rating.question)
        if question is not None and rating.verdict is not None:
            by_rater.setdefault((question.dimension, rating.rater), []).append(rating)
    given: dict[str, list[Given]] = {}
    for (dimension, _), own in by_rater.items():
        given.setdefault(dimension, []).extend(_given(own, known))
    return {name: _ratings(own) for name, own in sorted(given.items())}


def _given(own: list[Rating], questions: Mapping[str, Question]) -> Iterator[Given]:
    """One rater's ratings in one dimension. Dimensions are asked one after the other, so that a time of the whole
    session would put each rater's severity into a part in which others did not rate."""
    # By the clock: what was imported has a later number than what was given here before.
    own.sort(key=lambda rating: (datetime.fromisoformat(rating.at), rating.number))
    for place, rating in enumerate(own):
        question = questions[rating.question]
        if rating.verdict is not None:
            level = levels_of(question).index(question.value(rating.verdict))
            yield Given(rating.rater, question, level, place / max(1, len(own) - 1))


def _ratings(given: Sequence[Given]) -> Ratings:
    questions = {each.question.id: each.question for each in given}
    ordered = tuple(sorted(questions.values(), key=lambda question: question.id))
    return Ratings(ordered, tuple(sorted({each.rater for each in given})), tuple(given))
