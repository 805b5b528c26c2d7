"""Compact results where run folders are expected: unpacked once into the user's cache, under what they hold."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from lifealign_bench.benchmark.compact.form import RECORD, is_compact, sha256_of
from lifealign_bench.benchmark.durable import finished_below
from lifealign_bench.data.errors import InputError

MOST = 6
"""Unpacked results that are kept; older ones go when others are unpacked."""
UNUSED_SECONDS = 7 * 86400.0
"""And only those that nobody has opened for so long."""


def opened(folder: Path) -> Path:
    """Where the runs of a folder lie: there, or in the cache where it holds compact results, or is inside such.

    Raises:
        InputError: compact results that cannot be read.
        StoreError: the cache cannot be written.
    """
    for place in (folder, *folder.absolute().parents):
        if is_compact(place):
            rest = folder.absolute().relative_to(place.absolute())
            return _unpacked(place) / rest
    return folder


def below(folder: Path) -> tuple[Path, ...]:
    """The folders to look for runs in: the folder, as `opened` gives it, and all compact results below it, opened."""
    own = opened(folder)
    if own != folder:
        return (own,)
    return (folder, *(opened(path.parent) for path in finished_below(folder, RECORD)))


def refuse_compact(folder: Path, what: str) -> None:
    """Raises InputError where a run lies in the cache: it is a copy, and `what` would be lost."""
    if folder.absolute().is_relative_to(cache().absolute()):
        expected = f"run folders, to {what}: lifealign results expand"
        raise InputError(folder, "results", "unpacked from compact results", expected)


def content_name(path: Path) -> str | None:
    """What names the content of a file that was unpacked: the compact results and its place in them.

    The bytes are also those of the library that wrote them here. None for any other file.
    """
    try:
        unpacked, *rest = path.absolute().relative_to(cache().absolute()).parts
    except ValueError:
        return None
    return "/".join((unpacked.partition("-")[0], *rest)) if rest else None


def cache() -> Path:
    """The folder of unpacked results: in the user's cache, or with the temporary files of a user without a home."""
    named = os.environ.get("XDG_CACHE_HOME")
    try:
        place = Path(named) if named else Path.home() / ".cache"
    except RuntimeError:
        place = Path(tempfile.gettempdir()) / f"lifealign-{os.getuid()}"
    return place / "lifealign" / "results"


def is_packed(folder: Path) -> bool:
    """Whether compact results are at or below a folder that the next reader has to unpack, which takes seconds."""
    return any(not _target(path.parent).is_dir() for path in finished_below(folder, RECORD))


def _target(folder: Path) -> Path:
    return cache() / f"{sha256_of(folder / RECORD)[:32]}-{_writer()}"


def _unpacked(folder: Path) -> Path:
    target = _target(folder)
    if not target.is_dir():
        # Parquet is loaded only where something is unpacked.
        from lifealign_bench.benchmark.compact.reading import expand

        try:
            expand(folder, target)
        except InputError:
            # Another process unpacked the same meanwhile.
            if not target.is_dir():
                raise
        _forget(target)
    with suppress(OSError):
        os.utime(target)
    return target


def _writer() -> str:
    """What decides the bytes of what is unpacked beside the rows."""
    from importlib.metadata import version

    from lifealign_bench.benchmark.columns import LEVEL

    return f"{version('pyarrow')}-{LEVEL}"


def _forget(kept: Path) -> None:
    with suppress(OSError):
        others = sorted((path for path in kept.parent.iterdir() if path != kept), key=lambda path: path.stat().st_mtime)
        for path in others[: -MOST + 1]:
            if time.time() - path.stat().st_mtime > UNUSED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
