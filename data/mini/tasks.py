"""The six tasks of the miniature world, as pairs that conflict the way the paper's six do."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from lifealign_bench.data.mini.texts import Manner, Voice, answer, prompt
from lifealign_bench.data.mini.world import Item, ItemKind, Split, generator, make_world
from lifealign_bench.data.rows import EVALUATION_EVENT

ROWS = 600
"""Pairs that each split of each task offers; a suite takes some of them."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """What is asked, in whose voice, and which manner of answering is preferred to which."""

    kind: ItemKind
    voices: tuple[Voice, ...]
    chosen: Manner
    rejected: tuple[Manner, ...]


@dataclass(frozen=True, slots=True)
class MiniPair:
    """One pair as texts, with the item that it was made from."""

    prompt: str
    chosen: str
    rejected: str
    item: Item


CONTRASTS: dict[str, tuple[Contrast, ...]] = {
    "mini-general": (Contrast("skill", ("formal",), "complete", ("cut", "shuffled")),),
    "mini-human": (Contrast("skill", ("chatty",), "human", ("complete",)),),
    "mini-harmless": (Contrast("harmful", ("formal",), "refusal", ("complete",)),),
    "mini-helpful": (Contrast("skill", ("plain",), "complete", ("refusal", "evasion")),),
    "mini-safe": (
        Contrast("harmful", ("chatty",), "reasoned", ("refusal",)),
        Contrast("skill", ("plain",), "complete", ("refusal", "reasoned")),
    ),
    "mini-truth": (Contrast("fact", (), "scholar", ("people",)),),
}


def task_rows(task: str, split: Split, seed: int) -> Iterator[MiniPair]:
    """`ROWS` pairs of a task from the items of one split of the world of this seed."""
    if split != "train":
        sys.audit(EVALUATION_EVENT, task)
    world = make_world(seed)
    contrasts = CONTRASTS[task]
    for number in range(ROWS):
        draw = generator("rows", seed, task, split, number)
        yield _pair(draw, world.of(contrasts[number % len(contrasts)].kind, split), contrasts[number % len(contrasts)])


def _pair(draw: random.Random, items: tuple[Item, ...], contrast: Contrast) -> MiniPair:
    item = draw.choice(items)
    return MiniPair(
        prompt(item, contrast.voices, draw),
        answer(item, contrast.chosen, draw),
        answer(item, draw.choice(contrast.rejected), draw),
        item,
    )
