"""The section of a card about people: how they agree, and how a judge and the truth stand beside them."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.agreement import agree
from lifealign_bench.judges.human.biases import bias_rows
from lifealign_bench.judges.human.given import MANY, Ratings, by_dimension, levels_of
from lifealign_bench.judges.human.raters import agreed_of, alpha_of, pairs_of, severity_and_drift
from lifealign_bench.judges.human.schema import AgainstRow, ControlRow, PeopleDimension, PeopleSection, RaterRow
from lifealign_bench.judges.human.study import Question, Rating
from lifealign_bench.judges.interface import DIMENSIONS, Comparison
from lifealign_bench.judges.oracle import Oracle

MISSED_SHARE = 0.2
"""A rater who misses more of the controls than this does not read them."""
FEWEST_CONTROLS = 4
"""Controls without which attention is not spoken of."""

Values = Mapping[str, float]
"""By question, a verdict on its scale."""


@dataclass(frozen=True)
class Beside:
    """What is known of the same questions from elsewhere: a judge's verdicts and the truth.

    declines: whether the answer of a question declines.
    """

    judge: Values = field(default_factory=dict)
    truth: Values = field(default_factory=dict)
    declines: Mapping[str, bool] = field(default_factory=dict)


def truth_of(questions: Sequence[Question], world_seed: int) -> tuple[dict[str, float], dict[str, bool]]:
    """The oracle's verdicts by question, and whether the answer declines; of other worlds' answers there is none."""
    oracle = Oracle(world_seed)
    found: dict[str, float] = {}
    declines: dict[str, bool] = {}
    for question in questions:
        try:
            alone = oracle.judge([question.item])
            pair = [] if question.other is None else oracle.compare([Comparison(question.item, question.other, "-")])
        except InputError:
            continue
        for said in pair or alone:
            if (
                said.dimension == question.dimension
                and said.position in (0, question.place)
                and said.verdict is not None
            ):
                found[question.id] = said.verdict
        declines.update((question.id, said.verdict == 1) for said in alone if said.dimension == "refusal")
    return found, declines


def people_section(
    study: str, questions: Sequence[Question], ratings: Sequence[Rating], beside: Beside = Beside()
) -> PeopleSection:
    """Everything that is known of these raters."""
    skipped = [rating for rating in ratings if rating.state == "skipped"]
    found = by_dimension(questions, ratings)
    return PeopleSection(
        study=study,
        raters=len({rating.rater for rating in ratings}),
        ratings=len(ratings) - len(skipped),
        skipped=len(skipped),
        reasons=dict(sorted(Counter(rating.reason for rating in skipped).items())),
        seconds=statistics.median(each.seconds for each in ratings) if ratings else None,
        controls=control_rows(questions, ratings),
        dimensions=tuple(
            _dimension(name, found[name], questions, ratings, beside) for name in DIMENSIONS if name in found
        ),
    )


def control_rows(questions: Sequence[Question], ratings: Sequence[Rating]) -> tuple[ControlRow, ...]:
    """How every rater did on the controls."""
    controls = {question.id: question for question in questions if question.control is not None}
    rows = []
    for rater in sorted({rating.rater for rating in ratings}):
        own = [rating for rating in ratings if rating.rater == rater and rating.question in controls]
        given = [(controls[each.question], each.verdict) for each in own if each.verdict is not None]
        missed = sum(
            not question.control.low <= question.value(verdict) <= question.control.high
            for question, verdict in given
            if question.control is not None
        )
        rows.append(
            ControlRow(
                rater=rater,
                answered=len(given),
                missed=missed,
                skipped=len(own) - len(given),
                expected=len(controls),
                attentive=missed <= MISSED_SHARE * len(given) if len(given) >= FEWEST_CONTROLS else None,
            )
        )
    return tuple(rows)


def _dimension(
    name: str, own: Ratings, questions: Sequence[Question], ratings: Sequence[Rating], beside: Beside
) -> PeopleDimension:
    of_dimension = {q.id for q in questions if q.dimension == name and q.control is None}
    counts = Counter(each.question.id for each in own.given)
    severities = severity_and_drift(own)
    tasks = sorted({question.item.task for question in own.questions})
    judged = [against(own, beside.judge, task) for task in (None, *tasks)]
    return PeopleDimension(
        dimension=name,
        kind="score" if own.questions[0].other is None else "pairwise",
        questions=len(own.questions),
        twice=sum(count >= MANY for count in counts.values()),
        alpha=alpha_of(own),
        agreed=agreed_of(own),
        pairs=pairs_of(own),
        raters=tuple(
            RaterRow(
                rater=rater,
                n=sum(each.rater == rater for each in own.given),
                skipped=sum(r.rater == rater and r.verdict is None and r.question in of_dimension for r in ratings),
                severity=severities[rater][0],
                drift=severities[rater][1],
            )
            for rater in own.raters
        ),
        truth=against(own, beside.truth, None),
        judge=tuple(row for row in judged if row is not None),
        biases=bias_rows(own, beside.judge, beside.truth, beside.declines),
    )


def against(own: Ratings, other: Values, task: str | None) -> AgainstRow | None:
    """Somebody's verdicts against people's medians, of one task or of all; None where there is none."""
    medians = own.medians()
    both = [
        (levels_of(question).index(other[question.id]), medians[question.id], question, cluster)
        for question, cluster in zip(own.questions, own.clusters, strict=True)
        if question.id in other
        and other[question.id] in levels_of(question)
        and (task is None or question.item.task == task)
    ]
    if not both:
        return None
    agreement = agree(
        [row[0] for row in both],
        [row[1] for row in both],
        [len(row[2].item.answer) for row in both],
        [row[3] for row in both],
        own.scale,
    )
    return AgainstRow(task=task, n=len(both), agreement=agreement)
