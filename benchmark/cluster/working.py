"""What a worker of a cluster does with a node: opens the bench once, then computes as the local engine does."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from lifealign_bench.benchmark.bases import base_identity, resolve_base, shipped_base
from lifealign_bench.benchmark.cluster.sent import Said
from lifealign_bench.benchmark.computing import Computing
from lifealign_bench.benchmark.cost import machine
from lifealign_bench.benchmark.environment import environment, settle_process
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.listening import Unwatched
from lifealign_bench.benchmark.store import Store, StoreError
from lifealign_bench.benchmark.world import OF_WORLD, LoadedWorld
from lifealign_bench.data.errors import LifeAlignError
from lifealign_bench.methods.identity import source_hash
from lifealign_bench.methods.registry import find_method

QUIET_S = 0.5
"""Between two reports of one node's progress."""


@dataclass(frozen=True)
class Bench:
    """All that a cluster needs for a graph: its nodes by key, the suite's world, the store that every machine sees."""

    nodes: Mapping[str, Node]
    world: LoadedWorld
    store: Store


class UnfitError(LifeAlignError):
    """This machine would not leave the bytes that the plan's keys stand for."""


def work_on(bench: Any, news: Any, key: str) -> Said:
    """Compute a node: how it ended, with message and details where it failed; `bench` and `news` are Ray's references.

    Whether this machine is fit for it is looked at first: an unfit one computes nothing.
    """
    try:
        opened, around = _opened(bench)
        node = opened.nodes[key]
        _check_method(node)
    except UnfitError as error:
        return "unfit", f"worker on {socket.gethostname()}: {error}"
    reporter = _Reporter(news)
    reporter.started(node)
    try:
        ended = Computing(opened.world, opened.store, reporter, around).insist(node)
    except StoreError as error:
        return "broken", str(error)
    # The node itself stays here: who asked has it.
    said = [getattr(ended.failure, field.name) for field in fields(ended.failure)[1:]] if ended.failure else []
    return str(ended.state), *said


@lru_cache(maxsize=1)
def _opened(bench: Any) -> tuple[Bench, Mapping[str, object]]:
    """The bench as this machine works on it, and the machine, for provenance. Once for all nodes of a process.

    Raises:
        UnfitError: other libraries, another kind of device, or another base than was planned with.
    """
    import ray

    sent: Bench = ray.get(bench)
    planned = dict(sent.world.environment)
    if planned["device"] == "cpu":
        os.environ["LIFEALIGN_DEVICE"] = "cpu"
    settle_process(sent.world.suite.threads)
    own = environment(sent.world.suite)
    for name, value in own.items():
        if value != planned[name]:
            raise UnfitError(f"{name}: found {value}, expected {planned[name]}, with which this was planned")
    return replace(sent, world=_with_own_base(sent.world, sent.store.root)), machine()


def _with_own_base(world: LoadedWorld, cache: Path) -> LoadedWorld:
    """The world with its base where it lies on this machine."""
    if world.base_folder is None:
        return world
    source, folder = world.suite.base.source, world.base_folder
    if source.startswith(OF_WORLD):
        folder = shipped_base(source.removeprefix(OF_WORLD))
    elif not folder.is_dir():
        folder = resolve_base(source, world.suite.base.revision)
    found = base_identity(folder, cache).digest
    if found != world.environment["base"]:
        raise UnfitError(f"base {source}: found {found[:8]} in {folder}, expected {str(world.environment['base'])[:8]}")
    return replace(world, base_folder=folder)


def _check_method(node: Node) -> None:
    """The source of a node's method must be the one that stands in its key."""
    planned = node.inputs.get("method")
    if node.method is None or not isinstance(planned, Mapping) or planned["name"] == "plain":
        return
    found = source_hash(find_method(node.method.name).method)
    if found != planned["source"]:
        raise UnfitError(f"method {node.method.title}: found source {found[:8]}, expected {planned['source'][:8]}")


class _Reporter(Unwatched):
    """A listener that sends what it hears to whoever asked, without waiting for an answer."""

    def __init__(self, news: Any) -> None:
        self.news = news
        self._last = 0.0

    def started(self, node: Node) -> None:
        """Send it on."""
        self.news.tell.remote("started", node.key)

    def progressed(self, node: Node, what: str, done: int, total: int, loss: float | None) -> None:
        """Send it on, but not too often."""
        if time.monotonic() - self._last >= QUIET_S:
            self._last = time.monotonic()
            self.news.tell.remote("progressed", node.key, what, done, total, loss)

    def damaged(self, node: Node, problems: Sequence[str]) -> None:
        """Send it on."""
        self.news.tell.remote("damaged", node.key, tuple(problems))

    def waiting(self, node: Node, holder: str) -> None:
        """Send it on."""
        self.news.tell.remote("waiting", node.key, holder)
