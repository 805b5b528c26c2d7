"""Records from local files: JSON Lines, JSON and Parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.fields import Record

SUFFIXES = (".jsonl", ".json", ".parquet")
TRAIN_STEMS = ("train",)
EVALUATION_STEMS = ("test", "evaluation", "validation")


def split_file(folder: Path, stems: tuple[str, ...]) -> Path | None:
    """The one file of a folder that holds a split, None where there is none; InputError where two could be meant."""
    found = [folder / (stem + suffix) for stem in stems for suffix in SUFFIXES]
    found = [path for path in found if path.is_file()]
    if len(found) > 1:
        raise InputError(folder, "split", " and ".join(path.name for path in found), "one file for each split")
    return found[0] if found else None


def read_records(path: Path) -> tuple[Record, ...]:
    """Every record of a file, in its order.

    Raises:
        InputError: the file is missing, of another kind, or malformed; the line is named where there is one.
    """
    readers = {".jsonl": _read_jsonl, ".json": _read_json, ".parquet": _read_parquet}
    if path.suffix not in readers:
        raise InputError(path, "file name", repr(path.name), f"one that ends in {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise InputError(path, "file", "nothing", "a readable file")
    try:
        return readers[path.suffix](path)
    except OSError as error:
        raise InputError(path, "file", str(error), "a readable file") from None


def _read_jsonl(path: Path) -> tuple[Record, ...]:
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return tuple(_parse_line(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip())


def _parse_line(line: bytes, where: str) -> Record:
    try:
        value = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(where, "JSON line", str(error), "one JSON object") from None
    return _record(value, where)


def _read_json(path: Path) -> tuple[Record, ...]:
    try:
        value = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(path, "JSON", str(error), "a list of JSON objects") from None
    if not isinstance(value, list):
        raise InputError(path, "JSON", type(value).__name__, "a list of JSON objects")
    return tuple(_record(entry, f"{path}[{index}]") for index, entry in enumerate(value))


def _read_parquet(path: Path) -> tuple[Record, ...]:
    import pyarrow
    from pyarrow import parquet

    try:
        rows = parquet.read_table(path).to_pylist()
    except pyarrow.ArrowException as error:
        raise InputError(path, "Parquet", str(error), "a readable Parquet file") from None
    return tuple(Record(f"{path}[{index}]", row) for index, row in enumerate(rows))


def _record(value: object, where: str) -> Record:
    if not isinstance(value, Mapping):
        raise InputError(where, "record", type(value).__name__, "a JSON object")
    return Record(where, value)
