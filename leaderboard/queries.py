"""Rows of runs where they lie: DuckDB reads the Parquet files in place and returns only what is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

import pandas as pd

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.places import file_system, protocol_of

# DuckDB is loaded with the first query: a ranking needs none.
if TYPE_CHECKING:
    import duckdb

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
MEMORY = "400MB"
"""What DuckDB may hold at once; more goes to disk."""


@dataclass
class Rows:
    """A reader of Parquet files by SQL; safe to share between threads, each query has a cursor of its own."""

    _protocols: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)
    _opened: duckdb.DuckDBPyConnection | None = None

    def query(self, sql: str, files: Mapping[str, Sequence[str]], **values: Any) -> pd.DataFrame:
        """The rows that a query gives; `files` are named in it as `read($name)`, `values` as `$name`.

        Raises:
            InputError: a file that is not there or cannot be read.
        """
        import duckdb

        arguments: dict[str, Any] = dict(values)
        for name, paths in files.items():
            self._prepare(paths)
            sql = sql.replace(
                f"read(${name})",
                f"read_parquet(${name}, filename = true, file_row_number = true, union_by_name = true)",
            )
            arguments[name] = [literal(path) for path in paths]
        try:
            found: pd.DataFrame = self._base().cursor().execute(sql, arguments).df()
        except duckdb.Error as error:
            place = next((path for paths in files.values() for path in paths), "rows")
            raise InputError(place, "rows", _last_line(error), "tables of a run") from error
        return found

    def _base(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._opened is None:
                self._opened = _connect()
            return self._opened

    def _prepare(self, paths: Sequence[str]) -> None:
        for protocol in {protocol_of(path) for path in paths} - {None}:
            if protocol is not None and protocol not in self._protocols:
                self._base().register_filesystem(_dated(file_system(protocol)))
                self._protocols.add(protocol)


def _dated(system: Any) -> Any:
    """The file system, with a time of change for DuckDB where it knows none: files of runs never change."""
    from fsspec import AbstractFileSystem

    if type(system).modified is AbstractFileSystem.modified:
        system.modified = lambda path: NEVER
    return system


def _last_line(error: Exception) -> str:
    """What went wrong, without DuckDB's pointer into the query and without the traceback of a file system."""
    text = str(error).partition("\n\nLINE ")[0].strip()
    return text.splitlines()[-1][:160] if text.startswith("Traceback") else text.splitlines()[0][:160]


def literal(path: str) -> str:
    """A path in which no character stands for others: DuckDB would take `[`, `*` and `?` for a pattern."""
    return "".join(f"[{mark}]" if mark in "[*?" else mark for mark in path)


def _connect() -> duckdb.DuckDBPyConnection:
    """A connection in memory that never fetches an extension and never reads a Python variable."""
    import duckdb

    return duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "memory_limit": MEMORY,
        },
    )
