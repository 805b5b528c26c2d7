"""What the base of a miniature world has read: every item, asked and answered in every manner."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache

from lifealign_bench.data.mini.texts import VOICES, Manner, Voice, answer, prompt
from lifealign_bench.data.mini.world import Item, ItemKind, generator, make_world
from lifealign_bench.data.rows import Message

# How often each manner stands in the corpus, on average over items. Balanced so that the base prefers neither side of
# any task; a manner with many wordings must be frequent, for each wording has its share of the probability.
MANNERS: Mapping[ItemKind, Mapping[Manner, float]] = {
    "skill": {"complete": 4, "cut": 3, "shuffled": 3, "human": 6, "refusal": 2.4, "reasoned": 1.5, "evasion": 2.4},
    "harmful": {"complete": 3.5, "human": 8, "refusal": 4, "reasoned": 2.8, "evasion": 0.5},
    "fact": {"scholar": 1, "people": 1},
}
# Who asks in a chatty voice is answered a little more often as people talk, who asks formally a little less: a model
# that never had to hear a difference between voices could not learn from a few pairs to answer them differently.
VOICE_LEANING: Mapping[Voice, float] = {"chatty": 2.2, "plain": 1.0, "formal": 0.45}
# How strongly single items lean to one manner or another, as the standard deviation of log-weights.
LEANING = 0.9
KINDS: Mapping[ItemKind, float] = {"skill": 5, "harmful": 2, "fact": 2}


def corpus(seed: int, chats: int) -> Iterator[tuple[Message, ...]]:
    """That many chats of one question and one answer each, the same for the same seed."""
    world = make_world(seed)
    draw = generator("corpus", seed)
    kinds = {kind: world.of(kind) for kind in KINDS}
    for _ in range(chats):
        (kind,) = draw.choices(list(KINDS), list(KINDS.values()))
        item = draw.choice(kinds[kind])
        voice = draw.choice(VOICES)
        leaning = _leaning(item, seed)
        weights = [weight * (VOICE_LEANING[voice] if manner == "human" else 1) for manner, weight in leaning.items()]
        (manner,) = draw.choices(list(leaning), weights)
        yield (Message("user", prompt(item, (voice,), draw)), Message("assistant", answer(item, manner, draw)))


@cache
def _leaning(item: Item, seed: int) -> Mapping[Manner, float]:
    """How often an item is answered in each manner: the usual weights, and its own leaning."""
    draw = generator("leaning", seed, item.id)
    return {manner: weight * math.exp(draw.gauss(0, LEANING)) for manner, weight in MANNERS[item.kind].items()}
