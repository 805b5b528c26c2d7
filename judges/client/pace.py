"""How many requests may be in flight and how fast they may follow each other, learned from what the endpoint refuses.

The limit is a congestion window (Chiu and Jain, 1989): it opens by a quarter a round trip until the first refusal, then
by a tenth, and each 429 cuts it by a fifth. A limit alone cannot hold a rate, since it learns the rate only by passing
it. So the rate that was taken before a refusal is measured, kept slightly below, and tried upwards again after a calm
time: soon while it was refused only once, later each time the same rate is refused again.
"""

from __future__ import annotations

from collections import deque

START, LOWEST, CUT = 8.0, 1.0, 0.8
OPENING, WIDENING = 0.25, 0.1
WINDOW_S = 1.0
"""Rate limits are counted in seconds at least: over less, a burst would look like a rate."""
MARGIN = 0.97
SAME = 0.15
EASED = 0.95
SEARCH, CREEP = 0.2, 0.02
"""How much the rate grows a second: while it is only guessed, and once it is known."""
CALM_GUESSED_S, CALM_KNOWN_S, CALM_MOST_S = 2.0, 20.0, 60.0
PAUSE_S, PAUSE_MOST_S = 1.0, 60.0
CALM_PAUSES = 10.0
"""A refusal after a stretch this many times as long as the pause slows the requests down, but does not stop them."""


class Pace:
    """What the next request has to wait for. All times are of one clock, in seconds."""

    def __init__(self, most: int, now: float) -> None:
        self.most = float(most)
        self.limit = min(START, self.most)
        self.rate: float | None = None
        self._ceiling: float | None = None
        self._known: float | None = None
        self._calm_s = CALM_GUESSED_S
        self._calm_until = self._paused_until = self._next_start = self._resumed = now
        self._refusal: float | None = None
        self._cycle: float | None = None
        self._measuring = False
        self._again = 0
        self._taken: deque[float] = deque()

    def delay(self, now: float) -> float:
        """Seconds until the next request may start; 0 is now."""
        if now < self._paused_until:
            return self._paused_until - now
        if self._measuring:
            self._measuring, self._resumed, self._next_start = False, now, now
            self._measure()
        return max(0.0, self._next_start - now) if self.rate is not None else 0.0

    def started(self, now: float) -> None:
        """A request has started; until it is refused it counts as taken."""
        self._taken.append(now)
        while self._taken[0] < now - 2 * PAUSE_MOST_S:
            self._taken.popleft()
        if self.rate is not None:
            # What a late wake-up lost is caught up, but only two requests of it.
            self._next_start = max(self._next_start, now - 2.0 / self.rate) + 1.0 / self.rate

    def accepted(self, now: float, in_flight: int) -> None:
        """A request, one of so many in flight, was answered."""
        calm = now >= self._calm_until
        below = self._ceiling is None or self.limit < self._ceiling
        if in_flight >= CUT * self.limit and (calm or below):
            self.limit = min(self.most, self.limit + (OPENING if self._refusal is None else WIDENING))
        if calm and self.rate is not None:
            # Added once an answer, so that the rate grows by this share a second, and only where it is used.
            self.rate += SEARCH if self._known is None else CREEP
            if self._known is not None and self.rate > (1 + SAME) * self._known:
                self._known = None

    def refused(self, now: float, started: float, in_flight: int, retry_after: float | None) -> None:
        """A request, one of so many in flight, was answered with 429."""
        if started in self._taken:
            self._taken.remove(started)
        last = self._refusal
        if last is not None and started <= last:
            # It left before the last refusal was known, and says nothing new.
            return
        self._ceiling = max(CUT * self.limit, min(0.95 * self.limit, in_flight - 1))
        self.limit = max(LOWEST, CUT * self.limit)
        self._refusal = now
        ran = now - self._resumed
        self._again = self._again + 1 if last is not None and ran < WINDOW_S else 0
        pause = max(retry_after or 0.0, self._backoff(retry_after))
        if last is not None and ran >= max(CALM_PAUSES * pause, WINDOW_S):
            self._ease(now)
        else:
            self._paused_until = now + pause
            self._measuring = True

    def _backoff(self, retry_after: float | None) -> float:
        """Seconds to pause whatever the endpoint asks for, doubled for each refusal right after a pause."""
        again = self._again if retry_after is None else self._again - 1
        return min(PAUSE_MOST_S, PAUSE_S * 2.0**again) if again >= 0 else 0.0

    def _ease(self, now: float) -> None:
        """A rate that was taken for long is slightly too high by now."""
        if self.rate is not None:
            self._learned(EASED * self.rate, now, known=True)

    def _measure(self) -> None:
        """Learn the rate that was taken before the last refusal, once what was in flight then has come back."""
        refused_at = self._refusal
        if refused_at is None:
            return
        found = self._count(refused_at - WINDOW_S, refused_at) / WINDOW_S
        if self._cycle is not None:
            # From one refusal to the next, pause included: what a burst allowance gave is evened out.
            found = min(found, self._count(self._cycle, refused_at) / (refused_at - self._cycle))
        before = self.rate
        if self._again and before is not None:
            found = max(found, CUT * before)
        rate = max(found * MARGIN, 1.0 / PAUSE_MOST_S)
        same = before is not None and not self._again and abs(rate - before) <= SAME * before
        self._cycle = refused_at
        self._learned(rate, refused_at, known=same)

    def _learned(self, rate: float, now: float, *, known: bool) -> None:
        again = known and self._known is not None
        self._calm_s = min(CALM_MOST_S, 2 * self._calm_s) if again else CALM_KNOWN_S if known else CALM_GUESSED_S
        self._calm_until = now + self._calm_s
        self._known = rate if known else None
        self.rate = rate

    def _count(self, after: float, until: float) -> int:
        return sum(after < start <= until for start in self._taken)
