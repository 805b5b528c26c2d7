"""A judge under test as a card sees it: which questions it takes, and its replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.cards.probes import KnownTemplate, Opinion, Probe, Reply
from lifealign_bench.judges.client.planning import DryRun
from lifealign_bench.judges.interface import DIMENSIONS, Dimension, JudgeIdentity
from lifealign_bench.judges.judge_file import JudgeSettings
from lifealign_bench.judges.llm import LlmJudge, Watch
from lifealign_bench.judges.oracle import LABEL, RUBRICS, Oracle
from lifealign_bench.judges.purse import Purse
from lifealign_bench.judges.questions import WITHOUT, Answered, Question
from lifealign_bench.judges.template import Paraphrase
from lifealign_bench.judges.verdict import Verdict


class Instrument(Protocol):
    """Whoever is put to the test. paraphrases: the words that it can be asked in, its own first."""

    @property
    def identity(self) -> JudgeIdentity:
        """What decides its verdicts."""

    @property
    def paraphrases(self) -> tuple[Paraphrase, ...]:
        """The words it can be asked in, its own first."""

    @property
    def templates(self) -> tuple[KnownTemplate, ...]:
        """What it can be asked, in each paraphrase."""

    @property
    def reads_words(self) -> bool:
        """Whether it is asked in words at all: compares, repeats itself and judges texts of any origin."""

    def ask(self, probes: Sequence[Probe]) -> Mapping[Probe, Reply]:
        """A reply to every question; raises as `Judge.judge` does."""

    def plan(self, probes: Sequence[Probe]) -> DryRun:
        """What asking would take; nothing is sent."""


class LanguageModel:
    """A model behind an endpoint, with its templates in both paraphrases."""

    reads_words = True

    def __init__(
        self, settings: JudgeSettings, cache: Path, purse: Purse | None = None, watch: Watch | None = None
    ) -> None:
        self._purse = purse or Purse()
        self._own: Paraphrase = settings.paraphrase
        self._judges = {self._own: LlmJudge(settings, cache, DIMENSIONS, self._purse, watch)}
        other: Paraphrase = "b" if self._own == "a" else "a"
        # A folder of one's own may have only one paraphrase; then their spread is not on the card.
        if settings.templates is None or any(settings.templates.glob(f"*.{other}.yaml")):
            self._judges[other] = LlmJudge(replace(settings, paraphrase=other), cache, DIMENSIONS, self._purse, watch)

    @property
    def identity(self) -> JudgeIdentity:
        """Of the judge in its own words, with the other paraphrase's templates beside."""
        own = self._judges[self._own].identity
        templates = {name: sha for judge in self._judges.values() for name, sha in judge.identity.templates.items()}
        return replace(own, templates=templates)

    @property
    def paraphrases(self) -> tuple[Paraphrase, ...]:
        """Those whose templates are there, its own first."""
        return tuple(self._judges)

    @property
    def templates(self) -> tuple[KnownTemplate, ...]:
        """Every template of its own paraphrase."""
        found = self._judges[self._own].templates.templates
        return tuple(KnownTemplate(each.id, each.label, each.dimension, each.mode) for each in found)

    def ask(self, probes: Sequence[Probe]) -> Mapping[Probe, Reply]:
        """Every reply; one paraphrase after the other.

        Raises:
            InputError, LifeAlignError: as `LlmJudge.judge`; or the paraphrases were answered by different models.
        """
        found: dict[Probe, Reply] = {}
        for paraphrase, judge in self._judges.items():
            own = [probe for probe in probes if probe.paraphrase == paraphrase]
            questions = (self._question(judge, place, probe) for place, probe in enumerate(own))
            for answered in judge.ask(questions, len(own)) if own else ():
                found[own[answered.question.place]] = _reply(answered)
        served = {judge.identity.model_served for judge in self._judges.values()} - {""}
        if len(served) > 1:
            where = f"judge {self.identity.name}"
            raise InputError(where, "model served", " and ".join(sorted(served)), "one model; name an exact version")
        return {probe: found[probe] for probe in probes}

    def plan(self, probes: Sequence[Probe]) -> DryRun:
        """Calls, tokens and cost of both paraphrases together."""
        plans = []
        for paraphrase, judge in self._judges.items():
            own = [probe for probe in probes if probe.paraphrase == paraphrase]
            plans.append(judge.plan_of(self._question(judge, place, probe) for place, probe in enumerate(own)))
        costs = [plan.cost for plan in plans]
        return DryRun(
            calls=sum(plan.calls for plan in plans),
            cached=sum(plan.cached for plan in plans),
            input_tokens=sum(plan.input_tokens for plan in plans),
            output_tokens=sum(plan.output_tokens for plan in plans),
            cost=None if None in costs else sum(cost for cost in costs if cost is not None),
            estimate=plans[0].estimate,
        )

    def _question(self, judge: LlmJudge, place: int, probe: Probe) -> Question:
        templates, rubric = judge.templates, probe.item.rubric
        if probe.template is not None:
            template = templates.by_id(probe.template)
        elif len(probe.dimensions) > 1:
            joint = templates.joint(probe.dimensions, rubric)
            return Question(place, probe.item, probe.dimensions, joint, repeat=probe.repeat)
        else:
            template = templates.for_dimension(probe.dimensions[0], rubric)
        return Question(place, probe.item, probe.dimensions, template, probe.other, repeat=probe.repeat)


class KnownTruth:
    """The oracle under its own test: it reads answers to its world's requests, one at a time, and no words."""

    reads_words = False
    paraphrases: tuple[Paraphrase, ...] = ("a",)

    def __init__(self, world_seed: int) -> None:
        self._oracle = Oracle(world_seed)

    @property
    def identity(self) -> JudgeIdentity:
        """The oracle's."""
        return self._oracle.identity

    @property
    def templates(self) -> tuple[KnownTemplate, ...]:
        """The dimensions and rubrics that it scores."""
        own = tuple(KnownTemplate(name, LABEL, name, "score") for name in DIMENSIONS if name != "rubric")
        return (*own, *(KnownTemplate(name, LABEL, "rubric", "score") for name in sorted(RUBRICS)))

    def ask(self, probes: Sequence[Probe]) -> Mapping[Probe, Reply]:
        """The exact verdicts."""
        found = {}
        for probe in probes:
            judged = self._oracle.judge([probe.item])
            said = {each.dimension: int(each.verdict) for each in judged if each.verdict is not None}
            found[probe] = Reply({name: Opinion(said[name], "scored") for name in probe.dimensions})
        return found

    def plan(self, probes: Sequence[Probe]) -> DryRun:
        """Nothing is asked of anybody."""
        return DryRun(0, 0, 0, 0, 0.0, "no calls: this judge works here")


def _reply(answered: Answered) -> Reply:
    opinions: dict[Dimension, Opinion] = {}
    for name in answered.question.dimensions:
        said = answered.said.get(name)
        if said is not None and isinstance(said.found, Verdict):
            opinions[name] = Opinion(said.found.verdict, "scored")
        elif answered.reply.status == "complete":
            opinions[name] = Opinion(None, "parse")
        else:
            opinions[name] = Opinion(None, WITHOUT[answered.reply.status])
    seconds = 0.0 if answered.reply.cached else answered.reply.seconds
    return Reply(opinions, dict(answered.usage), seconds, answered.usage.get("calls", 1) > 1)
