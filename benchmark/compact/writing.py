"""Results made small for shipping: each distinct block of rows once, adapters and scratch files left out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lifealign_bench.benchmark.columns import OPTIONAL_TABLES, TABLES, Table, read_arrow
from lifealign_bench.benchmark.compact.blocks import DistinctBlocks, Place
from lifealign_bench.benchmark.compact.form import (
    PLACES,
    RECORD,
    RUNS,
    CompactRecord,
    inside,
    same_file,
    sha256_of,
    table_file,
)
from lifealign_bench.benchmark.durable import new_folder
from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.benchmark.schema import PROVENANCE_FILE, RUN_FILE
from lifealign_bench.benchmark.strict_json import write_json
from lifealign_bench.data.errors import InputError

LEVEL = 19
LARGE = 1 << 28
"""One page a column: what repeats between runs is found however far apart it stands."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What was made small: runs, bytes of their folders and of the compact form, and the files that were left out."""

    runs: int
    before: int
    after: int
    left_out: tuple[str, ...]


def compact(results: Path, out: Path) -> Compacted:
    """Write the runs at or below a folder, and the files beside them, to `out` in compact form.

    Files of a run that are neither its record, its provenance nor a table are left out.

    Raises:
        InputError: no runs, a run whose files are not those that its record names, or `out` is there already.
        StoreError: the disk is full or cannot be written.
    """
    runs = find_runs(results)
    if [run.folder for run in runs] == [results]:
        raise InputError(results, "results", "one run", "a folder that holds runs")
    for run in runs:
        _check(run)
    folders = {run.folder for run in runs}
    beside = [path for path in _visible(results) if path.parent not in folders and not _inside_run(path, folders)]
    kept = {RUN_FILE, PROVENANCE_FILE, *(f"{table}.parquet" for table in (*TABLES, *OPTIONAL_TABLES))}
    inner = [path for path in _visible(results) if path not in beside]
    left = [path for path in inner if path.parent not in folders or path.name not in kept]
    with new_folder(out) as scratch:
        _write_runs(results, runs, scratch)
        for path in beside:
            target = scratch / inside(results, path.relative_to(results).as_posix())
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        files = {path.relative_to(scratch).as_posix(): sha256_of(path) for path in _visible(scratch)}
        write_json(scratch / RECORD, CompactRecord(runs=len(runs), files=files).model_dump(mode="json"))
    names = tuple(path.relative_to(results).as_posix() for path in left)
    return Compacted(len(runs), _bytes(_visible(results)), _bytes(_visible(out)), names)


def _check(run: StoredRun) -> None:
    for name, expected in run.record.artefacts.items():
        path = run.folder / name
        found = sha256_of(path) if path.is_file() else "no such file"
        if found != expected:
            raise InputError(run.folder / RUN_FILE, f"artefacts.{name}", found[:16], f"{expected[:16]}, as written")


def _write_runs(results: Path, runs: Sequence[StoredRun], out: Path) -> None:
    names = [inside(results, run.folder.relative_to(results).as_posix()).as_posix() for run in runs]
    places: dict[str, list[Any]] = {name: [] for name in ("run", "table", "step", "start", "rows", "same")}
    tables: tuple[Table, ...] = (*TABLES, *OPTIONAL_TABLES)
    for table in tables:
        distinct = DistinctBlocks(table)
        for number, run in enumerate(runs):
            if not (run.folder / f"{table}.parquet").is_file():
                continue
            # A table without rows has one place without rows, so that it is there again.
            for place in distinct.add(read_arrow(run.folder, table)) or [Place(0, 0, 0)]:
                values = (number, table, place.step, place.start, place.rows, place.same)
                for name, value in zip(places, values, strict=True):
                    places[name].append(value)
        for part, name_of in ((distinct.own, table_file), (distinct.same, same_file)):
            if part.size:
                _write(out / name_of(table), part.whole())
    _write(out / PLACES, pa.table(places))
    texts: dict[str, list[str | None]] = {"name": [*names]}
    for column, file in (("record", RUN_FILE), ("provenance", PROVENANCE_FILE)):
        found = [run.folder / file for run in runs]
        texts[column] = [path.read_text("utf-8") if path.is_file() else None for path in found]
    _write(out / RUNS, pa.table(texts, schema=pa.schema([(name, pa.string()) for name in texts])))


def _write(path: Path, rows: pa.Table) -> None:
    split = [field.name for field in rows.schema if pa.types.is_floating(field.type) and _hardly_repeats(rows, field)]
    long = [name for name in ("record", "provenance") if name in rows.column_names]
    pq.write_table(
        rows,
        path,
        compression="zstd",
        compression_level=LEVEL,
        use_dictionary=[name for name in rows.column_names if name not in (*split, *long)],
        use_byte_stream_split=split,
        row_group_size=max(1, rows.num_rows),
        data_page_size=LARGE,
        dictionary_pagesize_limit=LARGE,
        write_statistics=False,
        store_schema=False,
    )


def _hardly_repeats(rows: pa.Table, field: pa.Field) -> bool:
    return bool(2 * pc.count_distinct(rows[field.name]).as_py() > rows.num_rows)


def _visible(folder: Path) -> list[Path]:
    """All files below a folder but those that are hidden, or in a folder that is, sorted."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _inside_run(path: Path, folders: set[Path]) -> bool:
    return any(parent in folders for parent in path.parents)


def _bytes(paths: Sequence[Path] | Iterator[Path]) -> int:
    return sum(path.stat().st_size for path in paths)
