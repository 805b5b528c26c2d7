"""A stage that several processes of this machine learn together: started, watched and ended from here.

Each process runs `training.rank` and finds the others through a file; Accelerate does the rest inside of them. They
are plain child processes, so that any engine's worker may start them, whatever it is a child of itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path

from lifealign_bench.benchmark.environment import device_class
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.training.context import StageReport
from lifealign_bench.benchmark.training.ranks import Ranks
from lifealign_bench.benchmark.workshop import Workshop
from lifealign_bench.benchmark.world import LoadedWorld
from lifealign_bench.data.errors import InputError, LifeAlignError

RANK_MODULE = "lifealign_bench.benchmark.training.rank"
LAST_WORDS = 400


class RankError(LifeAlignError):
    """One of the processes that learned a stage together failed; the others were ended."""


@dataclass(frozen=True)
class Task:
    """What one process is given. meeting: the file through which the processes find each other."""

    node: Node
    world: LoadedWorld
    store: Store
    folder: Path
    ranks: Ranks
    meeting: Path


@dataclass(frozen=True, slots=True)
class Progressed:
    """The first process took a step."""

    what: str
    done: int
    total: int
    loss: float | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A process could not go on: a line for people, and the traceback."""

    message: str
    details: str


@dataclass
class _Process:
    rank: int
    process: subprocess.Popen[bytes]
    pipe: Connection
    words: Path


def train_together(node: Node, shop: Workshop, folder: Path) -> StageReport:
    """Have a train node's stage learned by as many processes as the suite says; `folder` then holds what it left.

    Raises:
        InputError: fewer GPUs than processes.
        RankError: a process failed or died.
    """
    training = shop.world.suite.training
    _require_devices(training.processes)
    with tempfile.TemporaryDirectory(prefix="lifealign-ranks-") as scratch:
        # What this process has opened stays here: each process opens its own.
        world = replace(shop.world, opened=None, _encoder=None)
        ranks = [
            Ranks(training.processes, rank, training.strategy, training.settings) for rank in range(training.processes)
        ]
        tasks = [Task(node, world, shop.store, folder, one, Path(scratch) / "meeting") for one in ranks]
        with _started(tasks, Path(scratch), world.suite.threads) as processes:
            return _watched(processes, shop)


def _require_devices(processes: int) -> None:
    if device_class() != "cuda":
        return
    import torch

    found = torch.cuda.device_count()
    if found < processes:
        raise InputError("suite", "training.processes", f"{processes} with {found} GPUs here", "at most one a GPU")


@contextmanager
def _started(tasks: list[Task], scratch: Path, threads: int) -> Iterator[list[_Process]]:
    processes: list[_Process] = []
    try:
        for task in tasks:
            processes.append(_start(task.ranks.rank, len(tasks), scratch, threads))
            processes[-1].pipe.send(task)
        yield processes
    finally:
        for one in processes:
            one.process.kill()
            one.process.wait()
            one.pipe.close()


def _start(rank: int, count: int, scratch: Path, threads: int) -> _Process:
    ours, theirs = Pipe()
    words = scratch / f"rank-{rank}.err"
    around = {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        # Accelerate would take this many from the whole machine.
        "OMP_NUM_THREADS": str(threads),
    }
    # A folder called `data` where the command was given must not be taken for ours.
    command = [sys.executable, "-P", "-m", RANK_MODULE, str(theirs.fileno())]
    with words.open("wb") as stream, theirs:
        process = subprocess.Popen(
            command,
            env={**os.environ, **around},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
    return _Process(rank, process, ours, words)


def _watched(processes: list[_Process], shop: Workshop) -> StageReport:
    """Wait for all of them; the first one's report."""
    reports: dict[int, StageReport] = {}
    while len(reports) < len(processes):
        at_work = {one.pipe: one for one in processes if one.rank not in reports}
        for ready in wait(list(at_work)):
            one = next(known for pipe, known in at_work.items() if pipe is ready)
            said = _heard(one)
            if isinstance(said, Failed):
                raise RankError(f"process {one.rank} of {len(processes)}: {said.message}") from RankError(said.details)
            if isinstance(said, StageReport):
                reports[one.rank] = said
            elif isinstance(said, Progressed):
                shop.progress(said.what, said.done, said.total, said.loss)
    return reports[0]


def _heard(one: _Process) -> object:
    try:
        return one.pipe.recv()
    except (EOFError, ConnectionResetError):
        code = one.process.wait()
        words = one.words.read_text("utf-8", "replace").strip()[-LAST_WORDS:]
        last = words.splitlines()[-1] if words else "it said nothing"
        return Failed(f"its process ended with code {code} ({last})", words)
