"""Who may send the next request, and when: limit, rate, pauses and budget at one place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from lifealign_bench.data.errors import LifeAlignError
from lifealign_bench.judges.client.config import Budget, EndpointConfig
from lifealign_bench.judges.client.endpoint import Answer
from lifealign_bench.judges.client.failures import UNANSWERED, BudgetReachedError, Failure
from lifealign_bench.judges.client.pace import Pace
from lifealign_bench.judges.client.progress import Tally
from lifealign_bench.judges.client.waiting import Clock


class HaltedError(Exception):
    """The run stops: no further request is sent."""


class Gate:
    """Lets one request after the other through; everybody waits in one line, the first of it for a place."""

    def __init__(self, config: EndpointConfig, budget: Budget, clock: Clock, tally: Tally) -> None:
        self.config, self.budget, self.clock, self.tally = config, budget, clock, tally
        self.pace = Pace(config.max_in_flight, clock.now())
        self.stopped_by: LifeAlignError | None = None
        self._halted = asyncio.Event()
        self._line = asyncio.Lock()
        self._changed = asyncio.Event()

    def stop(self, reason: LifeAlignError | None) -> None:
        """Send no further request; the first reason stays."""
        if not self._halted.is_set():
            self.stopped_by = reason
            self._halted.set()
            self._changed.set()

    @property
    def halted(self) -> bool:
        """Whether the run stops."""
        return self._halted.is_set()

    async def wait_for_halt(self) -> None:
        """Comes back when the run stops."""
        await self._halted.wait()

    @asynccontextmanager
    async def turn(self, worst_cost: float) -> AsyncIterator[float]:
        """A place among the requests in flight; yields when it was given. worst_cost: what the request costs at most.

        Raises:
            HaltedError: the run stops.
        """
        async with self._line:
            await self._admitted(worst_cost)
            started = self.clock.now()
            self.pace.started(started)
            self.tally.in_flight += 1
            self.tally.reserved += worst_cost
        try:
            yield started
        finally:
            self.tally.in_flight -= 1
            self.tally.reserved -= worst_cost
            self._changed.set()

    def saw(self, outcome: Answer | Failure, started: float, worst_cost: float) -> None:
        """Learn from what came back, while the request still counts as in flight."""
        now, tally = self.clock.now(), self.tally
        if isinstance(outcome, Answer):
            self.pace.accepted(now, tally.in_flight)
            tally.pay(outcome.usage, worst_cost)
        elif outcome.kind == "rate limit":
            tally.wasted += 1
            self.pace.refused(now, started, tally.in_flight, outcome.retry_after)
        elif outcome.kind in UNANSWERED:
            # Whoever gave no usable answer may still have worked on one.
            tally.pay(outcome.usage, worst_cost if outcome.sent else 0.0)

    async def rest(self, seconds: float) -> None:
        """Wait for another attempt.

        Raises:
            HaltedError: the run stops meanwhile.
        """
        self.tally.waiting += 1
        try:
            await self._unless_halted(self.clock.sleep(seconds))
        finally:
            self.tally.waiting -= 1

    async def _admitted(self, worst_cost: float) -> None:
        while True:
            if self.halted:
                raise HaltedError
            self._changed.clear()
            if self.tally.in_flight >= int(self.pace.limit) or not self._affordable(worst_cost):
                await self._changed.wait()
            elif (delay := self.pace.delay(self.clock.now())) > 0:
                await self._unless_halted(self.clock.sleep(delay))
            else:
                return

    def _affordable(self, worst_cost: float) -> bool:
        """Whether the caps allow one more; if not even with nothing in flight, the run stops."""
        cap, tally = self.budget, self.tally
        reason = None
        if cap.max_calls is not None and tally.calls + tally.in_flight >= cap.max_calls:
            reason = f"{tally.calls} of at most {cap.max_calls} calls are made"
        cost = tally.cost(self.config)
        if cap.max_cost is not None and cost is not None and cost + tally.reserved + worst_cost > cap.max_cost:
            reason = f"{cost:.4f} of at most {cap.max_cost:.4f} is spent, and one more call may cost {worst_cost:.4f}"
        if reason is None:
            return True
        if tally.in_flight == 0:
            self.stop(BudgetReachedError(f"{self.config.model}: stopped by the budget: {reason}; all answers are kept"))
        return False

    async def _unless_halted(self, waiting: Awaitable[None]) -> None:
        sleep, halt = asyncio.ensure_future(waiting), asyncio.ensure_future(self._halted.wait())
        try:
            await asyncio.wait((sleep, halt), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            halt.cancel()
        if self.halted:
            raise HaltedError
