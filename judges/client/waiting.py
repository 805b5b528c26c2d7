"""How long to wait before the next attempt."""

from __future__ import annotations

import asyncio
import math
import random
import time
from email.utils import parsedate_to_datetime
from typing import Protocol

SHORTEST, LONGEST = 1.0, 60.0


class Clock(Protocol):
    """Time, as a parameter."""

    def now(self) -> float:
        """Seconds that only go forward."""

    def wall(self) -> float:
        """Seconds since 1970."""

    async def sleep(self, seconds: float) -> None:
        """Come back after so many seconds of `now`."""


class RealClock:
    """The machine's own time."""

    def now(self) -> float:
        """See `Clock`."""
        return time.monotonic()

    def wall(self) -> float:
        """See `Clock`."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        await asyncio.sleep(seconds)


def full_jitter(failures: int, generator: random.Random) -> float:
    """Seconds to wait after so many failures: uniform from 0 to a cap that doubles from 1 s to 60 s (Brooker, 2015)."""
    return generator.uniform(0.0, min(LONGEST, SHORTEST * 2.0 ** min(failures - 1, 10)))


def retry_after(header: str | None, wall: float) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, 10.2.3: seconds or a date); None where it says nothing."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - wall
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
