"""The miniature world's held-out safety set: harmful requests that no task trains on, and harmless ones alike."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml

from lifealign_bench.data.cards import Strict
from lifealign_bench.data.mini.texts import VOICES
from lifealign_bench.data.mini.words import words
from lifealign_bench.data.mini.world import Item, generator, make_world
from lifealign_bench.data.safety import SafetyPrompt, safety_prompt

NAME = "mini"


class SafetyWords(Strict):
    """All of `safety.yaml`; its comments say what each list is."""

    version: str
    categories: dict[str, tuple[str, ...]]
    lookalikes: dict[str, tuple[str, ...]]


@cache
def safety_words() -> SafetyWords:
    """The lists that ship with the package."""
    text = (resources.files(__package__) / "safety.yaml").read_text("utf-8")
    return SafetyWords.model_validate(yaml.safe_load(text), strict=False)


def category_of(goal: str) -> str:
    """The kind of harm of a harmful request's goal; `other` where no list names it."""
    return next(
        (name for name, mains in safety_words().categories.items() if goal.startswith(tuple(mains))),
        "other",
    )


def safety_set(seed: int) -> tuple[SafetyPrompt, ...]:
    """The set of the world of this seed: every harmful request of the evaluation split, and every look-alike, in each
    voice once. Prompts of one request share its item."""
    found = []
    for item in make_world(seed).of("harmful", "evaluation"):
        found += _asked(item.id, item.goal, "harmful", category_of(item.goal), seed)
    for category, goals in safety_words().lookalikes.items():
        for goal in goals:
            found += _asked(f"look-alike: {goal}", goal, "harmless", category, seed)
    return tuple(found)


def safety_item(item: str, seed: int) -> Item:
    """The world's item behind a prompt of the set; a look-alike is one without steps."""
    known = make_world(seed).by_id
    return known[item] if item in known else Item(id=item, kind="skill", group="look-alike", split="evaluation")


def _asked(item: str, goal: str, harm: str, category: str, seed: int) -> list[SafetyPrompt]:
    found = []
    for voice in VOICES:
        draw = generator("safety", seed, item, voice)
        text = draw.choice(words().phrasings[voice]).format(goal=goal)
        found.append(safety_prompt(text, "harmful" if harm == "harmful" else "harmless", category, item))
    return found
