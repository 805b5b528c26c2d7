"""The orders that a scripted server works under, and what it counts."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "status", "slow", "hang", "drop", "cut", "wrong_model", "invalid_json", "wrong_enum", "refusal", "filter",
    "no_chat", "unfinished", "no_format",
]  # fmt: skip


@dataclass
class Fault:
    """One misbehaviour.

    when: a part of the prompts it is for; empty is all. times: how often, for each question by itself; None is for
    ever. status, retry_after (`2`, `date:2` for a date in two seconds), body: of `status`. seconds: of `slow`.
    tokens: `cut` answers only where fewer are allowed; None cuts all. formats: what `no_format` does not know.
    """

    do: Kind
    when: str = ""
    times: int | None = None
    status: int = 500
    retry_after: str | None = None
    body: Any = None
    seconds: float = 1.0
    tokens: int | None = None
    formats: tuple[str, ...] = ("json_schema",)
    done: Counter[str] = field(default_factory=Counter)


@dataclass
class Script:
    """How the server behaves.

    rate: requests a second, 429 above; burst: how many may come at once (token bucket), or, with `window_s`, how long
    the window is in which rate * window_s requests are allowed. retry_after: of these 429, None says nothing.
    capacity: requests worked on at once; others queue. key: what the Authorization header must carry.
    """

    policy: str = "constant"
    parameters: dict[str, Any] = field(default_factory=dict)
    model: str = "scripted"
    key: str | None = None
    latency_s: float = 0.0
    capacity: int = 64
    rate: float | None = None
    burst: float = 1.0
    window_s: float | None = None
    retry_after: str | None = None
    faults: list[Fault] = field(default_factory=list)


class Limiter:
    """Whether one more request may come."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._tokens, self._at = script.burst, time.monotonic()
        self._taken: list[float] = []

    def allows(self) -> bool:
        """Whether this request may come; if so, it is counted."""
        if self._script.rate is None:
            return True
        now = time.monotonic()
        if (window := self._script.window_s) is not None:
            self._taken = [at for at in self._taken if at > now - window]
            free = len(self._taken) < self._script.rate * window
            self._taken += [now] if free else []
            return free
        self._tokens = min(self._script.burst, self._tokens + (now - self._at) * self._script.rate)
        self._at = now
        free = self._tokens >= 1
        self._tokens -= free
        return free


@dataclass
class Counters:
    """What came in. answered: by question, how often it got an answer of status 200."""

    requests: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    headers: dict[str, str] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """As JSON: `questions` were answered, `twice` of them more than once."""
        return {
            "requests": self.requests,
            "most_in_flight": self.most_in_flight,
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "questions": len(self.answered),
            "answers": sum(self.answered.values()),
            "twice": sum(count > 1 for count in self.answered.values()),
            "headers": self.headers,
            "last": self.last,
        }
