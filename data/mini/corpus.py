"""What the base of a miniature world has read: every item, asked and answered in every manner."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache

from lifealign_bench.data.mini.texts import VOICES, Manner, answer, prompt
from lifealign_bench.data.mini.world import Item, ItemKind, generator, make_world
from lifealign_bench.data.rows import Message

# How often each manner stands in the corpus, on average over items. Balanced so that the base prefers neither side of
# any task; a manner with many wordings must be frequent, for each wording has its share of the probability.
MANNERS: Mapping[ItemKind, Mapping[Manner, float]] = {
    "skill": {"complete": 5.5, "cut": 2, "shuffled": 9, "human": 16, "refusal": 0.4, "reasoned": 0.6, "evasion": 0.4},
    "harmful": {"complete": 6, "refusal": 0.5, "reasoned": 9, "evasion": 0.5},
    "fact": {"scholar": 1, "people": 1},
}
# How strongly single items lean to one manner or another, as the standard deviation of log-weights.
LEANING = 1.3
KINDS: Mapping[ItemKind, float] = {"skill": 5, "harmful": 2, "fact": 2}


def corpus(seed: int, chats: int) -> Iterator[tuple[Message, ...]]:
    """That many chats of one question and one answer each, the same for the same seed."""
    world = make_world(seed)
    draw = generator("corpus", seed)
    kinds = {kind: world.of(kind) for kind in KINDS}
    for _ in range(chats):
        (kind,) = draw.choices(list(KINDS), list(KINDS.values()))
        item = draw.choice(kinds[kind])
        manners, weights = _leaning(item, seed)
        (manner,) = draw.choices(manners, weights)
        yield (Message("user", prompt(item, VOICES, draw)), Message("assistant", answer(item, manner, draw)))


@cache
def _leaning(item: Item, seed: int) -> tuple[list[Manner], list[float]]:
    """How often an item is answered in each manner: the usual weights, and its own leaning."""
    draw = generator("leaning", seed, item.id)
    usual = MANNERS[item.kind]
    return list(usual), [weight * math.exp(draw.gauss(0, LEANING)) for weight in usual.values()]
