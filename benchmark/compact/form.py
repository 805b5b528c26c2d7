"""What compact results are made of: the names of their files, and the record that vouches for them."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lifealign_bench.data.errors import InputError

RECORD = "compact.json"
RUNS = "runs.parquet"
PLACES = "places.parquet"
FORMAT, OLDEST = 2, 1
"""What is written, and what is still read: 1 had all columns of a table in one file."""


class CompactRecord(BaseModel):
    """`compact.json`. runs: how many. files: SHA-256 of every other file of the compact results, by its path there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: int = Field(default=FORMAT, ge=OLDEST, le=FORMAT)
    runs: int = Field(ge=0)
    files: dict[str, str]


def is_compact(folder: Path) -> bool:
    """Whether a folder holds compact results."""
    return (folder / RECORD).is_file()


def read_record(folder: Path) -> CompactRecord:
    """The record of compact results.

    Raises:
        InputError: it cannot be read, or is of another version.
    """
    path = folder / RECORD
    try:
        return CompactRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(path, "file", error.strerror or "unreadable", "the record of compact results") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "document"
        raise InputError(path, place, str(first["input"])[:80], first["msg"]) from None


def table_file(table: str) -> str:
    """The file with the distinct rows of a table."""
    return f"rows-{table}.parquet"


def same_file(table: str) -> str:
    """The file with what is the same in a table's rows whatever policy gave them, see `blocks.SAME`."""
    return f"rows-{table}-same.parquet"


def inside(path: Path, name: str) -> PurePosixPath:
    """A name as a path that cannot lead out of a folder.

    Raises:
        InputError: it is absolute, or has a part that is empty or begins with a dot.
    """
    parts = name.split("/")
    if "\\" in name or any(not part or part.startswith(".") for part in parts):
        raise InputError(path, "name", repr(name)[:120], "a path below the results, no part of which begins with a dot")
    return PurePosixPath(name)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
