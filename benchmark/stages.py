"""What a run is planned of: its stages, and the nodes behind its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lifealign_bench.benchmark.graph import Node


@dataclass(frozen=True)
class Stage:
    """One learned task of a run: `step` tasks are learned after it; its policy is what the train node left."""

    step: int
    task: str | None
    train: Node
    memory: Node | None


@dataclass(frozen=True)
class Evaluated:
    """The rows behind the cells of one task after `step` learned tasks."""

    step: int
    task: str
    pairs: Node
    answers: Node
    verdicts: tuple[Node, ...]

    @property
    def nodes(self) -> list[Node]:
        """Every node behind the cell."""
        return [self.pairs, self.answers, *self.verdicts]


def policy_of(base: Mapping[str, str], stage: Stage | None) -> dict[str, str]:
    """The keys of the nodes that a stage's policy is made of, by role; of the base where there is no stage."""
    return {**base} if stage is None else {**base, "policy": stage.train.key}


def whose(stage: Stage | None) -> str:
    """Whose policy it is, for people."""
    return "base" if stage is None else stage.train.label.removeprefix("train ")
