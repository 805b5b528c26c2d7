"""Reading an unpacked bundle: records and tables, strictly and under a budget. Rules S1 to S3 and S9."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lifealign_bench.benchmark.columns import OPTIONAL_TABLES, TABLES, Table, read_table, table_schema
from lifealign_bench.benchmark.schema import PROVENANCE_FILE, RUN_FILE, RunRecord, read_provenance, read_run
from lifealign_bench.benchmark.strict_reading import read_json
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.submissions.bundle import BundledRun
from lifealign_bench.leaderboard.submissions.findings import Finding, error, of_input
from lifealign_bench.leaderboard.submissions.format import FORMAT_VERSION, RunEntry, Submission
from lifealign_bench.leaderboard.submissions.layout import RUNS, SUBMISSION, TEXTS, Limits
from lifealign_bench.leaderboard.submissions.texts import COLUMNS, Texts, read_texts, s9_texts, texts_of

NOT_STRING = 8
"""Bytes of a number in memory."""
MOST_GROUPS, MOST_COLUMNS = 10_000, 64
TWICE = "order.tasks names a task twice"
"""What a record says of an order that is no permutation: rule P5 says it with more words."""


@dataclass(frozen=True)
class Read:
    """What could be read, and what is wrong with the rest."""

    submission: Submission | None
    runs: tuple[BundledRun, ...]
    texts: Texts
    findings: tuple[Finding, ...]


def read_bundle(folder: Path, limits: Limits) -> Read:
    """The records and texts of an unpacked bundle; tables are looked at, and not kept."""
    submission, found = s1_submission(folder, limits)
    if submission is None:
        return Read(None, (), Texts(), tuple(found))
    runs = []
    # An entry that stands twice is read once; rule S4 says that it does.
    for entry in {entry.folder: entry for entry in submission.runs}.values():
        run, faults = _run(folder, entry, limits)
        found += faults
        if run is not None:
            runs.append(run)
    texts, faults = _texts(folder, limits)
    return Read(submission, tuple(runs), texts, (*found, *faults))


def s1_submission(folder: Path, limits: Limits) -> tuple[Submission | None, list[Finding]]:
    """S1: `submission.json` is strict JSON of the format's version with all of its fields and no others."""
    path = folder / SUBMISSION
    if big := _too_big(path, limits):
        return None, [error("S1", SUBMISSION, "size", f"{big:,} bytes", f"at most {limits.json:,}")]
    try:
        text, value = read_json(path)
    except InputError as fault:
        return None, [of_input("S1", SUBMISSION, fault)]
    version = value.get("format_version") if isinstance(value, dict) else None
    if version != FORMAT_VERSION or isinstance(version, bool):
        return None, [error("S1", SUBMISSION, "format_version", repr(version), str(FORMAT_VERSION))]
    try:
        return Submission.model_validate_json(text), []
    except ValidationError as fault:
        return None, list(_faults("S1", SUBMISSION, fault))


def _faults(rule: str, file: str, fault: ValidationError) -> Iterator[Finding]:
    for one in fault.errors(include_url=False, include_context=False)[:20]:
        place = ".".join(str(part) for part in one["loc"]) or "document"
        found = "nothing" if one["type"] == "missing" else repr(one["input"])[:200]
        yield error(rule, file, place, found, one["msg"].removeprefix("Value error, "))


def _run(folder: Path, entry: RunEntry, limits: Limits) -> tuple[BundledRun | None, list[Finding]]:
    place = folder / RUNS / entry.folder
    record, found = s2_records(place, entry, limits)
    found += s3_tables(place, entry, limits)
    return (None if found or record is None else BundledRun(entry, place, record)), found


def s2_records(place: Path, entry: RunEntry, limits: Limits) -> tuple[RunRecord | None, list[Finding]]:
    """S2: `run.json` and `provenance.json` are strict JSON of this schema version."""
    found: list[Finding] = []
    record: RunRecord | None = None
    for name in (RUN_FILE, PROVENANCE_FILE):
        file, path = f"{RUNS}/{entry.folder}/{name}", place / name
        if name == PROVENANCE_FILE and not path.exists():
            continue
        if big := _too_big(path, limits):
            found.append(error("S2", file, "size", f"{big:,} bytes", f"at most {limits.json:,}"))
            continue
        try:
            if name == RUN_FILE:
                record = read_run(place)
            else:
                read_provenance(place)
        except InputError as fault:
            # Of an order with a task twice the record says that it is no record; it is a matter of the protocol.
            twice = TWICE in fault.expected
            found.append(of_input("P5", file, fault) if twice else of_input("S2", file, fault))
    return record, found


