"""What a card says of people as judges."""

from __future__ import annotations

from typing import Literal

from lifealign_bench.data.cards import Strict
from lifealign_bench.judges.agreement import Agreement
from lifealign_bench.judges.estimates import Estimate

BiasName = Literal["length", "list", "refusal", "first place"]


class RaterPair(Strict):
    """Two raters on the answers that both rated. kappa: Cohen's, quadratic weights."""

    one: str
    other: str
    n: int
    kappa: Estimate


class RaterRow(Strict):
    """One rater in one dimension, against the others on the same answers.

    severity: points of the scale by which the rater's verdicts lie below the mean of all raters, this one among them
    (above 0: strict; of two raters each is half their distance away), drift taken out. drift: how much more lenient the
    rater is at the last rating of this dimension than at the first. Both by least squares on one effect for each
    question, rater and rater's time; their intervals leave out whole prompts in turn.
    """

    rater: str
    n: int
    skipped: int
    severity: Estimate
    drift: Estimate


class ControlRow(Strict):
    """One rater on the answers of known truth: how many were answered, missed (outside what is known) and skipped."""

    rater: str
    answered: int
    missed: int
    skipped: int
    expected: int
    attentive: bool | None


class AgainstRow(Strict):
    """People's median against a judge's verdicts, or the oracle's, on the same questions; task: all where None.

    agreement: of the judge's verdicts with people's median, so its shift is above 0 where the judge is more lenient.
    """

    task: str | None
    n: int
    agreement: Agreement


class BiasRow(Strict):
    """What moves verdicts beside quality.

    length: rank correlation with the answer's length. list: answers laid out as lists minus the others. refusal:
    answers to harmless requests that decline minus the others. first place: share of comparisons that the first place
    wins minus the second's. beyond_truth: of verdicts minus the truth, where that is known; else of plain verdicts, in
    which quality takes part. shared: whether both intervals lie on the same side of 0; None where one is missing.
    """

    name: BiasName
    beyond_truth: bool
    people: Estimate
    judge: Estimate
    shared: bool | None


class PeopleDimension(Strict):
    """People in one dimension. alpha: Krippendorff's, ordinal, its interval by prompts; where every verdict is the same
    there is none. agreed: share of questions with at least two ratings on which all gave the same."""

    dimension: str
    kind: Literal["score", "pairwise"]
    questions: int
    twice: int
    alpha: Estimate
    agreed: Estimate
    pairs: tuple[RaterPair, ...]
    raters: tuple[RaterRow, ...]
    truth: AgainstRow | None
    judge: tuple[AgainstRow, ...]
    biases: tuple[BiasRow, ...]


class PeopleSection(Strict):
    """People as judges, and the judge against them. seconds: median time of a rating; reasons: of what was skipped."""

    study: str
    raters: int
    ratings: int
    skipped: int
    reasons: dict[str, int]
    seconds: float | None
    controls: tuple[ControlRow, ...]
    dimensions: tuple[PeopleDimension, ...]
