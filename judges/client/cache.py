"""Answers that were paid for: a SQLite file that several processes may share."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from lifealign_bench.data.errors import InputError, LifeAlignError

APPLICATION = 0x4C41434C
VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, endpoint TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL,
    model_served TEXT NOT NULL, usage TEXT NOT NULL, question_bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS dialects (
    endpoint TEXT, model TEXT, dialect TEXT NOT NULL, PRIMARY KEY (endpoint, model)
);
"""
OTHER_PROCESS_S = 60.0
BATCH = 500
PASSING = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
)
"""What goes wrong around a file rather than in it."""


class CacheError(LifeAlignError):
    """The cache cannot be written or read just now; what it holds is safe."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """One complete answer as it came. question_bytes: the length of the question's texts in UTF-8."""

    key: str
    endpoint: str
    model: str
    text: str
    model_served: str
    usage: Mapping[str, int]
    question_bytes: int


@dataclass(frozen=True, slots=True)
class Averages:
    """What the kept answers of one model took: bytes of question for one token, and tokens of an answer."""

    answers: int
    bytes_per_token: float
    output_tokens: float


class ReplyCache:
    """A connection to the file of answers; each thread and each process opens its own.

    Raises:
        InputError: the file is damaged, or is something else.
        CacheError: it cannot be written (rights, a full disk, another process that does not let go).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Used by one thread, but an iteration that nobody finished is closed by whichever thread collects it.
            self._file = sqlite3.connect(path, timeout=OTHER_PROCESS_S, isolation_level=None, check_same_thread=False)
            self._prepare()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def get(self, key: str) -> Kept | None:
        """The answer kept under a key."""
        with self._explained():
            row = self._file.execute("SELECT * FROM replies WHERE key = ?", (key,)).fetchone()
            return None if row is None else _kept(row)

    def put(self, kept: Iterable[Kept]) -> int:
        """Keep answers, in one transaction; the first answer under a key stays. How many were new."""
        rows = [(*_plain(reply).values(),) for reply in kept]
        with self._explained(), self._transaction():
            before = self._file.total_changes
            self._file.executemany("INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            return self._file.total_changes - before

    def dialect(self, endpoint: str, model: str) -> str | None:
        """What was learned about an endpoint and model, as `put_dialect` kept it."""
        query = "SELECT dialect FROM dialects WHERE endpoint = ? AND model = ?"
        with self._explained():
            row = self._file.execute(query, (endpoint, model)).fetchone()
            return None if row is None else str(row[0])

    def put_dialect(self, endpoint: str, model: str, dialect: str) -> None:
        """Remember what an endpoint and model understand."""
        with self._explained():
            self._file.execute("INSERT OR REPLACE INTO dialects VALUES (?, ?, ?)", (endpoint, model, dialect))

    def averages(self, endpoint: str, model: str) -> Averages | None:
        """Tokens that the answers of one model took; None without an answer that says so."""
        query = (
            "SELECT count(*), sum(question_bytes), sum(usage ->> 'input'), sum(usage ->> 'output') FROM replies"
            " WHERE endpoint = ? AND model = ? AND usage ->> 'input' > 0 AND usage ->> 'output' IS NOT NULL"
        )
        with self._explained():
            answers, size, tokens, output = self._file.execute(query, (endpoint, model)).fetchone()
        return Averages(answers, size / tokens, output / answers) if answers else None

    def export(self, target: Path) -> int:
        """Write every answer, and what was learned about endpoints, as lines of JSON; how many answers."""
        count = 0
        with self._explained(), target.open("w", encoding="utf-8") as lines:
            for endpoint, model, dialect in self._file.execute("SELECT * FROM dialects ORDER BY endpoint, model"):
                lines.write(_line({"endpoint": endpoint, "model": model, "dialect": dialect}))
            for row in self._file.execute("SELECT * FROM replies ORDER BY key"):
                lines.write(_line(asdict(_kept(row))))
                count += 1
        return count

    def load(self, source: Path) -> int:
        """Take over the lines of an export; how many answers were new.

        Raises:
            InputError: a line is not one of an export; lines before it may have been taken over.
        """
        new, batch = 0, []
        for number, values in _lines(source):
            where = f"{source}:{number}"
            if "dialect" in values:
                texts = [str(values.get(name, "")) for name in ("endpoint", "model", "dialect")]
                self.put_dialect(*texts)
                continue
            batch.append(_checked(values, where))
            if len(batch) == BATCH:
                new, batch = new + self.put(batch), []
        return new + self.put(batch)

    def _prepare(self) -> None:
        if self._stamp() != [APPLICATION, VERSION]:
            # Looked at again inside: another process may be creating the same file.
            with self._transaction():
                self._create()
        if self._file.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")

    def _stamp(self) -> list[int]:
        return [self._file.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]

    def _create(self) -> None:
        application, version = self._stamp()
        if [application, version] == [APPLICATION, VERSION]:
            return
        if application == APPLICATION:
            raise InputError(self.path, "cache", f"version {version}", f"version {VERSION}")
        if self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise InputError(self.path, "cache", "another program's tables", "a cache of this program, or no file")
        for statement in SCHEMA.split(";")[:-1]:
            self._file.execute(statement)
        self._file.execute(f"PRAGMA application_id = {APPLICATION}")
        self._file.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in PASSING:
                raise CacheError(f"{self.path}: the cache cannot be used: {error}") from error
            expected = "a cache of this program; move it away (its answers are then asked for again)"
            raise InputError(self.path, "cache", f"a damaged file ({error})", expected) from error
        except OSError as error:
            raise CacheError(f"{self.path}: the cache cannot be used: {error.strerror}") from error


def _plain(reply: Kept) -> dict[str, object]:
    return {**asdict(reply), "usage": json.dumps(dict(reply.usage), sort_keys=True)}


def _kept(row: tuple[str, str, str, str, str, str, int]) -> Kept:
    key, endpoint, model, text, model_served, usage, size = row
    return Kept(key, endpoint, model, text, model_served, json.loads(usage), size)


def _line(values: Mapping[str, object]) -> str:
    return json.dumps(values, sort_keys=True, ensure_ascii=True) + "\n"


def _lines(source: Path) -> Iterator[tuple[int, dict[str, object]]]:
    try:
        with source.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                values = json.loads(line)
                if not isinstance(values, dict):
                    raise InputError(f"{source}:{number}", "line", type(values).__name__, "an object of an export")
                yield number, values
    except (OSError, ValueError) as error:
        raise InputError(source, "export", error, "lines of JSON as an export has them") from error


def _checked(values: Mapping[str, object], where: str) -> Kept:
    expected: dict[str, type] = dict.fromkeys(("key", "endpoint", "model", "text", "model_served"), str)
    expected |= {"usage": dict, "question_bytes": int}
    for name, kind in expected.items():
        if not isinstance(values.get(name), kind):
            raise InputError(where, name, repr(values.get(name))[:60], f"a {kind.__name__} as an export has it")
    if extra := set(values) - set(expected):
        raise InputError(where, sorted(extra)[0], "a field", "only the fields of an export")
    return Kept(**{name: values[name] for name in expected})  # type: ignore[arg-type]
