"""What every judge shares: items in, judgments out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from lifealign_bench.data.rows import Message

Dimension = Literal["helpfulness", "safety", "rubric"]
DIMENSIONS: tuple[Dimension, ...] = ("helpfulness", "safety", "rubric")
LOWEST, HIGHEST = 1, 10


@dataclass(frozen=True, slots=True)
class JudgedItem:
    """One answer to be judged.

    pair_id: of the pair whose prompt was answered. rubric: the name of the task's own rubric. reference: the chosen
    answer. harm: the prompt's label, where it has one. item: what the prompt was made from.
    """

    pair_id: str
    task: str
    rubric: str
    prompt: tuple[Message, ...]
    answer: str
    reference: str
    harm: Literal["harmful", "harmless"] | None
    item: str | None


@dataclass(frozen=True, slots=True)
class Judgment:
    """One dimension of one answer: a whole verdict from 1 to 10, or None and in `status` why there is none.

    position: which place the answer had in a pairwise prompt; 0 where it was judged alone. raw: the judge's own
    words; usage: tokens by kind, where there are any.
    """

    pair_id: str
    dimension: Dimension
    verdict: int | None
    rationale: str
    status: str = "scored"
    position: int = 0
    raw: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JudgeIdentity:
    """A judge as an instrument: everything that decides its verdicts."""

    name: str
    model_requested: str
    model_served: str
    template: str
    template_version: str
    template_sha256: str
    parameters: Mapping[str, int | str]


class Judge(Protocol):
    """Whoever judges answers."""

    @property
    def identity(self) -> JudgeIdentity:
        """What decides the verdicts."""

    def judge(self, items: Sequence[JudgedItem]) -> list[Judgment]:
        """A judgment of every dimension for every item, items in order, dimensions as in `DIMENSIONS`."""
