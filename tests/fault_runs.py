"""Seeded fault runs: one kind of harm at a random moment, then the same command again; right bytes are all that counts.

A run is right when every node of the graph is in the store with the very bytes of an undisturbed run, as its manifest
and its files say, and nothing unfinished can be read.
"""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fault_drivers import Driving, ended, finish, job, kill, open_small_store, start
from fault_graph import BIG_BYTES
from lifealign_bench.benchmark.graph import Graph
from lifealign_bench.benchmark.leases import Lease
from lifealign_bench.benchmark.remote_store import RemoteStore
from lifealign_bench.benchmark.store import MANIFEST, Store
from s3_server import Line, S3Server, environment_for

RUN_S = 0.8
"""About how long the small graph takes alone: moments of harm are drawn from it."""


@dataclass(frozen=True)
class Result:
    """What a fault run came to; struck: whether the harm was done while there was something to harm."""

    seed: int
    fault: str
    place: str
    right: bool
    struck: bool
    note: str


@dataclass
class Scene:
    """A fresh store and all that a fault may use; run_s: about how long a driver takes alone."""

    rng: random.Random
    folder: Path
    suite: Path | None
    graph: Graph
    url: str | None
    server: S3Server | None
    run_s: float
    drivers: int = 0

    def driving(self, **changes: Any) -> Driving:
        """A new driver: on a URL with copies of its own, as on another machine; else on the same folder."""
        self.drivers += 1
        here = self.folder / (f"copies{self.drivers}" if self.url else "store")
        said = self.folder / f"said{self.drivers}.json"
        environment = self.server.environment if self.server else {}
        given = Driving(here, said, self.suite, self.url, environment)
        return dataclasses.replace(given, **changes)

    def moment(self) -> None:
        """Wait for a random part of a run; on S3 the small graph's takes longer, most of one that trains does not."""
        time.sleep(self.rng.uniform(0.02, self.run_s * (2.5 if self.url and not self.suite else 1.0)))

    def check(self, said: Mapping[str, Any]) -> None:
        """Raises unless a driver settled every node of the graph."""
        assert "error" not in said, said
        assert not said["failures"], said
        assert said["states"]["done"] + said["states"]["cached"] == len(self.graph.nodes), said


def killed(scene: Scene) -> bool:
    """Up to three drivers are killed, each at a random moment."""
    struck = False
    for _ in range(scene.rng.randint(1, 3)):
        process = start(scene.driving())
        scene.moment()
        struck = kill(process) or struck
    return struck


def two_drivers(scene: Scene) -> bool:
    """Two drivers at once, one of which may be killed."""
    drivings = [scene.driving(), scene.driving()]
    processes = [start(driving) for driving in drivings]
    if scene.rng.random() < 0.5:
        scene.moment()
        struck = kill(processes[1])
        scene.check(ended(processes[0], drivings[0]))
        return struck
    said = [ended(process, driving) for process, driving in zip(processes, drivings, strict=True)]
    for one in said:
        scene.check(one)
    return all(one["states"]["done"] for one in said) or any(one["elsewhere"] for one in said)


def full_disk(scene: Scene) -> bool:
    """The folder's file system, or the longest file, is too small; then there is room."""
    if scene.rng.random() < 0.5 or os.geteuid() != 0:
        said = finish(scene.driving(file_bytes=scene.rng.randint(5_000, BIG_BYTES - 1)))
        return said.get("error") == "StoreError"
    with small_disk(scene.folder / "disk", scene.rng.randint(60, 400)) as disk:
        said = finish(scene.driving(here=disk / "store"))
        if scene.url is None and (disk / "store").is_dir():
            # More room is given by moving house: the plain copy of a folder is a store.
            shutil.copytree(disk / "store", scene.folder / "store")
    return said.get("error") == "StoreError"


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    """A file system of so many KiB."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def cut(scene: Scene) -> bool:
    """The line to the store is cut for a while, or the server's process stands still, and comes back."""
    assert scene.server is not None
    line = Line(scene.server.port)
    driving = scene.driving(environment=environment_for(line.port))
    process = start(driving)
    struck = False
    for _ in range(scene.rng.randint(1, 2)):
        scene.moment()
        struck = process.is_alive() or struck
        if scene.rng.random() < 0.5:
            line.cut()
            time.sleep(scene.rng.uniform(0.1, 1.5))
            line.mend()
        else:
            os.kill(scene.server.process.pid, signal.SIGSTOP)
            time.sleep(scene.rng.uniform(0.1, 1.5))
            os.kill(scene.server.process.pid, signal.SIGCONT)
    scene.check(ended(process, driving))
    line.close()
    return struck


def flipped(scene: Scene) -> bool:
    """A finished node's byte is flipped; the node is found, reported and computed again."""
    scene.check(finish(scene.driving()))
    graph = scene.graph
    child = scene.rng.choice([node for node in graph.nodes.values() if node.parents])
    victim = scene.rng.choice(sorted(child.parents.values()))
    driving = scene.driving()
    store = open_small_store(driving)
    flip(store, victim, scene.rng)
    if isinstance(store, RemoteStore):
        # A store's bytes are looked at when they are needed: by a node that is computed on another machine.
        shutil.rmtree(driving.here, ignore_errors=True)
        store.files.remove(f"nodes/{child.key[:2]}/{child.key}/{MANIFEST}")
    said = finish(driving)
    scene.check(said)
    assert said["damaged"] == [graph.nodes[victim].label], f"reported {said['damaged']}"
    return True


