"""Surface cues: how far a pair's better answer can be told without reading it.

A task whose chosen answers are simply longer, or carry a tell-tale token, teaches and measures that cue.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lifealign_bench.data.rows import Pair

_TOKEN = re.compile(r"\w+|[^\w\s]|\n")
# A sign that stands by itself, as tokenised text leaves it, tells more than the sign.
_LONE_SIGN = re.compile(r" [^\w\s](?!\S)")


@dataclass(frozen=True, slots=True)
class Cue:
    """A rule that picks an answer by one surface property, and how often it picks the chosen one.

    kind: `length` (characters) or `token` (a word, sign or line break that stands in one answer only).
    rule: the rule in words.
    train_accuracy, evaluation_accuracy: share of pairs in [0, 1], a pair that the rule does not tell apart counting
    one half; 0.5 is chance. The rule was chosen on the training pairs, so the evaluation accuracy is held out.
    coverage: share of evaluation pairs that the rule tells apart.
    """

    kind: Literal["length", "token"]
    rule: str
    train_accuracy: float
    evaluation_accuracy: float
    coverage: float


def surface_cues(train: Sequence[Pair], evaluation: Sequence[Pair]) -> tuple[Cue, Cue]:
    """The length cue and the most telling token's, chosen on `train` and measured on both.

    Raises:
        ValueError: a split without pairs.
    """
    if not train or not evaluation:
        raise ValueError("surface cues need at least one pair in each split")
    return _length_cue(train, evaluation), _token_cue(train, evaluation)


def _length_cue(train: Sequence[Pair], evaluation: Sequence[Pair]) -> Cue:
    learned, held_out = (_length_signs(split) for split in (train, evaluation))
    direction = 1 if sum(learned) >= 0 else -1
    return _cue("length", f"the {'longer' if direction == 1 else 'shorter'} answer", learned, held_out, direction)


def _token_cue(train: Sequence[Pair], evaluation: Sequence[Pair]) -> Cue:
    balance: Counter[str] = Counter()
    for pair in train:
        chosen, rejected = _tokens(pair.chosen), _tokens(pair.rejected)
        balance.update(chosen - rejected)
        balance.subtract(rejected - chosen)
    # The alphabet breaks ties, so that the cue does not depend on the order of a set.
    token = min(balance, key=lambda name: (-abs(balance[name]), name), default="")
    direction = 1 if balance[token] >= 0 else -1
    learned, held_out = (_token_signs(split, token) for split in (train, evaluation))
    return _cue(
        "token", f"the answer {'with' if direction == 1 else 'without'} {token!r}", learned, held_out, direction
    )


def _cue(kind: Literal["length", "token"], rule: str, learned: list[int], held_out: list[int], direction: int) -> Cue:
    coverage = sum(map(abs, held_out)) / len(held_out)
    return Cue(kind, rule, _accuracy(learned, direction), _accuracy(held_out, direction), coverage)


def _accuracy(signs: list[int], direction: int) -> float:
    """Share of pairs told rightly: 1 right, 0 wrong, one half where the sign is 0."""
    return 0.5 + direction * sum(signs) / (2 * len(signs))


def _length_signs(pairs: Sequence[Pair]) -> list[int]:
    """+1 where chosen is longer, -1 where rejected is, 0 where they are equal."""
    return [(len(pair.chosen) > len(pair.rejected)) - (len(pair.chosen) < len(pair.rejected)) for pair in pairs]


def _token_signs(pairs: Sequence[Pair], token: str) -> list[int]:
    """+1 where only chosen has the token, -1 where only rejected has it, else 0."""
    return [(token in _tokens(pair.chosen)) - (token in _tokens(pair.rejected)) for pair in pairs]


def _tokens(text: str) -> set[str]:
    folded = text.casefold()
    return {*_TOKEN.findall(folded), *_LONE_SIGN.findall(folded)}
