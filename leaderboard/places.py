"""Where results lie: folders of this machine or of any file system that fsspec knows, listed without opening a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifealign_bench.benchmark.compact.form import RECORD
from lifealign_bench.benchmark.compact.opening import opened
from lifealign_bench.data.errors import InputError


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, as a path or a URL, and the names of its files with a stamp that changes when a file does."""

    path: str
    files: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its last part."""
        return self.path.rstrip("/").rpartition("/")[2]

    def file(self, name: str) -> str:
        """The path or URL of one of its files."""
        return f"{self.path}/{name}"


def is_url(place: str) -> bool:
    """Whether a place is named by a URL (`s3://bucket/results`) and not by a path."""
    return "://" in place


def protocol_of(path: str) -> str | None:
    """The protocol of a URL, None of a path."""
    return path.partition("://")[0] if is_url(path) else None


def file_system(protocol: str) -> Any:
    """The fsspec file system of a protocol.

    Raises:
        InputError: fsspec has none, or a package for it is missing.
    """
    import fsspec

    try:
        return fsspec.filesystem(protocol)
    except (ValueError, ImportError) as error:
        raise InputError(f"{protocol}://", "results", str(error)[:120], "a file system that fsspec can open") from error


def folders_below(place: str) -> Iterator[Folder]:
    """Every folder at or below a place that holds files, sorted by path; compact results are unpacked first.

    Raises:
        InputError: no such place, or one that cannot be listed.
    """
    yield from _remote(place) if is_url(place) else _local(Path(place))


def read_bytes(path: str) -> bytes:
    """The content of a file. Raises OSError where it cannot be read."""
    protocol = protocol_of(path)
    if protocol is None:
        with open(path, "rb", buffering=0) as stream:
            return stream.readall()
    content: bytes = file_system(protocol).cat_file(path)
    return content


def ends_of(path: str, size: int) -> tuple[bytes, bytes]:
    """The first and the last `size` bytes of a file of this machine. Raises OSError where it cannot be read."""
    # A board has thousands of tables: no stream is made for each.
    number = os.open(path, os.O_RDONLY)
    try:
        begin = os.read(number, size)
        os.lseek(number, -size, os.SEEK_END)
        return begin, os.read(number, size)
    finally:
        os.close(number)


def _local(root: Path) -> Iterator[Folder]:
    root = opened(root)
    if not root.is_dir():
        found = "a file" if root.exists() else "no such folder"
        raise InputError(root, "results", found, "a folder of runs, as `lifealign run` writes it")
    for path, folders, files in os.walk(root.absolute()):
        folders.sort()
        if RECORD in files:
            folders.clear()
            yield from _local(opened(Path(path)))
        elif files:
            yield Folder(path, {name: _stamp(f"{path}/{name}") for name in sorted(files)})


def _stamp(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return "gone"
    return f"{found.st_size} {found.st_mtime_ns}"


def _remote(place: str) -> Iterator[Folder]:
    system = file_system(place.partition("://")[0])
    try:
        found: dict[str, dict[str, Any]] = system.find(place, detail=True)
    # Each file system has errors of its own, and none of them may take the rest of the board down.
    except Exception as error:
        raise InputError(place, "results", str(error)[:120] or type(error).__name__, _listed(place)) from error
    folders: dict[str, dict[str, str]] = {}
    for path, details in sorted(found.items()):
        parent, _, name = str(system.unstrip_protocol(path)).rpartition("/")
        stamp = [details.get(key) for key in ("size", "ETag", "mtime", "LastModified", "created")]
        if name == RECORD:
            raise InputError(parent, "results", "compact results at a URL", "a copy of them in a folder")
        folders.setdefault(parent, {})[name] = " ".join(str(part) for part in stamp if part is not None)
    if not folders:
        raise InputError(place, "results", "no files", _listed(place))
    yield from (Folder(path, files) for path, files in folders.items())


def _listed(place: str) -> str:
    """What is expected where nothing is listed: of a web server, that it lists its folders at all."""
    if protocol_of(place) in ("http", "https"):
        return "a web server that answers, lists its folders and hands out ranges of bytes, or a store such as s3://"
    return "a folder of runs, as `lifealign run` writes it"
