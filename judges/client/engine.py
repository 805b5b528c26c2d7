"""The thread in which the workers live, so that the caller's own thread needs no event loop and may have one."""

from __future__ import annotations

import asyncio
import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from lifealign_bench.judges.chat import ChatCall
from lifealign_bench.judges.client.config import Budget
from lifealign_bench.judges.client.gate import Gate
from lifealign_bench.judges.client.progress import Tally
from lifealign_bench.judges.client.waiting import Clock
from lifealign_bench.judges.client.workers import Learned, Replied, Task, Workers


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more will come; error: why not everything came."""

    error: BaseException | None


Event = Replied | Learned | Ended


class Engine:
    """Questions in, events out."""

    def __init__(self, task: Task, budget: Budget, clock: Clock, generator: random.Random) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.tally = Tally()
        self.gate = Gate(task.config, budget, clock, self.tally)
        self._workers = Workers(task, self.gate, generator, self.events.put)
        self._loop = asyncio.new_event_loop()
        self._work = self._loop.create_task(self._workers.serve())
        self._thread = threading.Thread(target=self._run, name="chat client", daemon=True)
        self._thread.start()

    def ask(self, key: str, call: ChatCall) -> None:
        """Ask a question; its end comes as an event."""
        self._soon(lambda: self._workers.questions.put_nowait((key, call)))

    def finish(self) -> None:
        """Send no further request; what is in flight is finished and kept."""
        self._soon(lambda: self.gate.stop(None))

    def abandon(self) -> None:
        """Drop what is in flight."""
        self._soon(lambda: self._work.cancel())

    def join(self, seconds: float | None) -> bool:
        """Wait for the end; whether it came (never where the workers themselves ask, who would wait for ever)."""
        if threading.current_thread() is self._thread:
            return False
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _soon(self, action: Callable[[], object]) -> None:
        if self._thread.is_alive() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action)

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self._loop.run_until_complete(self._work)
        except asyncio.CancelledError:
            pass
        except BaseException as raised:  # noqa: BLE001 - raised again in the thread that waits for the answers
            error = raised
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            self.events.put(Ended(error))