def s3_tables(place: Path, entry: RunEntry, limits: Limits) -> list[Finding]:
    """S3: the tables have exactly the schema's columns and types, and fit into memory."""
    found = []
    for table in (*TABLES, *(name for name in OPTIONAL_TABLES if (place / f"{name}.parquet").exists())):
        file, path = f"{RUNS}/{entry.folder}/{table}.parquet", place / f"{table}.parquet"
        try:
            if too_much := _size_fault(path, table, limits):
                found.append(error("S3", file, *too_much))
            else:
                read_table(place, table)
        except InputError as fault:
            found.append(of_input("S3", file, fault))
    return found


def _size_fault(path: Path, table: Table | None, limits: Limits) -> tuple[str, str, str] | None:
    """Field, value and expectation where a table is of another kind or too large for memory, before it is decoded: a
    dictionary makes gigabytes of a small file. InputError where it is no Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=False) as file:
            rows, groups, columns = file.metadata.num_rows, file.metadata.num_row_groups, file.metadata.num_columns
            if rows > limits.rows or groups > MOST_GROUPS or columns > MOST_COLUMNS:
                return "size", f"{rows:,} rows, {groups:,} groups, {columns} columns", f"at most {limits.rows:,} rows"
            if (declared := _unpacked(file.metadata)) > limits.decoded:
                return "size", f"{declared:,} bytes unpacked", f"at most {limits.decoded:,}"
            names = file.schema_arrow.names
            known = COLUMNS if table is None else tuple(field.name for field in table_schema(table))
            if strange := [name for name in names if name not in known or names.count(name) > 1]:
                return "columns", f"unknown or twice: {', '.join(strange)}", ", ".join(known)
            kinds = {name: file.schema_arrow.field(name).type for name in names}
        if nested := [
            name
            for name, kind in kinds.items()
            if not (pa.types.is_primitive(kind) or pa.types.is_null(kind) or _is_text(kind))
        ]:
            return "columns", ", ".join(f"{name} of {kinds[name]}" for name in nested), "numbers and texts"
        texts = [name for name, kind in kinds.items() if _is_text(kind)]
        total = rows * NOT_STRING * len(names) + _bytes_of_texts(path, texts)
        return ("size", f"{total:,} bytes in memory", f"at most {limits.decoded:,}") if total > limits.decoded else None
    except FileNotFoundError as fault:
        raise InputError(path, "file", "no such file", "a table of the run") from fault
    # Whatever a hostile file makes its reader raise, it is no table.
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, OverflowError, MemoryError) as fault:
        said = (str(fault).splitlines() or [""])[0][:120]
        raise InputError(path, "file", said or type(fault).__name__, "a Parquet file") from fault


def _bytes_of_texts(path: Path, names: list[str]) -> int:
    """How many bytes the texts of a table take when each row has its own, without making them."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    total = 0
    with pq.ParquetFile(path, memory_map=False, read_dictionary=names) as file:
        # One column of one group at a time: what is not added up yet is not in memory.
        for group in range(file.metadata.num_row_groups):
            for name in names:
                for chunk in file.read_row_group(group, columns=[name], use_threads=False).column(0).chunks:
                    if pa.types.is_dictionary(chunk.type):
                        total += pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices)).as_py() or 0
                    else:
                        total += chunk.nbytes
    return total


def _unpacked(metadata: Any) -> int:
    """How many bytes the pages of a table say that they take when they are unpacked."""
    groups = (metadata.row_group(place) for place in range(metadata.num_row_groups))
    sizes = (group.column(place).total_uncompressed_size for group in groups for place in range(group.num_columns))
    return sum(max(0, size) for size in sizes)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _texts(folder: Path, limits: Limits) -> tuple[Texts, list[Finding]]:
    path = folder / TEXTS
    if not path.is_file():
        return Texts(), []
    try:
        if too_much := _size_fault(path, None, limits):
            return Texts(), [error("S9", TEXTS, *too_much)]
        found = list(s9_texts(TEXTS, path))
        return (Texts(), found) if found else (texts_of(read_texts(path)), [])
    except InputError as fault:
        return Texts(), [of_input("S9", TEXTS, fault)]
    # Whatever pandas makes of a hostile file is no text of a prompt.
    except (OSError, ValueError, LookupError, TypeError, RuntimeError) as fault:
        return Texts(), [error("S9", TEXTS, "file", str(fault)[:120], "prompts and references, as a run writes them")]


def _too_big(path: Path, limits: Limits) -> int:
    size = path.stat().st_size if path.is_file() else 0
    return size if size > limits.json else 0
