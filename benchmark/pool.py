"""Processes that compute nodes side by side, each reached through a pipe of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Literal, Self

from lifealign_bench.benchmark.computing import Computing, Ended, Work
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.listening import Failure, Listener, Unwatched
from lifealign_bench.benchmark.nodes import run_node
from lifealign_bench.benchmark.store import Store, StoreError
from lifealign_bench.benchmark.world import LoadedWorld

# What takes seconds to import is imported once, by the process that the workers are forked from.
PRELOADED = ("lifealign_bench.benchmark.nodes", "lifealign_bench.benchmark.training.phases", "peft")
LONGEST_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class StoreBroke:
    """The store cannot be written: nothing that any worker does could be kept."""

    message: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker's listener was told: the name of its method, and all but the node."""

    what: Literal["started", "progressed", "waiting", "damaged"]
    rest: tuple[Any, ...]


@dataclass(slots=True)
class Worker:
    """A process, the parent's end of its pipe, and the node that it computes."""

    process: BaseProcess
    pipe: Connection
    node: Node


class Pool:
    """Up to `size` processes, started as they are needed; leaving the context ends them all at once.

    A process that dies (out of memory, killed) fails its node and nothing else.
    """

    def __init__(
        self, size: int, world: LoadedWorld, store: Store, around: Mapping[str, object], work: Work = run_node
    ) -> None:
        self.size = size
        self._setting = (world, store, dict(around), work)
        self._busy: list[Worker] = []
        self._idle: list[Worker] = []
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(PRELOADED))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in (*self._busy, *self._idle):
            worker.process.terminate()
        for worker in (*self._busy, *self._idle):
            worker.process.join()
            worker.pipe.close()

    @property
    def running(self) -> list[Node]:
        """The nodes that are being computed."""
        return [worker.node for worker in self._busy]

    @property
    def full(self) -> bool:
        """Whether another node would have to wait."""
        return len(self._busy) >= self.size

    def submit(self, node: Node) -> None:
        """Have a node computed; only while the pool is not full."""
        worker = self._idle.pop() if self._idle else self._start(node)
        worker.node = node
        self._busy.append(worker)
        # A worker that died while it was idle is found dead when its answer is read.
        with contextlib.suppress(BrokenPipeError):
            worker.pipe.send(node)

    def ended(self, listener: Listener) -> Iterator[tuple[Node, Ended]]:
        """Wait a moment for news: tell the listener of progress and yield what ended.

        Raises:
            StoreError: a worker could not write the store.
        """
        news = wait([worker.pipe for worker in self._busy], LONGEST_WAIT_S) if self._busy else []
        for worker in [worker for worker in self._busy if worker.pipe in news]:
            try:
                said = worker.pipe.recv()
            except (EOFError, ConnectionResetError):
                self._busy.remove(worker)
                worker.process.join()
                worker.pipe.close()
                message = f"its process died ({_how(worker.process.exitcode)}); was there too little memory?"
                yield worker.node, Ended("failed", Failure(worker.node, message, message))
                continue
            if isinstance(said, StoreBroke):
                raise StoreError(said.message)
            if isinstance(said, Ended):
                self._busy.remove(worker)
                self._idle.append(worker)
                yield worker.node, said
            elif isinstance(said, Told):
                getattr(listener, said.what)(worker.node, *said.rest)

    def _start(self, node: Node) -> Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, *self._setting), daemon=True)
        process.start()
        theirs.close()
        return Worker(process, ours, node)


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


class _Reporter(Unwatched):
    """In a worker: a listener that sends what the parent cannot know through the pipe."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe

    def started(self, node: Node) -> None:
        """Send it on."""
        self.pipe.send(Told("started", ()))

    def progressed(self, node: Node, what: str, done: int, total: int, loss: float | None) -> None:
        """Send it on."""
        self.pipe.send(Told("progressed", (what, done, total, loss)))

    def waiting(self, node: Node, holder: str) -> None:
        """Send it on."""
        self.pipe.send(Told("waiting", (holder,)))

    def damaged(self, node: Node, problems: Sequence[str]) -> None:
        """Send it on."""
        self.pipe.send(Told("damaged", (tuple(problems),)))


def _work(pipe: Connection, world: LoadedWorld, store: Store, around: dict[str, object], work: Work) -> None:
    """The whole life of a worker: a node in, what became of it out, until the parent is gone."""
    from lifealign_bench.benchmark.environment import settle_process

    # Ctrl-C reaches every process of a terminal; the parent ends its workers itself, who then clean up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settle_process(world.suite.threads)
    computing = Computing(world, store, _Reporter(pipe), around, work)
    with contextlib.suppress(EOFError, OSError):
        while True:
            node: Node = pipe.recv()
            try:
                ended = computing.attempt(node)
            except StoreError as error:
                pipe.send(StoreBroke(str(error)))
                return
            pipe.send(ended)
