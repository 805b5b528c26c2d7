"""What a card asks of a judge, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from lifealign_bench.judges.interface import Dimension, JudgedItem, Status
from lifealign_bench.judges.template import Mode, Paraphrase

Part = Literal[
    "truth", "paraphrases", "retest", "halo", "pairwise", "length", "injections", "canaries", "human", "ratings"
]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class Probe:
    """One question: an answer, and by which template, in which words, it is judged.

    dimensions: several are asked in one call. template: the id of one that no dimension leads to. other: a second
    answer that the first is compared with. repeat: which of several replies to the same question is meant.
    """

    item: JudgedItem
    dimensions: tuple[Dimension, ...]
    paraphrase: Paraphrase = "a"
    template: str | None = None
    other: str | None = None
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Opinion:
    """What was said of one dimension: a verdict of its template, or None and in `status` why there is none."""

    verdict: int | str | None
    status: Status

    @property
    def score(self) -> int | None:
        """The verdict, where it is a number."""
        return self.verdict if isinstance(self.verdict, int) else None


@dataclass(frozen=True, slots=True)
class Reply:
    """Everything that one question brought.

    tokens: by kind, of every reply to it, repairs included. seconds: until it was there, 0 from the cache. repaired:
    whether it had to be asked for again in a readable form.
    """

    opinions: Mapping[Dimension, Opinion]
    tokens: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class KnownTemplate:
    """A template that the judge has; its dimension's own where `common`."""

    id: str
    label: str
    dimension: Dimension
    mode: Mode


class Replies:
    """What a judge said, by question."""

    def __init__(self, found: Mapping[Probe, Reply]) -> None:
        self.found = found

    def opinion(self, probe: Probe, dimension: Dimension | None = None) -> Opinion:
        """What was said of a dimension, by default of the question's only one."""
        return self.found[probe].opinions[dimension or probe.dimensions[0]]

    def score(self, probe: Probe, dimension: Dimension | None = None) -> int | None:
        """The number that was given, None where there is none."""
        return self.opinion(probe, dimension).score

    def statuses(self, probes: Iterable[Probe]) -> dict[str, int]:
        """How many opinions are without a verdict, by reason."""
        counts: dict[str, int] = {}
        for probe in probes:
            for said in self.found[probe].opinions.values():
                if said.status != "scored":
                    counts[said.status] = counts.get(said.status, 0) + 1
        return counts


def distinct(probes: Iterable[Sequence[Probe]]) -> list[Probe]:
    """Every question once, in order."""
    return list(dict.fromkeys(probe for own in probes for probe in own))
