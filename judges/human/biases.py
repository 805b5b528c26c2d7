"""What moves verdicts beside quality, in people and in a judge."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lifealign_bench.judges.estimates import Estimate, correlation, difference, mean, missing
from lifealign_bench.judges.human.given import Ratings
from lifealign_bench.judges.human.schema import BiasName, BiasRow
from lifealign_bench.judges.human.study import Question

LISTED = re.compile(r"^\s*(?:[-*\u2022]|\d+[.)])\s", re.MULTILINE)
FEWEST_LINES = 2
NOT_HERE = "no verdict on these questions"

Values = Mapping[str, float]
Measure = Callable[[Sequence[Question], Sequence[float], Sequence[str]], Estimate]


def is_list(answer: str) -> bool:
    """Whether an answer is laid out as a list: at least two lines with a number or a bullet."""
    return len(LISTED.findall(answer)) >= FEWEST_LINES


def bias_rows(own: Ratings, judge: Values, truth: Values, declines: Mapping[str, bool]) -> tuple[BiasRow, ...]:
    """Every bias that can be spoken of in these questions, people's and the judge's on the same answers."""
    if own.questions[0].other is not None:
        return (_row("first place", _first_place, own, judge, {}),)
    known = {name: whether for name, whether in declines.items() if whether is not None}

    def of_refusals(questions: Sequence[Question], values: Sequence[float], clusters: Sequence[str]) -> Estimate:
        kept = [
            (value, known[question.id], cluster)
            for question, value, cluster in zip(questions, values, clusters, strict=True)
            if question.id in known and question.item.harm != "harmful"
        ]
        if not kept:
            return missing("nothing says which answers decline")
        return difference([row[0] for row in kept], [row[1] for row in kept], [row[2] for row in kept], "declines")

    measures: dict[BiasName, Measure] = {"length": _length, "list": _list}
    if own.questions[0].dimension != "refusal":
        measures["refusal"] = of_refusals
    return tuple(_row(name, measure, own, judge, truth) for name, measure in measures.items())


def _length(questions: Sequence[Question], values: Sequence[float], clusters: Sequence[str]) -> Estimate:
    return correlation([float(len(question.item.answer)) for question in questions], values, clusters)


def _list(questions: Sequence[Question], values: Sequence[float], clusters: Sequence[str]) -> Estimate:
    return difference(values, [is_list(question.item.answer) for question in questions], clusters, "is a list")


def _first_place(questions: Sequence[Question], values: Sequence[float], clusters: Sequence[str]) -> Estimate:
    firsts = [
        2 * (value if question.place == 0 else 1 - value) - 1 for question, value in zip(questions, values, strict=True)
    ]
    return mean(firsts, clusters)


def _row(name: BiasName, measure: Measure, own: Ratings, judge: Values, truth: Values) -> BiasRow:
    beyond = bool(truth) and all(question.id in truth for question in own.questions)
    people = _measured(measure, own, own.means(), truth if beyond else {})
    judged = _measured(measure, own, judge, truth if beyond else {})
    return BiasRow(name=name, beyond_truth=beyond, people=people, judge=judged, shared=shared(people, judged))


def _measured(measure: Measure, own: Ratings, values: Values, truth: Values) -> Estimate:
    kept = [
        (question, values[question.id] - truth.get(question.id, 0.0), cluster)
        for question, cluster in zip(own.questions, own.clusters, strict=True)
        if question.id in values
    ]
    if not kept:
        return missing(NOT_HERE)
    return measure([row[0] for row in kept], [row[1] for row in kept], [row[2] for row in kept])


def shared(one: Estimate, other: Estimate) -> bool | None:
    """Whether both lie beyond 0 on the same side; None where an interval is missing."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return None
    return min(one.low, other.low) > 0 or max(one.high, other.high) < 0
