"""The client's face: many questions to one model, answered in order, each paid for once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sized
from pathlib import Path

from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.chat import ChatCall, ChatReply
from lifealign_bench.judges.client.cache import ReplyCache
from lifealign_bench.judges.client.config import Budget, EndpointConfig
from lifealign_bench.judges.client.identity import Served
from lifealign_bench.judges.client.planning import DryRun, plan
from lifealign_bench.judges.client.progress import Progress
from lifealign_bench.judges.client.session import Session, Setting
from lifealign_bench.judges.client.waiting import Clock, RealClock


class ChatClient:
    """Asks one model behind one endpoint.

    cache: the SQLite file of answers; of new ones, only those of the first model that answers are kept. clock and
    generator: of waiting times; tests give their own. served: that first model, shared by the clients of one judge.
    """

    def __init__(
        self,
        config: EndpointConfig,
        cache: Path,
        budget: Budget | None = None,
        clock: Clock | None = None,
        generator: random.Random | None = None,
        served: Served | None = None,
    ) -> None:
        self.config, self.cache = config, cache
        draw = generator or random.Random()
        self._setting = Setting(config, cache, budget or Budget(), clock or RealClock(), draw, served or Served())
        if self._setting.budget.max_cost is not None and config.cost(0, 0) is None:
            expected = "price_input and price_output of the model, without which no cost is known"
            raise InputError(f"model {config.model}", "max_cost", "no prices", expected)

    def complete(
        self, calls: Iterable[ChatCall], progress: Callable[[Progress], None] | None = None
    ) -> Iterator[ChatReply]:
        """One reply for each call, in order, as soon as it and all before it are there.

        Calls are taken as they are needed, so that both ends may be longer than memory. Every complete answer is in
        the cache before it is given back; where the iteration is left early or interrupted, what is in flight is
        waited for and kept. progress is called about ten times a second, and once at the end, in the caller's thread.

        Raises:
            InputError: the endpoint cannot be used at all: no key, a refused key, a wrong address, an unknown model; or
                the cache is damaged.
            RunStoppedError: no more is asked (BudgetReachedError, TooManyFailuresError, no credit left); what came
                before was given back.
            CacheError: the cache cannot be written.
        """
        total = len(calls) if isinstance(calls, Sized) else None
        with Session(self._setting, total, progress) as session:
            for call in calls:
                session.add(call)
                yield from session.ready()
                while session.full:
                    session.wait()
                    yield from session.ready()
            while session.pending:
                session.wait()
                yield from session.ready()

    def plan(self, calls: Iterable[ChatCall]) -> DryRun:
        """What `complete` would ask and what it would cost; nothing is sent, and no key is needed."""
        with ReplyCache(self.cache) as cache:
            return plan(self.config, cache, calls)
