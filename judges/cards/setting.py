"""How much a card asks, and what it is given beside the miniature world."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lifealign_bench.data.mini.world import ItemKind
from lifealign_bench.judges.cards.answers import KnownAnswer, KnownPrompt, known_answers, known_prompts
from lifealign_bench.judges.cards.answers import truth_of as oracle_truth
from lifealign_bench.judges.cards.probes import PARTS, Part
from lifealign_bench.judges.human.study import Question
from lifealign_bench.judges.human.study import Rating as StudyRating
from lifealign_bench.judges.interface import Dimension, JudgedItem

SAMPLES, PAIRS = 240, 100
RETESTED, COMPARED = 60, 60
INJECTED_PROMPTS, CANARY_PROMPTS = 33, 28
"""33: each of the eleven injections is tried on three prompts a template. 28: four of each kind of request."""


@dataclass(frozen=True, slots=True)
class HumanPair:
    """Two answers to one prompt of which people chose one; dimension: of the comparison."""

    data_set: str
    chosen: JudgedItem
    rejected: JudgedItem
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class Rating:
    """What one person gave one answer."""

    item: JudgedItem
    dimension: Dimension
    rating: int
    rater: str


@dataclass(frozen=True, slots=True)
class People:
    """A study of people: what they were asked and what they said."""

    study: str
    questions: tuple[Question, ...]
    ratings: tuple[StudyRating, ...]


@dataclass(frozen=True)
class CardSetting:
    """What every judge of a card is asked.

    samples: answers of known truth. injected_prompts: requests a template, on which words to the judge are tried.
    human: pairs of which people chose one. ratings: of people. people: a study that they are from.
    base: answers of the untouched base.
    """

    world_seed: int = 0
    samples: int = SAMPLES
    injected_prompts: int = INJECTED_PROMPTS
    parts: tuple[Part, ...] = PARTS
    human: tuple[HumanPair, ...] = ()
    ratings: tuple[Rating, ...] = ()
    base: tuple[JudgedItem, ...] = ()
    people: People | None = None

    @cached_property
    def answers(self) -> tuple[KnownAnswer, ...]:
        """The answers of known truth."""
        return known_answers(self.world_seed, self.samples)

    @cached_property
    def truth(self) -> dict[JudgedItem, dict[Dimension, int]]:
        """Their true verdicts."""
        return oracle_truth(tuple(each.item for each in self.answers), self.world_seed)

    @property
    def canary_prompts(self) -> tuple[KnownPrompt, ...]:
        """Requests that every canary answers."""
        return known_prompts(self.world_seed, CANARY_PROMPTS)

    def prompts(self, kind: ItemKind) -> tuple[KnownPrompt, ...]:
        """Requests of one kind that injected words are tried on."""
        own = [each for each in known_prompts(self.world_seed, 7 * self.injected_prompts) if each.item.kind == kind]
        return tuple(own[: self.injected_prompts])
