"""What every judge shares: items in, judgments out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import JsonValue

from lifealign_bench.data.rows import Message

Dimension = Literal["helpfulness", "safety", "rubric", "refusal"]
DIMENSIONS: tuple[Dimension, ...] = ("helpfulness", "safety", "rubric", "refusal")
PERSON = "human/"
"""What the name of a judge who is a person begins with."""
LOWEST, HIGHEST = 1, 10
"""The ends of every scale but that of `refusal`, which is 1 where the answer declines and 0 where it does not."""

Status = Literal["scored", "parse", "refusal", "length", "rejected", "endpoint"]
"""scored: there is a verdict. parse: the judge's words hold none, after one repair, too. refusal: the judge declined.
length: its answer was cut. rejected: the endpoint does not take the question. endpoint: no answer came back."""

JudgeProgress = Callable[[int, int], None]
"""Called with (judgments done, judgments in all)."""


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
class Comparison:
    """An answer, and another one to the same prompt; against: what the other is called."""

    item: JudgedItem
    other: str
    against: str


@dataclass(frozen=True, slots=True)
class Judgment:
    """One dimension of one answer: a verdict on the dimension's scale, or None and in `status` why there is none.

    template: the label of the template that asked. against: what the answer was compared with, None where it was judged
    alone; the verdict is then 1 for better, 0 for worse, 0.5 for a tie. position: its place, 0 first, 1 second.
    raw: the judge's own words; usage: tokens by kind, where there are any.
    """

    pair_id: str
    dimension: Dimension
    verdict: float | None
    rationale: str
    template: str = ""
    status: Status = "scored"
    against: str | None = None
    position: int = 0
    raw: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JudgeIdentity:
    """A judge as an instrument: everything that decides its verdicts.

    model_served: what the endpoint says it answered with; empty before it has. revision: of the model's weights, where
    it is known. template, template_version, template_sha256: the set of templates; templates: the hash of each by its
    label. parameters: sampling and all else that shapes a verdict, nothing that does not (no address, no price).
    """

    name: str
    model_requested: str
    model_served: str
    revision: str | None
    template: str
    template_version: str
    template_sha256: str
    templates: Mapping[str, str]
    parameters: Mapping[str, JsonValue]


class Judge(Protocol):
    """Whoever judges answers."""

    @property
    def identity(self) -> JudgeIdentity:
        """What decides the verdicts."""

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What it judges, in the order of `DIMENSIONS`."""

    def judge(self, items: Sequence[JudgedItem], progress: JudgeProgress | None = None) -> list[Judgment]:
        """A judgment of every dimension that `asked_of` names for every item, items in order."""

    def compare(self, comparisons: Sequence[Comparison], progress: JudgeProgress | None = None) -> list[Judgment]:
        """Two judgments, one in each position, of every dimension that `compared_in` names for every comparison."""


def asked_of(item: JudgedItem, dimensions: Sequence[Dimension] = DIMENSIONS) -> tuple[Dimension, ...]:
    """Which of these dimensions an item is judged in: `refusal` only where the prompt has a harm label, since nothing
    can be said of a refusal without one."""
    return tuple(name for name in dimensions if name != "refusal" or item.harm is not None)


def compared_in(dimensions: Sequence[Dimension] = DIMENSIONS) -> tuple[Dimension, ...]:
    """In which of these dimensions two answers are compared."""
    return tuple(name for name in dimensions if name in ("helpfulness", "safety"))
