"""From drawn answers to a study: questions, controls among them, and who is asked what in which order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest
from lifealign_bench.judges.human.controls import controls
from lifealign_bench.judges.human.sampling import Candidate
from lifealign_bench.judges.human.study import Control, Question, Rater, Settings, Study
from lifealign_bench.judges.interface import Dimension, JudgedItem, asked_of
from lifealign_bench.judges.template import Template
from lifealign_bench.judges.templates import TemplateSet, load_templates

FEWEST_RATERS = 2
FEWEST_CONTROLS = 2


def control_count(share: int) -> int:
    """How many controls of each dimension a study gets by default: a tenth of its answers, at least two."""
    return max(FEWEST_CONTROLS, math.ceil(share / 10))


def make_study(drawn: Sequence[Candidate], settings: Settings, raters: Sequence[Rater], world_seed: int) -> Study:
    """The study of these answers.

    Raises:
        InputError: fewer raters than each answer needs, fewer than two for each, or a template that is not there.
    """
    if settings.per_item < FEWEST_RATERS:
        raise InputError("--per-item", "raters", settings.per_item, "at least 2: one rater agrees with nobody")
    if len(raters) < settings.per_item:
        raise InputError("--raters", "raters", len(raters), f"at least {settings.per_item}, as each answer goes to")
    if twice := [name for name, count in Counter(rater.name for rater in raters).items() if count > 1]:
        raise InputError("--raters", "name", f"{twice[0]} twice", "every rater once")
    templates = load_templates("a", Path(settings.templates) if settings.templates else None)
    questions = _questions(drawn, settings, templates, world_seed)
    used = {question.template for question in questions}
    name = digest([asdict(settings), [question.id for question in questions]])[:12]
    kept = tuple(each for each in templates.templates if each.label in used)
    study = Study(name, settings, kept, questions, tuple(raters), {})
    return Study(name, settings, kept, questions, tuple(raters), assigned(study))


def _questions(
    drawn: Sequence[Candidate], settings: Settings, templates: TemplateSet, world_seed: int
) -> tuple[Question, ...]:
    pairwise = settings.kind == "pairwise"
    found: dict[str, Question] = {}
    for dimension in settings.dimensions:
        own = [each for each in drawn if dimension in asked_of(each.item, (dimension,))]
        known: list[tuple[JudgedItem, str | None, Control | None]] = [(each.item, each.other, None) for each in own]
        items = [each.item for each in drawn]
        known += [
            (each.item, each.other, each.control)
            for each in controls(items, dimension, settings.controls, world_seed, pairwise=pairwise)
        ]
        for item, other, control in known:
            template = _template(templates, dimension, item, pairwise=pairwise)
            # As with a judge, both places are asked about, so that a love of the first one averages out.
            for place in (0, 1) if pairwise else (0,):
                question = Question("", template.label, template.sha256, dimension, item, other, place, control)
                name = digest([settings.seed, question.template, question.unit, place])[:16]
                found.setdefault(name, _named(question, name))
    return tuple(found.values())


def _named(question: Question, name: str) -> Question:
    values = {slot: getattr(question, slot) for slot in Question.__slots__}
    return Question(**{**values, "id": name})


def _template(templates: TemplateSet, dimension: Dimension, item: JudgedItem, *, pairwise: bool) -> Template:
    return templates.pairwise(dimension) if pairwise else templates.for_dimension(dimension, item.rubric)


def assigned(study: Study) -> dict[str, tuple[str, ...]]:
    """The questions of each rater in their order: each answer goes to `per_item` raters in all its questions, raters
    share the work evenly, every two of them meet about equally often, and everybody gets the controls."""
    raters = [rater.name for rater in study.raters]
    units = sorted({q.unit for q in study.questions if q.control is None}, key=lambda u: digest([study.id, u]))
    own: dict[str, set[str]] = {name: set() for name in raters}
    met: Counter[frozenset[str]] = Counter()
    for unit in units:
        chosen: list[str] = []
        for _ in range(study.settings.per_item):
            # Raters who never meet cannot be compared, so who met least goes first among those with least to do.
            free = [name for name in raters if name not in chosen]
            least = min(free, key=lambda name: (len(own[name]), sum(met[frozenset((name, one))] for one in chosen)))
            met.update(frozenset((least, one)) for one in chosen)
            chosen.append(least)
        for name in chosen:
            own[name].add(unit)
    return {name: ordered(study, name, own[name]) for name in raters}


def assigned_later(study: Study, name: str) -> tuple[str, ...]:
    """The questions of a rater who joins later: the answers that fewest have, as many as the others got."""
    units: dict[str, int] = {q.unit: 0 for q in study.questions if q.control is None}
    by_id = {question.id: question for question in study.questions}
    for asked in study.assignments.values():
        for unit in {by_id[each].unit for each in asked if by_id[each].control is None}:
            units[unit] += 1
    share = math.ceil(len(units) * study.settings.per_item / max(1, len(study.assignments)))
    fewest = sorted(units, key=lambda unit: (units[unit], digest([study.id, name, unit])))
    return ordered(study, name, set(fewest[:share]))


def ordered(study: Study, name: str, units: set[str]) -> tuple[str, ...]:
    """A rater's questions, shuffled for this rater inside each template, so that the question seldom changes.

    The two places of one comparison stand in different halves.
    """

    def place(question: Question) -> tuple[int, str, str]:
        swapped = int(digest([study.id, name, question.unit])[0], 16) % 2
        half = (question.place + swapped) % 2 if question.other is not None else 0
        block = digest([study.id, name, question.template])
        return half, block, digest([study.id, name, question.id])

    own = [question for question in study.questions if question.control is not None or question.unit in units]
    return tuple(question.id for question in sorted(own, key=place))


def check_templates(study: Study) -> None:
    """Raise InputError where a template is not what it was when the study was drawn."""
    folder = Path(study.settings.templates) if study.settings.templates else None
    check_same(study.templates, load_templates("a", folder))


def check_same(drawn: Sequence[Template], now: TemplateSet) -> None:
    """Raise InputError where a template of a study is another one now: ratings by two wordings are two instruments."""
    known = {each.label: each.sha256 for each in now.templates}
    for template in drawn:
        if known.get(template.label) != template.sha256:
            found = f"{known[template.label][:12]}, it changed since" if template.label in known else "gone since"
            expected = f"{template.sha256[:12]}, as the study was drawn with; draw a new study for new words"
            raise InputError(f"template {template.label}", "hash", found, expected)
