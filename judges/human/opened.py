"""Opening a study's file: what goes wrong with it is said in one line."""

from __future__ import annotations

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
        file = sqlite3.connect(path, timeout=OTHER_PROCESS_S, isolation_level=None)
        try:
            file.row_factory = sqlite3.Row
            if new:
                file.execute("PRAGMA journal_mode = WAL")
            file.execute("PRAGMA foreign_keys = ON")
            yield file
        finally:
            file.close()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise InputError(path, "study", "another kind of file", "a study") from None
        raise StudyError(f"{path}: {error}") from error