def flip(store: Store, key: str, rng: random.Random) -> None:
    """Flip one bit of one file of a node, where the store keeps it."""
    lines = [line.split("  ", 1) for line in (store.path(key) / MANIFEST).read_text("utf-8").splitlines()]
    sha, name = rng.choice(lines)
    if isinstance(store, RemoteStore):
        place = f"blobs/{sha[:2]}/{sha}"
        content = store.files.read(place)
        assert content is not None
        store.files.write(place, _with_flipped_bit(content, rng))
    else:
        path = store.path(key) / name
        path.write_bytes(_with_flipped_bit(path.read_bytes(), rng))


def _with_flipped_bit(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]


def stopped(scene: Scene) -> bool:
    """A driver stands still for longer than a lease lasts, while another one runs; then it goes on."""
    slow, quick = scene.driving(), scene.driving()
    process = start(slow)
    scene.moment()
    struck = process.is_alive()
    if process.pid is not None and struck:
        os.kill(process.pid, signal.SIGSTOP)
    scene.check(finish(quick))
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, signal.SIGCONT)
    scene.check(ended(process, slow))
    return struck


def skewed(scene: Scene) -> bool:
    """Wall clocks are years apart, and the holder of a lock was a machine that is gone."""
    driving = scene.driving(clock_s=scene.rng.choice([-1, 1]) * 10 * 365 * 86400.0)
    store = open_small_store(driving)
    node = scene.rng.choice(list(scene.graph.nodes.values()))
    gone = Lease("gone", "a-machine-that-is-gone", "another boot", 1, "0")
    store.locks.place.create(node.key, scene.rng.randint(0, 9), gone.to_bytes())
    other = scene.driving(clock_s=-driving.clock_s)
    process = start(other)
    said = finish(driving)
    scene.check(said)
    scene.check(ended(process, other))
    return True


FAULTS: Mapping[str, Callable[[Scene], bool]] = {
    "kill": killed,
    "two drivers": two_drivers,
    "full disk": full_disk,
    "flipped bit": flipped,
    "stopped process": stopped,
    "skewed clocks": skewed,
    "cut store": cut,
}


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing happened to: its graph, its suite if it is a real one, and the manifests of all its nodes."""

    suite: Path | None
    graph: Graph
    manifests: Mapping[str, str]
    run_s: float


def undisturbed(folder: Path, suite: Path | None = None) -> Undisturbed:
    """Run a graph to its end and keep what is right; and of a suite that trains, how long that took."""
    folder.mkdir(parents=True)
    graph, _, _ = job(suite)
    scene = Scene(random.Random(0), folder, suite, graph, None, None, RUN_S)
    driving, began = scene.driving(), time.monotonic()
    scene.check(finish(driving))
    run_s = RUN_S if suite is None else time.monotonic() - began
    store = open_small_store(driving)
    manifests = {key: (store.path(key) / MANIFEST).read_text("utf-8") for key in graph.nodes}
    return Undisturbed(suite, graph, manifests, run_s)


def fault_run(seed: int, folder: Path, right: Undisturbed, server: S3Server | None, fault: str = "") -> Result:
    """One run: what its seed says happens to a fresh store, then the same command to the end, then every byte compared.

    server: None for folders only. fault: the fault by name, else by the seed.
    """
    rng = random.Random(seed)
    names = [name for name in FAULTS if name != "cut store" or server is not None]
    fault = fault or names[seed % len(names)]
    remote = server is not None and (fault == "cut store" or rng.random() < 0.25)
    folder.mkdir(parents=True)
    url = f"s3://bench/run{seed}-{rng.randrange(10**6)}/store" if remote else None
    scene = Scene(rng, folder, right.suite, right.graph, url, server, right.run_s)
    try:
        struck = FAULTS[fault](scene)
        again = scene.driving()
        scene.check(finish(again))
        problems = differences(open_small_store(again), right.manifests)
    except AssertionError as error:
        struck, problems = True, [str(error)]
    place = "S3" if remote else "folder"
    return Result(seed, fault, place, not problems, struck, "; ".join(problems)[:300])


def differences(store: Store, right: Mapping[str, str]) -> list[str]:
    """What of a store is not as in an undisturbed run, and what unfinished lies where readers look."""
    found = []
    for key, manifest in right.items():
        if not store.has(key):
            found.append(f"{key[:8]} is lost")
        elif (store.path(key) / MANIFEST).read_text("utf-8") != manifest:
            found.append(f"{key[:8]} has another manifest")
        else:
            found += [f"{key[:8]}: {problem}" for problem in store.verify(key)]
    return found + [f"{name} is no node" for name in _nodes(store) if name not in right]


def _nodes(store: Store) -> list[str]:
    if isinstance(store, RemoteStore):
        return [name.split("/")[2] for name in store.files.sizes("nodes") if name.endswith(MANIFEST)]
    return [path.name for path in (store.root / "nodes").glob("*/*")]
