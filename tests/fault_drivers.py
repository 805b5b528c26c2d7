"""Processes that compute one graph on one store, started by a test that does harm to them."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from fault_graph import small_graph, small_work
from lifealign_bench.benchmark.engine import Unwatched, Work, run_graph
from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.nodes import run_node
from lifealign_bench.benchmark.remote_files import RemoteFiles
from lifealign_bench.benchmark.remote_store import RemoteStore
from lifealign_bench.benchmark.store import Store

PRELOADED = ("fault_drivers", "s3fs", "aiobotocore", "lifealign_bench.benchmark.training.phases", "peft")
BEAT_S, LEASE_S = 0.3, 1.5
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Driving:
    """What one driver process is given.

    suite: the file of a real suite, None for the small graph. url: the store's, None for a folder. here: the folder of
    the store, or of its copies. said: the file for what it has to say. clock_s: how wrong its wall clock is.
    file_bytes: the largest file that it may write.
    """

    here: Path
    said: Path
    suite: Path | None = None
    url: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    clock_s: float = 0.0
    file_bytes: int | None = None


def context() -> Any:
    """Processes that start quickly: what is slow to import is imported once."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(list(PRELOADED))
    return found


def open_small_store(driving: Driving) -> Store:
    """The store of a driver, with leases that end within a test's time."""
    if driving.url is None:
        return Store(driving.here, BEAT_S, LEASE_S)
    return RemoteStore(RemoteFiles(driving.url, PATIENCE_S), driving.here, BEAT_S, LEASE_S)


def job(suite: Path | None) -> tuple[Graph, Any, Work]:
    """A graph, its world and what computes its nodes."""
    if suite is None:
        return small_graph(), None, small_work
    from lifealign_bench.benchmark.environment import settle_process
    from lifealign_bench.benchmark.plan import make_plan
    from lifealign_bench.benchmark.suite import load_suite
    from lifealign_bench.benchmark.world import load_world

    settle_process(1)
    loaded = load_suite(str(suite))
    world = load_world(loaded, suite.parent / "cache", lambda text: None)
    return make_plan(loaded, world).graph, world, run_node


class Notes(Unwatched):
    """Keeps what a driver was told about damaged nodes and nodes held elsewhere."""

    def __init__(self) -> None:
        self.found_damaged: list[str] = []
        self.held_elsewhere = 0

    def damaged(self, node: Node, problems: Sequence[str]) -> None:
        """See `Listener`."""
        self.found_damaged.append(node.label)

    def waiting(self, node: Node, holder: str) -> None:
        """See `Listener`."""
        self.held_elsewhere += 1


def drive(driving: Driving) -> None:
    """A driver's whole life."""
    os.environ.update(driving.environment)
    if driving.clock_s:
        true_time = time.time
        time.time = lambda: true_time() + driving.clock_s
    if driving.file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (driving.file_bytes, driving.file_bytes))
    notes = Notes()
    said: dict[str, object] = {}
    try:
        graph, world, work = job(driving.suite)
        outcome = run_graph(graph, world, open_small_store(driving), notes, work=work)
        states = {state: outcome.count(state) for state in ("done", "cached", "failed", "skipped")}
        said = {"states": states, "failures": [failure.message for failure in outcome.failures]}
    # Whatever ends a driver is for the test to judge.
    except Exception as error:  # noqa: BLE001
        said = {"error": type(error).__name__, "message": str(error)}
    said |= {"damaged": notes.found_damaged, "elsewhere": notes.held_elsewhere}
    driving.said.write_text(json.dumps(said), "utf-8")


def start(driving: Driving) -> BaseProcess:
    """A driver's process, started."""
    process: BaseProcess = context().Process(target=drive, args=(driving,))
    process.start()
    return process


def finish(driving: Driving, limit_s: float = 600.0) -> dict[str, Any]:
    """Run a driver to its end; what it said, raises where it said nothing."""
    return ended(start(driving), driving, limit_s)


def ended(process: BaseProcess, driving: Driving, limit_s: float = 600.0) -> dict[str, Any]:
    """What a driver said when it ended; raises where it said nothing."""
    process.join(limit_s)
    if process.is_alive():
        process.kill()
        raise AssertionError("a driver never came to its end")
    said: dict[str, Any] = json.loads(driving.said.read_text("utf-8"))
    return said


def kill(process: BaseProcess) -> bool:
    """SIGKILL; whether the process was still alive."""
    alive = process.is_alive()
    process.kill()
    process.join()
    return alive
