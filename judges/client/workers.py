"""A fixed pool of workers that ask one endpoint."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lifealign_bench.data.errors import LifeAlignError
from lifealign_bench.judges.chat import ChatCall, ChatReply
from lifealign_bench.judges.client.cache import Kept, ReplyCache
from lifealign_bench.judges.client.config import EndpointConfig
from lifealign_bench.judges.client.course import Course
from lifealign_bench.judges.client.dialect import Dialect
from lifealign_bench.judges.client.endpoint import Endpoint
from lifealign_bench.judges.client.failures import TooManyFailuresError
from lifealign_bench.judges.client.gate import Gate, HaltedError
from lifealign_bench.judges.client.identity import Served, cache_key, question_bytes
from lifealign_bench.judges.client.tongue import Tongue

MOST_LOST, JUDGED_FROM = 0.05, 100
LOST = ("rejected", "unreachable")


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked. known: the endpoint's dialect; None finds it out, from `first` on and with `schema`."""

    config: EndpointConfig
    cache: Path
    known: Dialect | None
    first: Dialect
    schema: Mapping[str, object] | None
    served: Served


@dataclass(frozen=True, slots=True)
class Replied:
    """A question ended."""

    key: str
    reply: ChatReply


@dataclass(frozen=True, slots=True)
class Learned:
    """What the endpoint understands is known."""

    dialect: Dialect


class Workers:
    """Takes questions from a queue; an answer of the one model is in the cache before anybody hears of it."""

    def __init__(
        self, task: Task, gate: Gate, generator: random.Random, emit: Callable[[Replied | Learned], None]
    ) -> None:
        self.questions: asyncio.Queue[tuple[str, ChatCall] | None] = asyncio.Queue()
        self._task, self._gate, self._generator, self._emit = task, gate, generator, emit

    async def serve(self) -> None:
        """Work until the gate stops everything and what was in flight has ended.

        Raises:
            LifeAlignError: why it stopped before it was told to.
        """
        endpoint = Endpoint(self._task.config, self._gate.clock)
        course = Course(endpoint, self._gate, self._generator)
        try:
            with ReplyCache(self._task.cache) as cache:
                dialect = self._task.known or await course.learn_dialect(self._task.first, self._task.schema)
                self._learned(dialect)
                await self._pool(self._tongue(course, dialect), cache)
        except HaltedError:
            pass
        finally:
            await endpoint.close()
        if self._gate.stopped_by is not None:
            raise self._gate.stopped_by

    def _tongue(self, course: Course, dialect: Dialect) -> Tongue:
        task, remembered = self._task, self._task.known is not None
        return Tongue(course, dialect, task.first, task.schema, self._learned, remembered=remembered)

    def _learned(self, dialect: Dialect) -> None:
        self._emit(Learned(dialect))

    async def _pool(self, tongue: Tongue, cache: ReplyCache) -> None:
        async with asyncio.TaskGroup() as pool:
            for _ in range(self._task.config.max_in_flight):
                pool.create_task(self._worker(tongue, cache))
            await self._gate.wait_for_halt()
            for _ in range(self._task.config.max_in_flight):
                self.questions.put_nowait(None)

    async def _worker(self, tongue: Tongue, cache: ReplyCache) -> None:
        while (question := await self.questions.get()) is not None and not self._gate.halted:
            try:
                await self._one(*question, tongue, cache)
            except HaltedError:
                return
            except LifeAlignError as error:
                self._gate.stop(error)
                return

    async def _one(self, key: str, call: ChatCall, tongue: Tongue, cache: ReplyCache) -> None:
        reply, dialect = await tongue.reply(call)
        # Kept, an answer of another model would come back from the cache in every repeat.
        if reply.status == "complete" and self._task.served.takes(reply.model_served):
            config = self._task.config
            usage, size = reply.usage, question_bytes(call.messages)
            kept_as = cache_key(config, call, dialect)
            cache.put([Kept(kept_as, config.base_url, config.model, reply.text, reply.model_served, usage, size)])
        self._emit(Replied(key, reply))
        self._count(reply)

    def _count(self, reply: ChatReply) -> None:
        tally = self._gate.tally
        tally.ended += 1
        if reply.status != "complete":
            tally.failed[reply.reason.partition(":")[0] if reply.status in LOST else reply.status] += 1
        tally.lost += reply.status in LOST
        # A repeat asks little but what was lost before; what is kept was answered all the same.
        seen = tally.ended + tally.kept
        if tally.ended >= JUDGED_FROM and tally.lost > MOST_LOST * seen:
            worst = ", ".join(f"{count} {name}" for name, count in tally.failed.most_common(3))
            found = f"{tally.lost} of {seen} questions got no answer ({worst}; last: {reply.reason})"
            self._gate.stop(
                TooManyFailuresError(f"endpoint {self._task.config.base_url}: {found}; all answers are kept")
            )
