"""One pass over a stream of questions: cached answers at once, the others asked, all given back in order."""

from __future__ import annotations

import queue
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lifealign_bench.judges.chat import ChatCall, ChatReply
from lifealign_bench.judges.client import dialect as dialects
from lifealign_bench.judges.client.cache import Kept, ReplyCache
from lifealign_bench.judges.client.config import Budget, EndpointConfig
from lifealign_bench.judges.client.dialect import Dialect
from lifealign_bench.judges.client.identity import Served, cache_key
from lifealign_bench.judges.client.progress import Progress
from lifealign_bench.judges.client.waiting import Clock

if TYPE_CHECKING:
    from lifealign_bench.judges.client.engine import Engine

AHEAD = 4096
"""Answers that may wait for an earlier one."""
ASKED = 256
"""Questions that may be with the workers: enough that none ever idles."""
LOOK_S = 0.1
GRACE_S = 15.0
"""How long an interrupted run waits for what is in flight, since it is paid for."""


@dataclass(slots=True)
class Place:
    """One question's place in the order of answers."""

    reply: ChatReply | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything a session needs to know from its client."""

    config: EndpointConfig
    cache: Path
    budget: Budget
    clock: Clock
    generator: random.Random
    served: Served


class Session:
    """Used by one thread; the workers, if any are needed, live in another."""

    def __init__(self, setting: Setting, total: int | None, watch: Callable[[Progress], None] | None) -> None:
        self._setting, self._total, self._watch = setting, total, watch
        self._cache = ReplyCache(setting.cache)
        self._dialect = known_dialect(setting.config, self._cache)
        self._engine: Engine | None = None
        self._ended = False
        self._error: BaseException | None = None
        self._order: deque[Place] = deque()
        self._asked: dict[str, list[Place]] = {}
        self._done = self._cached = self._kept = 0
        self._looked = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self._stop(interrupted=kind is not None)
        finally:
            self._cache.close()
            self._show(last=True)

    def add(self, call: ChatCall) -> None:
        """Take the next question: answered from the cache, or asked."""
        place = Place()
        self._order.append(place)
        key = cache_key(self._setting.config, call, self._dialect or self._learned(call))
        if key in self._asked:
            self._asked[key].append(place)
        elif (kept := self._cache.get(key)) is not None:
            place.reply = _from_cache(kept)
            self._setting.served.takes(kept.model_served)
            self._done, self._cached = self._done + 1, self._cached + 1
            self._kept += 1
            if self._engine is not None:
                self._engine.tally.kept = self._kept
        else:
            self._asked[key] = [place]
            self._workers(call).ask(key, call)
        self._show()

    @property
    def full(self) -> bool:
        """Whether no further question should be taken now."""
        return len(self._asked) >= ASKED or len(self._order) >= AHEAD

    @property
    def pending(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._order)

    def ready(self) -> Iterator[ChatReply]:
        """The answers that are next in order and there.

        Raises:
            LifeAlignError: no more will come.
        """
        while self._order and (reply := self._order[0].reply) is not None:
            self._order.popleft()
            yield reply
        if self._ended and self._order:
            raise self._error or RuntimeError("the workers ended before all answers were there")

    def wait(self) -> None:
        """Take in what the workers have done, at least one event, or let a moment pass."""
        if self._engine is None or self._ended:
            return
        try:
            self._take(self._engine.events.get(timeout=LOOK_S))
            while True:
                self._take(self._engine.events.get_nowait())
        except queue.Empty:
            self._show()

    def _learned(self, call: ChatCall) -> Dialect:
        """Wait until the endpoint's dialect is known: without it no question has a key."""
        self._workers(call)
        while self._dialect is None:
            self.wait()
            if self._ended and self._dialect is None:
                raise self._error or RuntimeError("the workers ended at once")
        return self._dialect

    def _workers(self, call: ChatCall) -> Engine:
        if self._engine is None:
            # The client library takes a second to import; a run that finds everything in the cache does without.
            from lifealign_bench.judges.client.engine import Engine
            from lifealign_bench.judges.client.workers import Task

            setting = self._setting
            first = forced_dialect(setting.config) or Dialect()
            task = Task(setting.config, setting.cache, self._dialect, first, call.schema, setting.served)
            self._engine = Engine(task, setting.budget, setting.clock, setting.generator)
            self._engine.tally.kept = self._kept
        return self._engine

    def _take(self, event: object) -> None:
        from lifealign_bench.judges.client.engine import Ended
        from lifealign_bench.judges.client.workers import Learned, Replied

        if isinstance(event, Replied):
            first, *others = self._asked.pop(event.key)
            first.reply = event.reply
            for place in others:
                place.reply = replace(event.reply, cached=True, attempts=0, seconds=0.0)
            self._done += 1 + len(others)
            self._cached += len(others)
        elif isinstance(event, Learned):
            self._dialect = event.dialect
            config = self._setting.config
            if config.response_format == "auto":
                self._cache.put_dialect(config.base_url, config.model, event.dialect.dump())
        elif isinstance(event, Ended):
            self._ended, self._error = True, event.error
        self._show()

    def _stop(self, *, interrupted: bool) -> None:
        """Let the workers end: what is in flight is paid for, and so it is waited for, if not for ever."""
        if self._engine is None:
            return
        self._engine.finish()
        try:
            if not self._engine.join(GRACE_S if interrupted else None):
                self._engine.abandon()
                self._engine.join(GRACE_S)
        except KeyboardInterrupt:
            self._engine.abandon()
            raise

    def _show(self, *, last: bool = False) -> None:
        if self._watch is not None and (last or time.monotonic() - self._looked >= LOOK_S):
            self._looked = time.monotonic()
            self._watch(self.progress)

    @property
    def progress(self) -> Progress:
        """This moment."""
        seen = Progress(self._done, self._total, self._cached, cost=self._setting.config.cost(0, 0))
        if self._engine is None:
            return seen
        tally = self._engine.tally
        return replace(
            seen,
            in_flight=tally.in_flight,
            limit=int(self._engine.gate.pace.limit),
            waiting=tally.waiting,
            failed=dict(tally.failed),
            calls=tally.calls,
            wasted=tally.wasted,
            input_tokens=tally.input_tokens,
            output_tokens=tally.output_tokens,
            cost=tally.cost(self._setting.config),
        )


def forced_dialect(config: EndpointConfig) -> Dialect | None:
    """What the configuration says about the endpoint, where it does not leave it to be found out."""
    return None if config.response_format == "auto" else Dialect(config.response_format)


def known_dialect(config: EndpointConfig, cache: ReplyCache) -> Dialect | None:
    """What is remembered of the endpoint; None is not yet known."""
    return forced_dialect(config) or dialects.load(cache.dialect(config.base_url, config.model))


def _from_cache(kept: Kept) -> ChatReply:
    return ChatReply("complete", kept.text, kept.model_served, usage=kept.usage, cached=True, attempts=0)
