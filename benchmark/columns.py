"""The tables of a run, as Parquet: their columns, and reading and writing them strictly.

cells: one number per step, task and metric. pairs: log-probabilities (nats, summed over the answer's tokens) of policy
and reference. samples: generated answers. judgments: one verdict per answer, judge and dimension, on the dimension's
scale (see `judges.interface`). losses: every logged loss part. capability: one number of lm-eval per step, in lm-eval's
own units. divergence: an answer's divergence from the base in nats, summed over its tokens. safety: an answer to
a prompt of a safety set, and what a reader takes it for.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from lifealign_bench.data.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Table = Literal["cells", "pairs", "samples", "judgments", "losses", "capability", "divergence", "safety"]
Kind = Literal["int", "float", "text"]

OPTIONAL_TABLES: tuple[Table, ...] = ("capability", "divergence", "safety")
"""What a run has only where its suite asks for it, and where it could be measured."""
TABLES: tuple[Table, ...] = tuple(table for table in get_args(Table) if table not in OPTIONAL_TABLES)
"""What every run has."""
LEVEL = 9
"""Of zstd. A sixth of the time of the highest, a tenth larger; what ships is compact in another way."""

# A column is (name, kind, whether it may be null).
_COLUMNS: dict[Table, tuple[tuple[str, Kind, bool], ...]] = {
    "cells": (
        ("step", "int", False),
        ("trained_task", "text", True),  # null at row 0 and after joint training
        ("task", "text", False),
        ("metric", "text", False),
        ("value", "float", True),
        ("reason", "text", True),
        ("n", "int", False),
        ("standard_error", "float", True),
        ("n_unscored", "int", False),
    ),
    "pairs": (
        ("pair_id", "text", False),
        ("item", "text", False),
        ("task", "text", False),
        ("step", "int", False),
        ("chosen_logp", "float", False),
        ("rejected_logp", "float", False),
        ("chosen_tokens", "int", False),
        ("rejected_tokens", "int", False),
        ("reference_chosen_logp", "float", True),
        ("reference_rejected_logp", "float", True),
    ),
    "samples": (
        ("sample_id", "text", False),
        ("task", "text", False),
        ("step", "int", False),
        ("pair_id", "text", False),
        ("item", "text", False),
        ("prompt_hash", "text", False),
        ("answer", "text", False),
        ("tokens", "int", False),
        ("finish_reason", "text", False),
        ("bleu4_char", "float", False),
        ("rouge_l", "float", False),
        ("harm", "text", True),  # the prompt's label and the source's own category, where there are any
        ("category", "text", True),
    ),
    "judgments": (
        ("sample_id", "text", False),
        ("task", "text", False),
        ("step", "int", False),
        ("pair_id", "text", False),
        ("item", "text", False),
        ("judge", "text", False),
        ("template", "text", False),  # the label of the template that asked
        ("dimension", "text", False),
        ("against", "text", True),  # what a pairwise verdict compares with; null where the answer was judged alone
        ("position", "int", False),
        ("status", "text", False),
        ("verdict", "float", True),  # null where status is not `scored`
        ("rationale", "text", False),
        ("raw", "text", False),
        ("usage", "text", False),
    ),
    "losses": (
        ("trained_step", "int", False),
        ("phase", "text", False),
        ("step", "int", False),
        ("epoch", "float", False),
        ("name", "text", False),
        ("value", "float", False),
    ),
    "capability": (
        ("step", "int", False),
        ("trained_task", "text", True),  # as in cells
        ("asked", "text", False),  # the task that the suite names; `task` is it, or a part of it
        ("task", "text", False),
        ("metric", "text", False),
        ("filter", "text", False),
        ("value", "float", False),
        ("standard_error", "float", True),
        ("n", "int", False),
        ("higher_is_better", "int", True),  # 1 or 0
    ),
    "divergence": (
        ("pair_id", "text", False),
        ("item", "text", False),
        ("task", "text", False),
        ("step", "int", False),
        ("nats", "float", False),
        ("tokens", "int", False),
    ),
    "safety": (
        ("step", "int", False),
        ("trained_task", "text", True),  # as in cells
        ("prompt_id", "text", False),
        ("item", "text", False),
        ("harm", "text", False),
        ("category", "text", False),
        ("attack", "text", False),  # with its version
        ("answer", "text", False),
        ("tokens", "int", False),
        ("reader", "text", False),  # oracle or classifier
        ("label", "text", False),  # refusal, compliance or other
        ("score", "float", False),
    ),
}


def table_schema(table: Table) -> pa.Schema:
    """The Arrow schema of a table: int64, float64 and string columns, each nullable or not."""
    import pyarrow as pa

    kinds = {"int": pa.int64(), "float": pa.float64(), "text": pa.string()}
    return pa.schema([pa.field(name, kinds[kind], nullable=null) for name, kind, null in _COLUMNS[table]])


def empty_table(table: Table) -> pd.DataFrame:
    """A table without rows, its columns typed."""
    frame: pd.DataFrame = table_schema(table).empty_table().to_pandas()
    return frame


def write_table(folder: Path, table: Table, frame: pd.DataFrame) -> Path:
    """Write `<table>.parquet` whole or not at all; NaN becomes null, and the same rows give the same bytes.

    Raises:
        InputError: a column is missing or unknown, has another type, holds an infinite number or a null it may not.
    """
    path = folder / f"{table}.parquet"
    return write_arrow(folder, table, _arrow(path, table, frame))


def write_arrow(folder: Path, table: Table, arrow: pa.Table) -> Path:
    """`write_table` for rows that are an Arrow table of the schema's columns."""
    import pyarrow.parquet as pq

    path = folder / f"{table}.parquet"
    arrow = _cast(path, table, arrow)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        pq.write_table(arrow, scratch, compression="zstd", compression_level=LEVEL, **_encodings(arrow))
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return path


