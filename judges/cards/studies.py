"""The part of a card about a study of people: the judge is asked what they were asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lifealign_bench.judges.cards.comparing import WINS
from lifealign_bench.judges.cards.instruments import Instrument
from lifealign_bench.judges.cards.probes import Probe, Replies
from lifealign_bench.judges.cards.setting import CardSetting, People, Rating
from lifealign_bench.judges.human.exchange import read_lines, read_people
from lifealign_bench.judges.human.report import Beside, people_section, truth_of
from lifealign_bench.judges.human.schema import PeopleSection
from lifealign_bench.judges.human.study import Question
from lifealign_bench.judges.template import Paraphrase
from lifealign_bench.judges.templates import read_text

SUFFIX = ".jsonl"
"""What tells an export of a study from a table of ratings."""


def read_study(path: Path) -> tuple[People, tuple[Rating, ...]]:
    """An export of a study, and those of its ratings that are scores of one answer, controls left out.

    Raises:
        InputError: names the line of what is wrong.
    """
    people = People(*read_people(read_lines(read_text(path), str(path))))
    questions = {question.id: question for question in people.questions if question.control is None}
    scores = [
        Rating(question.item, question.dimension, rating.verdict, rating.rater)
        for rating in people.ratings
        if (question := questions.get(rating.question)) is not None and isinstance(rating.verdict, int)
    ]
    return people, tuple(scores)


def _probe(question: Question, paraphrase: Paraphrase) -> Probe:
    item, other = question.item, question.other
    if other is None:
        return Probe(item, (question.dimension,), paraphrase)
    if question.place == 1:
        item, other = replace(item, answer=other), item.answer
    return Probe(item, (question.dimension,), paraphrase, f"{question.dimension}-pairwise", other)


def _asked(setting: CardSetting, judge: Instrument) -> dict[str, Probe]:
    known = {each.id for each in judge.templates}
    questions = setting.people.questions if setting.people is not None else ()
    probes = {each.id: _probe(each, judge.paraphrases[0]) for each in questions if each.control is None}
    return {name: probe for name, probe in probes.items() if probe.template is None or probe.template in known}


def people_probes(setting: CardSetting, judge: Instrument) -> list[Probe]:
    """What people were asked, in their places; controls are left out."""
    return list(dict.fromkeys(_asked(setting, judge).values()))


def people_card(setting: CardSetting, judge: Instrument, replies: Replies) -> PeopleSection | None:
    """How people agree, and the judge with them; None where there is no study."""
    if setting.people is None:
        return None
    questions = {question.id: question for question in setting.people.questions}
    said: dict[str, float] = {}
    for name, probe in _asked(setting, judge).items():
        verdict = replies.opinion(probe).verdict
        if isinstance(verdict, int):
            said[name] = verdict
        elif verdict in WINS:
            won = WINS[str(verdict)]
            said[name] = won if questions[name].place == 0 else 1 - won
    truth, declines = truth_of(setting.people.questions, setting.world_seed)
    return people_section(
        setting.people.study, setting.people.questions, setting.people.ratings, Beside(said, truth, declines)
    )
