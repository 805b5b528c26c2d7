"""The store: content-addressed folders that are written beside their place, then renamed, and never rewritten."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from lifealign_bench.benchmark.durable import StoreError, explained, read_json, sync_file, sync_tree, write_whole
from lifealign_bench.benchmark.lease_folder import FolderLeases
from lifealign_bench.benchmark.leases import BEAT_S, LEASE_S, HeldLock, Locks
from lifealign_bench.data.errors import InputError

LAYOUT = 1
MANIFEST = "MANIFEST.sha256"
FIRST_LOOK_S, LONGEST_LOOK_S = 0.05, 2.0

__all__ = ["LAYOUT", "MANIFEST", "DamagedNodeError", "Store", "StoreError", "manifest"]


class DamagedNodeError(StoreError):
    """A finished node whose bytes are not those of its manifest; it was taken out of the store."""

    def __init__(self, key: str, problems: list[str]) -> None:
        super().__init__(f"node {key[:16]} is damaged and was taken out of the store: {problems[0]}")
        self.key = key
        self.problems = problems


class Store:
    """Finished nodes by key under `root/nodes`, what was not determined about them under `root/provenance`.

    Raises:
        InputError: the folder holds a store of another layout, or is no folder.
        StoreError: the folder cannot be made or written.
    """

    def __init__(self, root: Path, beat_s: float = BEAT_S, lease_s: float = LEASE_S) -> None:
        self.root = root.absolute()
        try:
            with explained(self.root):
                for name in ("nodes", "scratch", "locks", "provenance"):
                    (self.root / name).mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise InputError(error.filename, "store", "a file", "a folder, or nothing yet") from None
        self.locks = Locks(FolderLeases(self.root / "locks"), beat_s, lease_s)
        self._sound: set[str] = set()
        self._check_layout()

    @property
    def address(self) -> str:
        """Where the store is, for people."""
        return str(self.root)

    def path(self, key: str) -> Path:
        """Where the node of a key lies, finished or not."""
        return self._here(key)

    def has(self, key: str) -> bool:
        """Whether the node is finished; a folder is in its place only then."""
        return self.path(key).is_dir()

    def read_json(self, key: str, name: str) -> Any:
        """A JSON file of a finished node.

        Raises:
            StoreError: the node or the file is not there, or is damaged.
        """
        return read_json(self.path(key) / name)

    @contextmanager
    def write(
        self, key: str, kind: str, inputs: Mapping[str, object], parents: Mapping[str, str] | None = None
    ) -> Iterator[Path]:
        """An empty folder that becomes the finished node when the context ends well and vanishes when it does not.

        Adds `node.json` (kind, key, inputs, parents) and `MANIFEST.sha256`. Where another process was faster, its
        node stays.

        Raises:
            StoreError: the disk is full or cannot be written.
        """
        scratch = self.scratch(key)
        try:
            with explained(scratch):
                scratch.mkdir()
                yield scratch
                record = {"kind": kind, "key": key, "inputs": inputs, "parents": dict(parents or {})}
                text = json.dumps(record, indent=2, sort_keys=True, allow_nan=False)
                (scratch / "node.json").write_text(text + "\n", "utf-8")
                (scratch / MANIFEST).write_text(manifest(scratch), "utf-8")
                sync_tree(scratch)
                self._publish(scratch, self._here(key))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def try_lock(self, key: str) -> HeldLock | None:
        """The node's lock, None while another process holds it; see `leases`.

        Raises:
            StoreError: the store cannot be written.
        """
        with explained(self.root / "locks"):
            return self.locks.try_hold(key)

    def holder(self, key: str) -> str | None:
        """The process that holds a node's lock, None if nobody does."""
        lease = self.locks.holder(key)
        return None if lease is None else lease.holder

    @contextmanager
    def lock(self, key: str, waiting: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold the node's lock between processes; a process that dies lets go of it.

        `waiting` is called once if another process holds it.
        """
        held = self.try_lock(key)
        if held is None and waiting is not None:
            waiting()
        pause = FIRST_LOOK_S
        while held is None:
            time.sleep(pause)
            pause = min(LONGEST_LOOK_S, pause * 1.5)
            held = self.try_lock(key)
        with self.releasing(held):
            yield

    @contextmanager
    def releasing(self, held: HeldLock) -> Iterator[None]:
        """Let go of a lock when the context ends; once its node is finished, the lock's own file goes, too."""
        with held:
            yield
            if self.has(held.name):
                held.release(for_good=True)

    def sound(self, key: str) -> bool:
        """Whether a finished node's files still have the hashes of its manifest; asked once a process."""
        if key not in self._sound and not self.verify(key):
            self._sound.add(key)
        return key in self._sound

    def discard(self, key: str) -> None:
        """Take a damaged node out, into the folder `damaged`; only while its lock is held."""
        self._sound.discard(key)
        with explained(self.root):
            aside = self.root / "damaged"
            aside.mkdir(exist_ok=True)
            self._here(key).rename(aside / f"{key}.{secrets.token_hex(4)}")

    def forget(self, key: str) -> None:
        """Know nothing of a node that another process may have taken out."""
        self._sound.discard(key)

    def rescue(self, key: str) -> bool:
        """Whether a node that is not finished here could be finished from bytes that were computed before."""
        return False

    def scratch(self, key: str) -> Path:
        """A name of this process's own for an unfinished node."""
        return self.root / "scratch" / f"{key}.{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"

    def write_provenance(self, key: str, record: Mapping[str, object]) -> None:
        """Keep what is not determined about a node: machine, times, cost."""
        write_whole(self.root / "provenance" / f"{key}.json", json.dumps(record, indent=2, sort_keys=True) + "\n")

    def read_provenance(self, key: str) -> dict[str, Any]:
        """What `write_provenance` kept, empty if nothing."""
        path = self.root / "provenance" / f"{key}.json"
        return dict(read_json(path)) if path.is_file() else {}

    def verify(self, key: str) -> list[str]:
        """What differs between a node's files and its manifest, a line each; empty if nothing."""
        folder = self._here(key)
        try:
            written = (folder / MANIFEST).read_text("utf-8").splitlines()
            found = manifest(folder).splitlines()
        except (OSError, ValueError) as error:
            return [f"cannot be read: {error}"]
        return [f"manifest has {line}" for line in written if line not in found] + [
            f"folder has {line}" for line in found if line not in written
        ]

    def sweep(self) -> list[Path]:
        """Remove what dead processes of this machine left half-written; returns what was removed.

        A folder stays while its node's lock is held: its writer may live where this process cannot see it, as in
        another container that has the same name.
        """
        removed = []
        for scratch in sorted((self.root / "scratch").iterdir()):
            if not _abandoned(scratch):
                continue
            held = self.try_lock(scratch.name.split(".")[0])
            if held is not None:
                with held:
                    shutil.rmtree(scratch, ignore_errors=True)
                    removed.append(scratch)
        return removed

    def _here(self, key: str) -> Path:
        return self.root / "nodes" / key[:2] / key

    def _publish(self, scratch: Path, target: Path) -> None:
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            sync_file(target.parent.parent)
        try:
            scratch.rename(target)
        except OSError as error:
            # Another process finished the same node first: equal keys mean equal bytes.
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST) and target.is_dir():
                return
            raise
        sync_file(target.parent)

    def _check_layout(self) -> None:
        path = self.root / "store.json"
        if not path.is_file():
            write_whole(path, json.dumps({"layout": LAYOUT}) + "\n")
        found = read_json(path)
        layout = found.get("layout") if isinstance(found, dict) else None
        if layout != LAYOUT:
            raise InputError(path, "layout", layout, f"{LAYOUT}; use another workspace, or the version that wrote this")


def manifest(folder: Path) -> str:
    """A line `sha256  name` for every file of a folder but the manifest, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return "".join(f"{hash_of(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)


def hash_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _abandoned(scratch: Path) -> bool:
    """Whether the process that made a folder is gone from this machine, its number perhaps given to a younger one."""
    named = re.fullmatch(r"[^.]+\.(?P<host>.+)\.(?P<pid>\d+)\.[0-9a-f]+", scratch.name)
    if named is None or named["host"] != socket.gethostname():
        return False
    try:
        return psutil.Process(int(named["pid"])).create_time() > scratch.stat().st_mtime + 1
    except psutil.NoSuchProcess:
        return True
    except OSError:
        # Its writer finished it this very moment.
        return False