def _encodings(arrow: pa.Table) -> dict[str, Any]:
    """Numbers that hardly repeat are split by byte, all else is coded by dictionary: half the size of the defaults."""
    import pyarrow as pa
    import pyarrow.compute as pc

    floats = [field.name for field in arrow.schema if pa.types.is_floating(field.type)]
    split = [name for name in floats if 2 * pc.count_distinct(arrow[name]).as_py() > arrow.num_rows]
    coded = [name for name in arrow.column_names if name not in split]
    return {"use_dictionary": coded, "use_byte_stream_split": split}


def read_table(folder: Path, table: Table) -> pd.DataFrame:
    """The rows of a run's table, columns as `table_schema` says; numbers are NaN and texts None where null.

    Raises:
        InputError: no such file, no Parquet, or other columns.
    """
    import pandas as pd

    arrow = read_arrow(folder, table)
    frame: pd.DataFrame = arrow.to_pandas()
    for name, kind, null in _COLUMNS[table]:
        if kind == "text" and null:
            # pandas would show null texts as NaN; a reader must be able to ask `is None`.
            frame[name] = pd.Series(arrow.column(name).to_pylist(), dtype=object)
    return frame


def read_arrow(folder: Path, table: Table) -> pa.Table:
    """The rows as an Arrow table of the schema; raises what `read_table` does."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / f"{table}.parquet"
    try:
        arrow = pq.read_table(path, partitioning=None, memory_map=False)
    except FileNotFoundError as error:
        raise InputError(path, "file", "no such file", f"the {table} table of a run") from error
    except (OSError, pa.ArrowException) as error:
        raise InputError(path, "file", str(error).splitlines()[0][:120], "a Parquet file") from error
    _check_names(path, table, arrow.column_names)
    return _cast(path, table, arrow)


def _arrow(path: Path, table: Table, frame: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    _check_names(path, table, list(frame.columns))
    try:
        arrow = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, UnicodeEncodeError) as error:
        raise InputError(path, "rows", str(error).splitlines()[0][:160], "values of one type a column") from error
    return _cast(path, table, arrow)


def _check_names(path: Path, table: Table, found: list[str]) -> None:
    expected = [name for name, _, _ in _COLUMNS[table]]
    faults = [f"no {name}" for name in expected if name not in found]
    faults += [f"unknown {name}" for name in found if name not in expected]
    faults += [f"{name} twice" for name in dict.fromkeys(found) if found.count(name) > 1]
    if faults:
        raise InputError(path, "columns", "; ".join(faults), ", ".join(expected))


def _cast(path: Path, table: Table, arrow: pa.Table) -> pa.Table:
    """The table with exactly the schema's columns and types, without the metadata that depends on versions."""
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = table_schema(table)
    columns = []
    for field in schema:
        column = arrow.column(field.name)
        try:
            column = column.cast(field.type)
        except pa.ArrowException as error:
            raise InputError(path, field.name, str(column.type), str(field.type)) from error
        if column.null_count and not field.nullable:
            raise InputError(path, field.name, f"{column.null_count} nulls", "a value in every row")
        if pa.types.is_floating(field.type) and pc.all(pc.is_finite(column)).as_py() is False:
            raise InputError(
                path, field.name, "a number that is not finite", "finite numbers, null where there is none"
            )
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=schema)
