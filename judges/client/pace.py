"""How many requests may be in flight and how fast they may follow each other, learned from what the endpoint refuses.

The limit is a congestion window: where all its places are used, every answer opens it by a quarter of a place, and each
429 cuts it by a fifth. A limit alone cannot hold a rate, since it learns the rate only by passing it. So the rate that
was taken before a refusal is measured, kept slightly below, and tried upwards again after a calm time: soon while it
is a guess, later each time about the same rate is refused again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

START, LOWEST, CUT = 8.0, 1.0, 0.8
OPENING = 0.25
WINDOW_S = 1.0
"""Rate limits are counted in seconds at least: over less, a burst would look like a rate."""
MARGIN = 0.97
BURST = 0.7
"""Where a smaller share was taken from one refusal to the next, pause included, a burst allowance had been used up."""
SLOWED, EASED = 0.95, 0.9
BLIND, SEARCH, CREEP = 0.2, 0.1, 0.02
"""How much the rate grows a second: while nothing was measured, while it is guessed, and once it is known."""
CALM_GUESSED_S, CALM_KNOWN_S, CALM_MOST_S = 5.0, 20.0, 60.0
PAUSE_S, PAUSE_MOST_S = 1.0, 60.0
CALM_PAUSES = 4.0
"""A refusal after a stretch this many times as long as the pause slows the requests down, but does not stop them."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was so when a request was refused.

    rate: then allowed. before: when the refusal before was. ran: seconds since the last pause. again: how many came in
    a row within a second of a pause; quick: how many in a row without the rate having grown between.
    """

    at: float
    rate: float | None
    before: float
    ran: float
    again: int
    quick: int


class Pace:
    """What the next request has to wait for. All times are of one clock, in seconds."""

    def __init__(self, most: int, now: float) -> None:
        self.most = float(most)
        self.limit = min(START, self.most)
        self.rate: float | None = None
        self._known, self._growth = False, SEARCH
        self._bound = False
        self._calm_s = CALM_GUESSED_S
        self._calm_until = self._paused_until = self._next_start = self._resumed = now
        self._last: Refusal | None = None
        self._measuring = False
        self._taken: deque[float] = deque()

    def delay(self, now: float) -> float:
        """Seconds until the next request may start; 0 is now."""
        if now < self._paused_until:
            return self._paused_until - now
        if self._measuring and self._last is not None:
            self._measuring, self._resumed, self._next_start = False, now, now
            self._measure(self._last)
        return max(0.0, self._next_start - now) if self.rate is not None else 0.0

    def started(self, now: float) -> None:
        """A request has started; until it is refused it counts as taken."""
        self._taken.append(now)
        while self._taken[0] < now - 2 * PAUSE_MOST_S:
            self._taken.popleft()
        if self.rate is not None:
            # What a late wake-up lost is caught up, but only two requests of it: more at once would be refused.
            self._bound = now - self._next_start < 2.0 / self.rate
            self._next_start = max(self._next_start, now - 2.0 / self.rate) + 1.0 / self.rate

    def accepted(self, now: float, in_flight: int) -> None:
        """A request, one of so many in flight, was answered."""
        calm = now >= self._calm_until
        if in_flight >= int(self.limit):
            self.limit = min(self.most, self.limit + OPENING)
        if calm and self._bound and self.rate is not None:
            # Added once an answer, so that the rate grows by this share a second.
            self.rate += self._growth

    def refused(self, now: float, started: float, in_flight: int, retry_after: float | None) -> None:
        """A request, one of so many in flight, was answered with 429."""
        if started in self._taken:
            self._taken.remove(started)
        last = self._last
        if last is not None and started <= last.at:
            # It left before that refusal was known: no news, but it had counted as taken.
            if not self._measuring and not self._known:
                self._measure(last)
            return
        self.limit = max(LOWEST, CUT * self.limit)
        ran = now - self._resumed
        again = last.again + 1 if last is not None and ran < WINDOW_S else 0
        quick = last.quick + 1 if last is not None and now < self._calm_until else 0
        self._last = Refusal(now, self.rate, now if last is None else last.at, ran, again, quick)
        pause = max(retry_after or 0.0, min(PAUSE_MOST_S, PAUSE_S * 2.0**again))
        if self.rate is not None and ran >= CALM_PAUSES * pause:
            self._learn(SLOWED * self.rate, now, known=True)
        else:
            self._paused_until = now + pause
            self._measuring = True

    def _measure(self, refusal: Refusal) -> None:
        """Learn the rate that was taken before a refusal."""
        found = self._count(refusal.at - WINDOW_S, refusal.at) / WINDOW_S
        before = refusal.rate
        if before is None:
            # A first burst that was refused says little about what would be taken one after the other.
            self._learn(MARGIN * max(found, START), refusal.at, known=False)
            if found <= START:
                self._calm_until, self._growth = refusal.at + WINDOW_S, BLIND
        elif refusal.ran < WINDOW_S:
            self._learn(before / 2, refusal.at, known=False)
        elif refusal.quick > 1 and (whole := self._cycle(refusal)) < BURST * found:
            self._learn(MARGIN * whole, refusal.at, known=True)
        else:
            self._learn(min(MARGIN * found, (EASED if refusal.quick else MARGIN) * before), refusal.at, known=True)

    def _cycle(self, refusal: Refusal) -> float:
        """The rate from one refusal to the next, pause included: what a burst allowance gave is evened out."""
        return self._count(refusal.before, refusal.at) / (refusal.at - refusal.before)

    def _learn(self, rate: float, now: float, *, known: bool) -> None:
        again = known and self._known
        self._calm_s = min(CALM_MOST_S, 2 * self._calm_s) if again else CALM_KNOWN_S if known else CALM_GUESSED_S
        self._calm_until = now + self._calm_s
        self._known, self._growth = known, CREEP if known else SEARCH
        self.rate = max(rate, 1.0 / PAUSE_MOST_S)

    def _count(self, after: float, until: float) -> int:
        return sum(after < start <= until for start in self._taken)
