"""Opening a study's file: what goes wrong with it is said in one line."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lifealign_bench.data.errors import InputError, LifeAlignError

OTHER_PROCESS_S = 30.0


class StudyError(LifeAlignError):
    """The file cannot be written or read just now; what it holds is safe."""

    exit_code = 3


@contextmanager
def opened(path: Path, *, new: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection; what goes wrong with the file is said in one line."""
    try:
        # By default a study that was deleted meanwhile would be made anew, empty.
        address = f"{path.absolute().as_uri()}?mode={'rwc' if new else 'rw'}"
        file = sqlite3.connect(address, uri=True, timeout=OTHER_PROCESS_S, isolation_level=None)
        try:
            file.row_factory = sqlite3.Row
            if new:
                file.execute("PRAGMA journal_mode = WAL")
            file.execute("PRAGMA synchronous = FULL")
            file.execute("PRAGMA foreign_keys = ON")
            yield file
        finally:
            file.close()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise InputError(path, "study", "another kind of file", "a study") from None
        raise StudyError(f"{path}: {error}") from error


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that nobody else writes beside; all that is done with it is on the disk at the end, or nothing."""
    with opened(path) as file:
        file.execute("BEGIN IMMEDIATE")
        try:
            yield file
        except BaseException:
            # A full disk has ended it by itself.
            if file.in_transaction:
                file.execute("ROLLBACK")
            raise
        file.execute("COMMIT")


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """A name beside `path` for a new study; what was written there gets its own name when the context ends well.

    Raises:
        InputError: there is a study already, or one that was made meanwhile, or the log of one that is gone.
    """
    log = path.with_name(f"{path.name}-wal")
    if not path.exists() and log.exists():
        # SQLite would read the ratings of the old study into the new one.
        raise InputError(log, "study", "the log of a study that is gone", "no such file: move it, or another --study")
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        if path.exists():
            raise FileExistsError
        yield scratch
        _name(scratch, path)
    except FileExistsError:
        raise InputError(path, "study", "a file", "no file: ratings are never written over") from None
    finally:
        for end in ("", "-wal", "-shm"):
            scratch.with_name(f"{scratch.name}{end}").unlink(missing_ok=True)


def _name(scratch: Path, path: Path) -> None:
    """Of two processes that draw at once, one gets the name; FileExistsError in the other."""
    try:
        os.link(scratch, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links.
        scratch.rename(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
