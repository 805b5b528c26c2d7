"""Writing that a full disk, a kill or a power cut cannot leave half-done, and one error where it cannot be done."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lifealign_bench.data.errors import InputError, LifeAlignError

_NO_ROOM = {errno.ENOSPC: "no space is left", errno.EDQUOT: "the disk quota is used up", errno.EFBIG: "a file too big"}
_NO_RIGHT = {errno.EROFS: "the file system is read-only", errno.EACCES: "writing is not allowed", errno.EPERM: "denied"}


class StoreError(LifeAlignError):
    """The store cannot be written or read; what was finished before is kept."""

    exit_code = 3


def read_json(path: Path) -> Any:
    """The values of a JSON file.

    Raises:
        StoreError: it is not there, or is damaged.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise StoreError(f"{path}: is damaged: {error}") from error


def write_whole(path: Path, content: str | bytes) -> None:
    """Replace a file so that every reader, at any moment, finds the old content or the new one.

    Raises:
        StoreError: the disk is full or cannot be written.
    """
    scratch = path.with_name(f"{path.name}.{socket.gethostname()}.{os.getpid()}")
    with explained(path.parent):
        try:
            scratch.write_bytes(content.encode() if isinstance(content, str) else content)
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder` that takes its place when the context ends well and vanishes when it does not.

    Raises:
        InputError: `folder` is already there.
        StoreError: the disk is full or cannot be written.
    """
    taken = InputError(folder, "folder", "something that is already there", "a folder that does not exist yet")
    if folder.exists():
        raise taken
    scratch = folder.absolute().with_name(f".{folder.name}.{socket.gethostname()}.{os.getpid()}")
    try:
        with explained(scratch.parent):
            scratch.mkdir(parents=True)
            yield scratch
            sync_tree(scratch)
            try:
                scratch.rename(folder)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise taken from error
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def sync_tree(folder: Path) -> None:
    """Force a folder and all below it onto the disk."""
    for path in [*folder.rglob("*"), folder]:
        sync_file(path)


def sync_file(path: Path) -> None:
    """Force one file, or one folder's list of names, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn a disk that is full, or a place that cannot be written, into one error with the path and what to do."""
    try:
        yield
    # Not every writer raises OSError: safetensors, for one, has an error class of its own.
    except Exception as error:
        problem = _problem(error, path)
        if problem is None:
            raise
        number, place = problem
        advice = "free some" if number in _NO_ROOM else "choose another folder"
        text = f"{place}: {(_NO_ROOM | _NO_RIGHT)[number]}; {advice} and type the same command again"
        raise StoreError(f"{text}: finished nodes are kept") from error


def _problem(error: Exception, path: Path) -> tuple[int, str] | None:
    """The error number and the place, where an error means that the store at `path` cannot be written."""
    if isinstance(error, OSError):
        place = str(error.filename or path)
        # What a node reads elsewhere without having the right is no fault of the store.
        where = Path(place).absolute()
        ours = where.is_relative_to(path) or path.is_relative_to(where)
        known = error.errno in _NO_ROOM or (error.errno in _NO_RIGHT and ours)
        return (error.errno or 0, place) if known else None
    named = re.search(r"\(os error (\d+)\)", str(error))
    number = int(named[1]) if named else 0
    return (number, str(path)) if number in _NO_ROOM else None


def finished_below(folder: Path, name: str) -> list[Path]:
    """The files of this name at or below a folder, sorted.

    Folders with a dot are not looked into: they are half-written, and may vanish or get their name this very moment.
    """
    found = []
    for place, inside, files in os.walk(folder):
        inside[:] = [own for own in inside if not own.startswith(".")]
        if name in files:
            found.append(Path(place, name))
    return sorted(found)
