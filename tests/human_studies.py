"""Made-up studies of people: questions without a board, and raters whose severity, noise and drift are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from lifealign_bench.data.rows import Message
from lifealign_bench.judges.human.drawing import make_study
from lifealign_bench.judges.human.sampling import Candidate, Stratum
from lifealign_bench.judges.human.store import StudyFile, create
from lifealign_bench.judges.human.study import Question, Rater, Rating, Settings, Study, Verdict
from lifealign_bench.judges.interface import JudgedItem

NOW = "2026-01-01T00:00:00.000+00:00"


def item(number: int, answer: str | None = None, harm: str | None = "harmless") -> JudgedItem:
    words = f"answer {number}" if answer is None else answer
    turns = (Message("user", f"question {number}"),)
    return JudgedItem(f"p{number}", "t", "truthfulness", turns, words, "better", harm, None)  # type: ignore[arg-type]


def candidates(count: int, methods: Sequence[str] = ("m1", "m2", "m3"), steps: int = 4) -> list[Candidate]:
    found = []
    for number in range(count):
        stratum = Stratum(f"task{number % 2}", number % steps, methods[number % len(methods)])
        found.append(Candidate(replace(item(number), task=stratum.task), stratum))
    return found


def study_of(count: int = 6, raters: Sequence[str] = ("anna", "ben"), **changes: object) -> Study:
    settings = replace(Settings(0, count, ("helpfulness",), 2, 0), **changes)  # type: ignore[arg-type]
    drawn = candidates(count)
    if settings.against is not None:
        drawn = [replace(each, other="another answer") for each in drawn]
    return make_study(drawn, settings, [Rater(name, f"token-{name}") for name in raters], 0)


def stored(folder: Path, study: Study) -> StudyFile:
    return create(folder / "study.sqlite", study)


def rating(question: Question, verdict: Verdict | None = 7, rater: str = "anna", **changes: object) -> Rating:
    state = "skipped" if verdict is None else "rated"
    reason = "why" if verdict is None else ""
    own = Rating(
        rater, question.id, state, verdict, question.template_sha256, question.answer_sha256, NOW, reason=reason
    )
    return replace(own, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Person:
    """A simulated rater. severity: points below what is deserved; drift: how much more lenient at the end."""

    severity: float = 0.0
    noise: float = 0.6
    drift: float = 0.0


def simulated(
    people: Sequence[Person], count: int, seed: int, spread: float = 1.5, per_item: int = 2, centre: float = 5.5
) -> tuple[tuple[Question, ...], tuple[Rating, ...]]:
    """Questions whose true verdicts are normal around `centre`, each read by `per_item` of these people in turn, each
    in an order of their own; verdicts are whole numbers from 1 to 10."""
    draw = np.random.default_rng(seed)
    questions = tuple(Question(f"q{n:05}", "helpfulness@1a", "x", "helpfulness", item(n)) for n in range(count))
    truth = draw.normal(centre, spread, count)
    teams = list(combinations(range(len(people)), per_item))
    found = []
    for number, person in enumerate(people):
        own = [place for place in range(count) if number in teams[place % len(teams)]]
        draw.shuffle(own)
        for turn, place in enumerate(own):
            time = turn / max(1, len(own) - 1) - 0.5
            value = truth[place] - person.severity + person.drift * time + draw.normal(0, person.noise)
            verdict = int(np.clip(np.rint(value), 1, 10))
            found.append(rating(questions[place], verdict, f"r{number}", number=turn + 1, seconds=5.0))
    return questions, tuple(found)
