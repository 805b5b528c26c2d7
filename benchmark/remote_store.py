"""A store at a URL: finished nodes as objects there, a folder of this machine for what is read and written here.

A node's files lie in `blobs`, each named by its own hash and never changed. What makes it a finished node is
`nodes/ab/KEY/MANIFEST.sha256`, which is written last: readers go by it alone, so that half a node does not exist for
them. Nodes whose files lie beside their manifest, as a folder of this machine has them, are read as well.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lifealign_bench.benchmark.durable import explained, sync_tree, write_whole
from lifealign_bench.benchmark.lease_objects import ObjectLeases
from lifealign_bench.benchmark.leases import BEAT_S, LEASE_S, Locks
from lifealign_bench.benchmark.remote_files import RemoteFiles
from lifealign_bench.benchmark.store import MANIFEST, DamagedNodeError, Store, hash_of
from lifealign_bench.data.errors import InputError

OBJECTS_LAYOUT = 2
READABLE = (1, OBJECTS_LAYOUT)
LISTING_S = 2.0
TRANSFERS = 8


class RemoteStore(Store):
    """The store below `files`, with the copies and the scratch of this machine in the folder `root`.

    Raises:
        InputError: the URL holds a store of another layout.
        StoreError: the URL or the folder cannot be read or written.
    """

    def __init__(self, files: RemoteFiles, root: Path, beat_s: float = BEAT_S, lease_s: float = LEASE_S) -> None:
        super().__init__(root, beat_s, lease_s)
        self.files = files
        self.locks = Locks(ObjectLeases(files), beat_s, lease_s)
        self._finished: set[str] = set()
        self._listed = -LISTING_S
        self._check_remote_layout()

    def __reduce__(self) -> tuple[type[RemoteStore], tuple[RemoteFiles, Path, float, float]]:
        # Another process, perhaps of another machine, makes its own folder and its own connections.
        return RemoteStore, (self.files, self.root, self.locks.beat_s, self.locks.lease_s)

    @property
    def address(self) -> str:
        """Where the store is, for people."""
        return self.files.url

    def path(self, key: str) -> Path:
        """Where the copy of a node lies on this machine; one that is finished is fetched if it is not there.

        Raises:
            DamagedNodeError: its bytes are not those of its manifest; it was taken out of the store.
        """
        here = self._here(key)
        if not here.is_dir() and self.has(key):
            self._fetch(key)
        return here

    def has(self, key: str) -> bool:
        """Whether the node is finished, as the store has it now."""
        if key not in self._finished and time.monotonic() - self._listed > LISTING_S:
            self._list()
        return key in self._finished

    @contextmanager
    def write(
        self, key: str, kind: str, inputs: Mapping[str, object], parents: Mapping[str, str] | None = None
    ) -> Iterator[Path]:
        """An empty folder of this machine that becomes the finished node when the context ends well; see `Store`."""
        with super().write(key, kind, inputs, parents) as folder:
            yield folder
        self._hand_in(key)

    def rescue(self, key: str) -> bool:
        """Finish a node from this machine's whole copy, which an earlier process could not hand in."""
        self._refresh(key)
        if key in self._finished:
            return True
        if not self._here(key).is_dir():
            return False
        if super().verify(key):
            super().discard(key)
            return False
        self._hand_in(key)
        return True

    def sound(self, key: str) -> bool:
        """Whether this machine's copy of a node, if there is one, is whole; one that is not is thrown away.

        What the store itself holds is compared with its hashes whenever it is fetched.
        """
        if key not in self._sound and self._here(key).is_dir() and super().verify(key):
            super().discard(key)
        self._sound.add(key)
        return True

    def forget(self, key: str) -> None:
        """Know nothing of a node that another process may have taken out."""
        super().forget(key)
        self._finished.discard(key)

    def verify(self, key: str) -> list[str]:
        """What differs between a node's bytes in the store and its manifest; see `Store`."""
        beside = self.scratch(key)
        try:
            return self._download(key, beside)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def discard(self, key: str) -> None:
        """Take a node out of the store; its bytes stay where they are until equal ones take their place."""
        self.files.remove(_marker(key))
        for name in self.files.sizes(_folder(key)):
            self.files.remove(name)
        self.forget(key)
        if self._here(key).is_dir() and super().verify(key):
            super().discard(key)

    def write_provenance(self, key: str, record: Mapping[str, object]) -> None:
        """Keep what is not determined about a node, here and in the store."""
        super().write_provenance(key, record)
        self.files.write(f"provenance/{key}.json", (self.root / "provenance" / f"{key}.json").read_bytes())

    def read_provenance(self, key: str) -> dict[str, Any]:
        """What `write_provenance` kept, empty if nothing; all that is not here yet is fetched at once."""
        if self.has(key) and not self._provenance(key).is_file():
            missing = [known for known in sorted(self._finished) if not self._provenance(known).is_file()]
            for name, content in self.files.read_all([f"provenance/{known}.json" for known in missing]).items():
                write_whole(self.root / name, content)
        return super().read_provenance(key)

    def sweep(self) -> list[Path]:
        """As `Store.sweep`, for this machine's folder; says so at once where nothing could be written to the store.

        Raises:
            InputError: the store does not answer, or gives no right to write.
        """
        self.files.check(writing=True)
        return super().sweep()

    def _provenance(self, key: str) -> Path:
        return self.root / "provenance" / f"{key}.json"

    def _list(self) -> None:
        names = self.files.sizes("nodes")
        self._finished = {name.split("/")[2] for name in names if name.endswith(f"/{MANIFEST}")}
        self._listed = time.monotonic()

    def _refresh(self, key: str) -> None:
        """Ask for one node by name: what was listed may be seconds old."""
        if self.files.exists(_marker(key)):
            self._finished.add(key)
        else:
            self._finished.discard(key)

    def _hand_in(self, key: str) -> None:
        """Upload a node of this machine, its manifest last; where another process was faster, its node stays."""
        folder = self._here(key)
        written = (folder / MANIFEST).read_bytes()
        self._each(lambda sha, name: self.files.upload(folder / name, _blob(sha)), _lines(written))
        if not self.files.create(_marker(key), written) and self.files.read(_marker(key)) != written:
            # On a device whose sums are not exact, the first one's bytes are everybody's.
            super().discard(key)
        self._finished.add(key)

    def _fetch(self, key: str) -> None:
        """Copy a node onto this machine. Raises as `path`."""
        beside = self.scratch(key)
        try:
            with explained(self.root):
                problems = self._download(key, beside)
                if problems:
                    # Another try tells a bad transfer, or a node that is being copied here, from a bad node.
                    shutil.rmtree(beside, ignore_errors=True)
                    problems = self._download(key, beside)
                if problems:
                    self.discard(key)
                    raise DamagedNodeError(key, problems)
                sync_tree(beside)
                self._publish(beside, self._here(key))
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def _download(self, key: str, target: Path) -> list[str]:
        """Copy a node into a new folder; a line for every file that is missing or has other bytes than it should."""
        content = self.files.read(_marker(key))
        if content is None:
            return ["its manifest is gone"]
        lines = _lines(content)
        if not lines or any(name.startswith("/") or ".." in name.split("/") for _, name in lines):
            return ["its manifest cannot be read"]
        target.mkdir()
        (target / MANIFEST).write_bytes(content)
        beside = self.files.sizes(_folder(key))

        def get(sha: str, name: str) -> str | None:
            file = target / name
            file.parent.mkdir(parents=True, exist_ok=True)
            own = f"{_folder(key)}/{name}"
            if not self.files.download(own if own in beside else _blob(sha), file):
                return f"{name} is missing"
            return None if hash_of(file) == sha else f"{name} has other bytes than its manifest says"

        return [problem for problem in self._each(get, lines) if problem is not None]

    def _each(self, do: Any, lines: list[tuple[str, str]]) -> list[Any]:
        with ThreadPoolExecutor(min(TRANSFERS, len(lines))) as threads:
            return list(threads.map(lambda line: do(*line), lines))

    def _check_remote_layout(self) -> None:
        content = self.files.read("store.json")
        record = json.dumps({"layout": OBJECTS_LAYOUT}) + "\n"
        if content is None:
            self.files.create("store.json", record.encode())
            return
        try:
            found = json.loads(content).get("layout")
        except (ValueError, AttributeError):
            found = "no JSON record"
        if found not in READABLE:
            raise InputError(self.files.url, "layout", found, f"one of {READABLE}; or the version that wrote this")
        if found != OBJECTS_LAYOUT:
            self.files.write("store.json", record.encode())


def _lines(content: bytes) -> list[tuple[str, str]]:
    """Hash and name of every file of a manifest, none where it is damaged."""
    parts = [line.split("  ", 1) for line in content.decode("utf-8", "replace").splitlines()]
    return [(part[0], part[1]) for part in parts] if all(len(part) == 2 for part in parts) else []


def _folder(key: str) -> str:
    return f"nodes/{key[:2]}/{key}"


def _marker(key: str) -> str:
    return f"{_folder(key)}/{MANIFEST}"


def _blob(sha: str) -> str:
    return f"blobs/{sha[:2]}/{sha}"
