"""How far a run has come, and what it has cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from lifealign_bench.judges.client.config import EndpointConfig


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a run.

    done: questions that ended, whatever way; cached ones are among them. total: None where it is not known. in_flight:
    requests now under way, of at most `limit`. waiting: questions that wait for another attempt. failed: questions
    without a whole answer, by class. wasted: requests answered with 429. calls: requests that may have to be paid
    for. cost: so far, None where a price is unknown; an answer without usage counts with its upper bound.
    """

    done: int = 0
    total: int | None = None
    cached: int = 0
    in_flight: int = 0
    limit: int = 0
    waiting: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    calls: int = 0
    wasted: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None


@dataclass(slots=True)
class Tally:
    """What is counted while a run goes on; belongs to the thread that asks, but for `kept`.

    kept: questions answered from the cache, counted by the thread that reads it.
    """

    ended: int = 0
    kept: int = 0
    lost: int = 0
    calls: int = 0
    wasted: int = 0
    waiting: int = 0
    in_flight: int = 0
    reserved: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    unmetered: float = 0.0
    failed: Counter[str] = field(default_factory=Counter)

    def pay(self, usage: Mapping[str, int], worst_cost: float) -> None:
        """Count a request that may have to be paid for; worst_cost: what it costs where usage does not say."""
        self.calls += 1
        self.input_tokens += usage.get("input", 0)
        self.output_tokens += usage.get("output", 0)
        self.unmetered += 0.0 if {"input", "output"} <= set(usage) else worst_cost

    def cost(self, config: EndpointConfig) -> float | None:
        """What the run has cost so far; None where a price is unknown."""
        metered = config.cost(self.input_tokens, self.output_tokens)
        return None if metered is None else metered + self.unmetered
