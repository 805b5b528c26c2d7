"""What people said, as the judgments of a judge: one judge for each rater."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.human.study import Question, Rating, Study, unit_of
from lifealign_bench.judges.interface import (
    PERSON,
    Comparison,
    Dimension,
    JudgedItem,
    JudgeIdentity,
    JudgeProgress,
    Judgment,
)
from lifealign_bench.judges.templates import SetIdentity

MODEL = "a person"


@dataclass(frozen=True)
class HumanJudge:
    """One rater of a study: the same rows as any judge's, under the name `human/<rater>`.

    What a rater skipped is a row with the status `refusal` and the reason; what was not rated yet has no row.
    """

    rater: str
    study: Study
    templates: SetIdentity
    _said: dict[str, list[tuple[Question, Rating]]] = field(default_factory=dict, repr=False)

    @property
    def identity(self) -> JudgeIdentity:
        """Study and templates decide what was asked; the same person in another study is another judge."""
        settings = self.study.settings
        return JudgeIdentity(
            name=f"{PERSON}{self.rater}",
            model_requested=MODEL,
            model_served=MODEL,
            revision=None,
            template=self.templates.name,
            template_version=self.templates.version,
            template_sha256=self.templates.sha256,
            templates={template.label: template.sha256 for template in self.study.templates},
            parameters={
                "study": self.study.id,
                "raters": len(self.study.raters),
                "raters_per_item": settings.per_item,
                "reference_shown": settings.reference,
            },
        )

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What the study asks."""
        return self.study.settings.dimensions

    @property
    def units(self) -> frozenset[str]:
        """The answers that this rater rated or skipped, controls left out."""
        return frozenset(self._said)

    def said_of(self, item: JudgedItem) -> list[Judgment]:
        """The judgments of one answer; none where it was not rated."""
        return [_judgment(*each, None) for each in self._said.get(unit_of(item, None), [])]

    def said_of_pair(self, pair: Comparison) -> list[Judgment]:
        """The judgments of two answers, one for each place that was rated."""
        return [_judgment(*each, pair.against) for each in self._said.get(unit_of(pair.item, pair.other), [])]

    def judge(self, items: Sequence[JudgedItem], progress: JudgeProgress | None = None) -> list[Judgment]:
        """See `Judge`; people are not asked by a command, so only what they said before is there."""
        return [judgment for item in items for judgment in self.said_of(item)]

    def compare(self, comparisons: Sequence[Comparison], progress: JudgeProgress | None = None) -> list[Judgment]:
        """See `judge`."""
        return [judgment for pair in comparisons for judgment in self.said_of_pair(pair)]


def human_judges(study: Study, ratings: Iterable[Rating], templates: SetIdentity) -> tuple[HumanJudge, ...]:
    """A judge for every rater of a study that rated something.

    Raises:
        InputError: nobody rated anything yet.
    """
    questions = {question.id: question for question in study.questions}
    said: dict[str, dict[str, list[tuple[Question, Rating]]]] = {}
    for rating in ratings:
        question = questions[rating.question]
        if question.control is None:
            said.setdefault(rating.rater, {}).setdefault(question.unit, []).append((question, rating))
    if not said:
        raise InputError(f"study {study.id}", "ratings", "none", "at least one that is not of a control")
    return tuple(HumanJudge(rater, study, templates, own) for rater, own in sorted(said.items()))


def _judgment(question: Question, rating: Rating, against: str | None) -> Judgment:
    skipped = rating.verdict is None
    return Judgment(
        question.item.pair_id,
        question.dimension,
        None if rating.verdict is None else question.value(rating.verdict),
        f"skipped: {rating.reason}" if skipped else rating.comment,
        template=question.template,
        status="refusal" if skipped else "scored",
        against=against,
        position=question.place,
        raw=rating.raw,
    )
