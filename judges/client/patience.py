"""How often and how long one question is tried."""

from __future__ import annotations

import random
from collections import Counter

from lifealign_bench.judges.client.failures import Failure
from lifealign_bench.judges.client.waiting import SHORTEST, full_jitter

MOST_ATTEMPTS = 6
MOST_SECONDS = 600.0
LEAST_SECONDS = 10.0
"""With fewer seconds left no attempt is made: it would be cut off before most endpoints can answer."""
SAME_FAILURE = 3
TRIED_AGAIN = ("rate limit", "server", "timeout", "connection", "garbled")


class Patience:
    """Counts the attempts of one question from its first; all times are of one clock.

    began: when the first attempt was let through. The client's own line, pauses of the whole pool included, is no
    question's fault, and takes none of its time.
    """

    def __init__(self, now: float, generator: random.Random) -> None:
        self.began = now
        self.attempts = 0
        self._in_line = 0.0
        self._generator = generator
        self._seen: Counter[str] = Counter()

    def admitted(self, asked: float, now: float) -> None:
        """Another attempt is let through that came to the line at `asked`."""
        if self.attempts == 0:
            self.began = now
        else:
            self._in_line += now - asked
        self.attempts += 1

    def left(self, now: float) -> float:
        """Seconds in which the question must end."""
        return max(0.0, MOST_SECONDS - (now - self.began - self._in_line))

    def tries(self, now: float, after: float = 0.0) -> bool:
        """Whether another attempt may be made, so many seconds later."""
        return self.attempts < MOST_ATTEMPTS and self.left(now) - after >= LEAST_SECONDS

    def wait(self, failure: Failure, now: float) -> float | None:
        """Seconds to wait before the next attempt; None to give up.

        The same failure three times is enough, but for 429: there the endpoint says when to come back.
        """
        self._seen[failure.name] += 1
        enough = failure.kind != "rate limit" and self._seen[failure.name] >= SAME_FAILURE
        if failure.kind not in TRIED_AGAIN or enough:
            return None
        jitter = full_jitter(self._seen[failure.name], self._generator)
        seconds = jitter if failure.retry_after is None else failure.retry_after + min(jitter, SHORTEST)
        return seconds if self.tries(now, seconds) else None
