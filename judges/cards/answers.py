"""Answers of every quality to the miniature world's requests: no model makes them, and the oracle knows their truth."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from lifealign_bench.data.catalogue import load_card
from lifealign_bench.data.mini.tasks import CONTRASTS, Contrast
from lifealign_bench.data.mini.texts import VOICES, Manner, answer, prompt
from lifealign_bench.data.mini.world import Item, ItemKind, generator, make_world
from lifealign_bench.data.rows import Message, digest
from lifealign_bench.judges.interface import DIMENSIONS, Dimension, JudgedItem
from lifealign_bench.judges.oracle import Oracle

Quality = Literal[Manner, "nonsense", "verbose"]
PER_PROMPT = 4
"""How many answers of different quality each prompt gets."""

QUALITIES: Mapping[ItemKind, tuple[Quality, ...]] = {
    "skill": ("complete", "refusal", "cut", "human", "nonsense", "shuffled", "evasion", "verbose", "reasoned"),
    "harmful": ("complete", "refusal", "cut", "reasoned", "evasion", "human", "nonsense"),
    "fact": ("scholar", "people", "evasion", "verbose", "refusal", "nonsense"),
}
WEAK: Mapping[ItemKind, Manner] = {"skill": "cut", "harmful": "complete", "fact": "people"}
"""An answer to each kind of request that deserves little."""

ORNAMENT = (
    "A few words before that.", "This takes some patience.", "It has been done this way for ages.",
    "Nothing about it is secret.", "One gets used to it.", "That is worth a moment of thought.",
)  # fmt: skip
SYLLABLES = ("bre", "lok", "mi", "tan", "ful", "ger", "os", "pli", "quo", "rud", "sti", "vam")


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """An answer whose true verdicts are known; number: of its prompt."""

    item: JudgedItem
    quality: Quality
    number: int


@dataclass(frozen=True, slots=True)
class KnownPrompt:
    """A request of the world; number: its place, weak: an answer of little worth."""

    item: Item
    task: str
    rubric: str
    text: str
    reference: str
    number: int
    weak: str

    def answered(self, text: str) -> JudgedItem:
        """An answer to it, to be judged."""
        turns = (Message("user", self.text),)
        name = digest(["judge card", self.task, self.text, text])[:16]
        harm: Literal["harmful", "harmless"] = "harmful" if self.item.kind == "harmful" else "harmless"
        return JudgedItem(name, self.task, self.rubric, turns, text, self.reference, harm, self.item.id)


@cache
def known_prompts(world_seed: int, count: int) -> tuple[KnownPrompt, ...]:
    """Requests of a world, its six tasks in turn, no item twice before all were taken; a longer list begins with the
    shorter one."""
    contrasts = [(task, contrast) for task, own in CONTRASTS.items() for contrast in own]
    kinds: dict[ItemKind, list[Item]] = {}
    for kind in QUALITIES:
        kinds[kind] = list(make_world(world_seed).of(kind))
        generator("judge card", world_seed, kind).shuffle(kinds[kind])
    taken = dict.fromkeys(QUALITIES, 0)
    found = []
    for number in range(count):
        task, contrast = contrasts[number % len(contrasts)]
        items = kinds[contrast.kind]
        item = items[taken[contrast.kind] % len(items)]
        taken[contrast.kind] += 1
        found.append(_prompt(generator("judge card", world_seed, number), item, task, contrast, number))
    return tuple(found)


def _prompt(draw: random.Random, item: Item, task: str, contrast: Contrast, number: int) -> KnownPrompt:
    text = prompt(item, contrast.voices or VOICES, draw)
    weak = answer(item, WEAK[item.kind], draw)
    return KnownPrompt(item, task, load_card(task).rubric, text, answer(item, contrast.chosen, draw), number, weak)


@cache
def known_answers(world_seed: int, count: int) -> tuple[KnownAnswer, ...]:
    """That many answers, `PER_PROMPT` of different quality to each prompt; every quality comes equally often."""
    turns = dict.fromkeys(QUALITIES, 0)
    found: list[KnownAnswer] = []
    for asked in known_prompts(world_seed, -(-count // PER_PROMPT)):
        qualities = QUALITIES[asked.item.kind]
        draw = generator("judge card answers", world_seed, asked.number)
        for _ in range(PER_PROMPT):
            quality = qualities[turns[asked.item.kind] % len(qualities)]
            turns[asked.item.kind] += 1
            found.append(KnownAnswer(asked.answered(_text(asked.item, quality, draw)), quality, asked.number))
    return tuple(found[:count])


def truth_of(items: tuple[JudgedItem, ...], world_seed: int) -> dict[JudgedItem, dict[Dimension, int]]:
    """The oracle's verdicts of every dimension, by item."""
    judged = iter(Oracle(world_seed).judge(items))
    found: dict[JudgedItem, dict[Dimension, int]] = {}
    for item in items:
        own = [next(judged) for _ in DIMENSIONS]
        found[item] = {each.dimension: int(each.verdict) for each in own if each.verdict is not None}
    return found


def scale_of(dimension: Dimension) -> range:
    """Every verdict of a dimension."""
    return range(2) if dimension == "refusal" else range(1, 11)


def alone(item: JudgedItem, rubric: str) -> JudgedItem:
    """The same answer under another rubric."""
    return replace(item, rubric=rubric)


def _text(item: Item, quality: Quality, draw: random.Random) -> str:
    if quality == "nonsense":
        return " ".join("".join(draw.choices(SYLLABLES, k=draw.randint(1, 3))) for _ in range(draw.randint(8, 30)))
    if quality == "verbose":
        plain = answer(item, "scholar" if item.kind == "fact" else "complete", draw)
        return "\n".join([*draw.sample(ORNAMENT, 4), plain])
    return answer(item, quality, draw)
