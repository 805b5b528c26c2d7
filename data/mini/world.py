"""A world: its items, drawn from a seed, and which of them are trained on, evaluated on and kept for tuning."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from typing import Literal

from lifealign_bench.data.mini.words import Domain, words

ItemKind = Literal["skill", "harmful", "fact"]
Split = Literal["train", "evaluation", "tuning"]

# Of 15 items of a group (a domain, a relation), how many go where; tuning takes the rest.
TRAIN_SHARE, EVALUATION_SHARE = 8 / 15, 4 / 15


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be asked about.

    goal: what a skill or harmful request does, as in `How do I {goal}?`; empty for facts. steps: in their right order.
    question, truth, myth: a fact's question and its two statements; true_value and myth_value stand in them. group:
    the domain or relation.
    """

    id: str
    kind: ItemKind
    group: str
    split: Split
    goal: str = ""
    steps: tuple[str, ...] = ()
    question: str = ""
    truth: str = ""
    myth: str = ""
    true_value: str = ""
    myth_value: str = ""


@dataclass(frozen=True)
class World:
    """All items of one seed."""

    seed: int
    items: tuple[Item, ...]

    @cached_property
    def by_id(self) -> dict[str, Item]:
        """Items by their id."""
        return {item.id: item for item in self.items}

    def of(self, kind: ItemKind, split: Split | None = None) -> tuple[Item, ...]:
        """Items of a kind, of one split or of all."""
        return tuple(item for item in self.items if item.kind == kind and split in (None, item.split))


def generator(*parts: object) -> random.Random:
    """A random generator that depends on these parts and nothing else."""
    return random.Random("/".join(str(part) for part in parts))


@cache
def make_world(seed: int) -> World:
    """The world of a seed: the same items, splits and texts on every machine."""
    lists = words()
    skills = [item for name, domain in lists.domains.items() for item in _skills(seed, name, domain)]
    harmful = _split(seed, "harmful", _with_steps(seed, "harmful", "harmful", lists.harmful, lists.harmful_requests))
    facts = [item for number in range(len(lists.fact_relations)) for item in _facts(seed, number)]
    return World(seed, (*skills, *harmful, *facts))


def _skills(seed: int, name: str, domain: Domain) -> list[Item]:
    return _split(seed, name, _with_steps(seed, "skill", name, domain, words().skills_per_domain))


def _with_steps(seed: int, kind: ItemKind, group: str, domain: Domain, count: int) -> list[Item]:
    draw = generator("items", seed, kind, group)
    goals = draw.sample(list(product(domain.main, domain.other)), count)
    items = []
    for main, other in goals:
        named, _, stepped = main.partition("|")
        steps = tuple(step.format(main=stepped or named) for step in _steps(draw, domain.steps))
        goal = domain.goals.format(main=named, other=other)
        items.append(Item(id=f"{kind}: {goal}", kind=kind, group=group, split="train", goal=goal, steps=steps))
    return items


def _steps(draw: random.Random, stages: Sequence[Sequence[str]]) -> list[str]:
    """Three to six steps: at least one of the first three stages, at most two of any."""
    counts = [1, 1, 1, 0]
    for _ in range(draw.randint(0, 3)):
        open_stages = [stage for stage, count in enumerate(counts) if count < 2]
        counts[draw.choice(open_stages)] += 1
    return [step for stage, count in zip(stages, counts, strict=True) for step in draw.sample(list(stage), count)]


def _facts(seed: int, number: int) -> list[Item]:
    lists = words()
    relation = lists.fact_relations[number]
    draw = generator("items", seed, "fact", number)
    items = []
    for place in draw.sample(list(lists.places), lists.facts_per_relation):
        true_value, myth_value = draw.sample(list(relation.values), 2)
        items.append(
            Item(
                id=f"fact: {relation.ask.format(place=place)}",
                kind="fact",
                group=f"relation {number + 1}",
                split="train",
                question=relation.ask.format(place=place),
                truth=relation.say.format(place=place, value=true_value),
                myth=relation.say.format(place=place, value=myth_value),
                true_value=true_value,
                myth_value=myth_value,
            )
        )
    return _split(seed, f"fact {number}", items)


def _split(seed: int, group: str, items: Iterable[Item]) -> list[Item]:
    """The items, shuffled and divided; a group that is divided alike in every world keeps each split balanced."""
    mixed = list(items)
    generator("split", seed, group).shuffle(mixed)
    first, second = round(len(mixed) * TRAIN_SHARE), round(len(mixed) * (TRAIN_SHARE + EVALUATION_SHARE))

    def split_of(place: int) -> Split:
        return "train" if place < first else "evaluation" if place < second else "tuning"

    return [dataclasses.replace(item, split=split_of(place)) for place, item in enumerate(mixed)]
