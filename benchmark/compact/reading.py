"""Compact results unpacked: ordinary run folders again, with the same rows."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from lifealign_bench.benchmark.columns import Table, table_schema, write_arrow
from lifealign_bench.benchmark.compact.blocks import Place, run_table
from lifealign_bench.benchmark.compact.form import (
    PLACES,
    RUNS,
    CompactRecord,
    inside,
    read_record,
    same_file,
    sha256_of,
    table_file,
)
from lifealign_bench.benchmark.durable import new_folder
from lifealign_bench.benchmark.schema import PROVENANCE_FILE, RUN_FILE
from lifealign_bench.benchmark.strict_json import write_json
from lifealign_bench.data.errors import InputError

Placed = dict[int, dict[Table, list[Place]]]
Tables = dict[Table, tuple[pa.Table, pa.Table | None]]
"""The distinct rows of each table, and apart from them what is the same for all policies."""


def expand(folder: Path, out: Path) -> int:
    """Write compact results to `out` as run folders and the files beside them; returns the number of runs.

    Tables have the rows that they had. They have the same bytes, too, where the same library wrote them; where another
    one did, `run.json` is given the hashes of the files as they lie there.

    Raises:
        InputError: files that are missing, altered or not those of compact results; or `out` is there already.
        StoreError: the disk is full or cannot be written.
    """
    record = read_record(folder)
    _check_files(folder, record)
    with new_folder(out) as scratch:
        _expand_runs(folder, record, scratch)
        for name in record.files:
            if name not in _own():
                target = scratch / inside(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / name, target)
    return record.runs


def _own() -> set[str]:
    return {RUNS, PLACES, *(file(table) for table in get_args(Table) for file in (table_file, same_file))}


def _check_files(folder: Path, record: CompactRecord) -> None:
    for name, expected in record.files.items():
        path = folder / inside(folder, name)
        found = sha256_of(path) if path.is_file() else "no such file"
        if found != expected:
            raise InputError(path, "SHA-256", found[:16], f"{expected[:16]}, as the record of compact results says")


def _expand_runs(folder: Path, record: CompactRecord, out: Path) -> None:
    runs = _read(folder / RUNS).to_pylist()
    if len(runs) != record.runs:
        raise InputError(folder / RUNS, "rows", str(len(runs)), f"{record.runs} runs")
    placed = _places(folder)
    tables = {table: (_distinct(folder, table), _same(folder, table)) for table in get_args(Table)}

    def write(number: int) -> None:
        own = placed.get(number, {})
        _write_run(out / inside(folder / RUNS, str(runs[number]["name"])), runs[number], own, tables)

    # Parquet is written outside the interpreter's lock.
    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(len(runs))))


def _write_run(target: Path, run: dict[str, Any], placed: dict[Table, list[Place]], tables: Tables) -> None:
    target.mkdir(parents=True)
    written = {}
    for table, places in placed.items():
        path = write_arrow(target, table, run_table(table, *tables[table], [one for one in places if one.rows]))
        written[path.name] = sha256_of(path)
    if run["provenance"] is not None:
        (target / PROVENANCE_FILE).write_text(run["provenance"], "utf-8")
    values = json.loads(run["record"])
    if values["artefacts"] == written:
        (target / RUN_FILE).write_text(run["record"], "utf-8")
        return
    if values["artefacts"].keys() != written.keys():
        raise InputError(target / RUN_FILE, "artefacts", ", ".join(sorted(written)), ", ".join(values["artefacts"]))
    write_json(target / RUN_FILE, {**values, "artefacts": written})


def _places(folder: Path) -> Placed:
    rows = _read(folder / PLACES).to_pylist()
    found: Placed = defaultdict(dict)
    for row in rows:
        if row["table"] not in get_args(Table):
            raise InputError(folder / PLACES, "table", repr(row["table"])[:80], ", ".join(get_args(Table)))
        place = Place(row["step"], row["start"], row["rows"], row.get("same", 0))
        found[row["run"]].setdefault(cast(Table, row["table"]), []).append(place)
    return found


def _distinct(folder: Path, table: Table) -> pa.Table:
    path = folder / table_file(table)
    if not path.is_file():
        return table_schema(table).empty_table()
    return _read(path, _texts(table))


def _same(folder: Path, table: Table) -> pa.Table | None:
    path = folder / same_file(table)
    return _read(path, _texts(table)) if path.is_file() else None


def _texts(table: Table) -> list[str]:
    return [field.name for field in table_schema(table) if pa.types.is_string(field.type)]


def _read(path: Path, coded: list[str] | None = None) -> pa.Table:
    try:
        return pq.read_table(path, partitioning=None, read_dictionary=coded).combine_chunks()
    except (OSError, pa.ArrowException) as error:
        raise InputError(path, "file", str(error).splitlines()[0][:120], "a file of compact results") from error
