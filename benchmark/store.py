"""The store: content-addressed folders that are written beside their place, then renamed, and never rewritten."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import psutil

from lifealign_bench.data.errors import InputError, LifeAlignError

LAYOUT = 1
MANIFEST = "MANIFEST.sha256"
_NO_ROOM = {errno.ENOSPC: "no space is left", errno.EDQUOT: "the disk quota is used up", errno.EFBIG: "a file too big"}
_NO_RIGHT = {errno.EROFS: "the file system is read-only", errno.EACCES: "writing is not allowed", errno.EPERM: "denied"}


class StoreError(LifeAlignError):
    """The store cannot be written or read; what was finished before is kept."""

    exit_code = 3


class Store:
    """Finished nodes by key under `root/nodes`, what was not determined about them under `root/provenance`.

    Raises:
        InputError: the folder holds a store of another layout.
        StoreError: the folder cannot be made or written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        with _explained(self.root):
            for name in ("nodes", "scratch", "locks", "provenance"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
        self._check_layout()

    def path(self, key: str) -> Path:
        """Where the node of a key lies, finished or not."""
        return self.root / "nodes" / key[:2] / key

    def has(self, key: str) -> bool:
        """Whether the node is finished; a folder is in its place only then."""
        return self.path(key).is_dir()

    def read_json(self, key: str, name: str) -> Any:
        """A JSON file of a finished node.

        Raises:
            StoreError: the node or the file is not there, or is damaged.
        """
        return _read_json(self.path(key) / name)

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
        scratch = self.root / "scratch" / f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            with _explained(scratch):
                scratch.mkdir()
                yield scratch
                record = {"kind": kind, "key": key, "inputs": inputs, "parents": dict(parents or {})}
                text = json.dumps(record, indent=2, sort_keys=True, allow_nan=False)
                (scratch / "node.json").write_text(text + "\n", "utf-8")
                (scratch / MANIFEST).write_text(manifest(scratch), "utf-8")
                _sync(scratch)
                self._publish(scratch, self.path(key))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def lock(self, key: str, waiting: Callable[[], None] | None = None) -> filelock.BaseFileLock:
        """The node's lock between processes, held as a context; a process that dies lets go of it.

        `waiting` is called once if another process holds it.
        """
        lock = filelock.FileLock(self.root / "locks" / f"{key}.lock")
        with _explained(self.root / "locks"):
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                if waiting is not None:
                    waiting()
                lock.acquire()
        return lock

    def write_provenance(self, key: str, record: Mapping[str, object]) -> None:
        """Keep what is not determined about a node: machine, times, cost."""
        path = self.root / "provenance" / f"{key}.json"
        scratch = path.with_name(f"{path.name}.{os.getpid()}")
        with _explained(path):
            scratch.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", "utf-8")
            scratch.replace(path)

    def read_provenance(self, key: str) -> dict[str, Any]:
        """What `write_provenance` kept, empty if nothing."""
        path = self.root / "provenance" / f"{key}.json"
        return dict(_read_json(path)) if path.is_file() else {}

    def verify(self, key: str) -> list[str]:
        """What differs between a node's files and its manifest, a line each; empty if nothing."""
        folder = self.path(key)
        written = (folder / MANIFEST).read_text("utf-8").splitlines()
        found = manifest(folder).splitlines()
        return [f"manifest has {line}" for line in written if line not in found] + [
            f"folder has {line}" for line in found if line not in written
        ]

    def sweep(self) -> list[Path]:
        """Remove what dead processes of this machine left half-written; returns what was removed."""
        removed = []
        for scratch in (self.root / "scratch").iterdir():
            host, pid, _ = scratch.name.rsplit(".", 2)
            if host == socket.gethostname() and not psutil.pid_exists(int(pid)):
                shutil.rmtree(scratch, ignore_errors=True)
                removed.append(scratch)
        return removed

    def _publish(self, scratch: Path, target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        try:
            scratch.rename(target)
        except OSError as error:
            # Another process finished the same node first: equal keys mean equal bytes.
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST) and target.is_dir():
                return
            raise
        _sync_folder(target.parent)

    def _check_layout(self) -> None:
        path = self.root / "store.json"
        if not path.is_file():
            scratch = path.with_name(f"store.json.{os.getpid()}")
            with _explained(path):
                scratch.write_text(json.dumps({"layout": LAYOUT}) + "\n", "utf-8")
                scratch.replace(path)
        found = _read_json(path)
        layout = found.get("layout") if isinstance(found, dict) else None
        if layout != LAYOUT:
            raise InputError(path, "layout", layout, f"{LAYOUT}; use another workspace, or the version that wrote this")


def manifest(folder: Path) -> str:
    """A line `sha256  name` for every file of a folder but the manifest, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return "".join(f"{_sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise StoreError(f"{path}: is damaged: {error}") from error


def _sync(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        _sync_folder(path)


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn a disk that is full or closed into one error that names the path and what to do."""
    try:
        yield
    except OSError as error:
        problem = (_NO_ROOM | _NO_RIGHT).get(error.errno or 0)
        if problem is None:
            raise
        advice = "free some" if error.errno in _NO_ROOM else "choose another folder"
        text = f"{error.filename or path}: {problem}; {advice} and type the same command again: finished nodes are kept"
        raise StoreError(text) from error
