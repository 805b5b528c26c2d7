"""What goes wrong with an endpoint: for one attempt, and for a whole run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lifealign_bench.data.errors import LifeAlignError

FailureKind = Literal["rate limit", "server", "timeout", "connection", "garbled", "rejected", "fatal"]
"""rate limit: 429. server: 5xx, 408, 409. timeout, connection: no answer came. garbled: an answer that is no chat
completion, or a broken-off one. rejected: the endpoint does not take this question. fatal: it takes none of ours."""

UNANSWERED: tuple[FailureKind, ...] = ("timeout", "connection", "garbled")
"""Failures after which the endpoint may ask for money all the same."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt that brought no answer.

    name: the class as people say it (`HTTP 503`, `timeout`); what counts as the same failure. text: the endpoint's own
    words, without the key. status, code: as the endpoint sent them. retry_after: seconds it asked us to wait. usage:
    tokens it says it took all the same. sent: False where the request never left, so that nothing can be asked for it.
    """

    kind: FailureKind
    name: str
    text: str = ""
    status: int | None = None
    code: str | None = None
    retry_after: float | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    sent: bool = True

    @property
    def reason(self) -> str:
        """Name and words in one line."""
        return f"{self.name}: {self.text}" if self.text else self.name


class RunStoppedError(LifeAlignError):
    """No more questions are asked; every answer that came is in the cache, and the same command goes on from there."""

    exit_code = 4


class BudgetReachedError(RunStoppedError):
    """The caps allow no further call."""


class TooManyFailuresError(RunStoppedError):
    """So many questions got no answer that the rest would not either."""
