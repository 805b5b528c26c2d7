"""Rows of many runs with each distinct block once: a block is what one policy gave on one task, wherever it stands.

Runs share policies (orders with a common prefix, each task alone, the base), and texts repeat: texts are coded by one
dictionary for all runs. What a block says of its prompts is stored apart, once for all policies. Nothing is rounded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa

from lifealign_bench.benchmark.columns import Table, table_schema

STEP = {"losses": "trained_step"}
"""The column that says where in its run a block stands, where it is not `step`."""
OF_PROMPTS = ("task", "pair_id", "item")
SAME: Mapping[Table, tuple[str, ...]] = {
    "pairs": (
        *OF_PROMPTS, "chosen_tokens", "rejected_tokens", "reference_chosen_logp", "reference_rejected_logp",
    ),
    "samples": (*OF_PROMPTS, "prompt_hash", "harm", "category"),
    "judgments": (*OF_PROMPTS, "judge", "template", "dimension", "against", "position"),
}  # fmt: skip
"""The columns that are the same whatever policy gave the rows, by table."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run has a block: after which step, and which rows of the distinct ones they are; same: where what is the
    same for all policies begins."""

    step: int
    start: int
    rows: int
    same: int = 0


@dataclass
class DistinctBlocks:
    """The blocks of one table of many runs, each distinct one once."""

    table: Table
    own: DistinctRows = field(init=False)
    same: DistinctRows = field(init=False)

    def __post_init__(self) -> None:
        shared = SAME.get(self.table, ())
        self.own = DistinctRows(self.table, tuple(name for name in kept_columns(self.table) if name not in shared))
        self.same = DistinctRows(self.table, shared)

    def add(self, rows: pa.Table) -> list[Place]:
        """Take a run's table of the table's schema; returns where its blocks are, in their order."""
        steps = rows.column(step_column(self.table)).to_numpy()
        ends = list(pairwise(_ends(steps, rows)))
        places = zip(self.own.add(rows, ends), self.same.add(rows, ends), ends, strict=True)
        return [Place(int(steps[start]), own, end - start, same) for own, same, (start, end) in places]


@dataclass
class DistinctRows:
    """Some columns of one table of many runs, each distinct block once."""

    table: Table
    columns: tuple[str, ...]
    size: int = 0
    _starts: dict[bytes, int] = field(default_factory=dict)
    _parts: list[list[np.ndarray]] = field(default_factory=list)
    _codes: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, rows: pa.Table, ends: Sequence[tuple[int, int]]) -> list[int]:
        """Take the blocks of a run's table, from one row up to another; returns where each begins."""
        columns = [self._coded(rows, name) for name in self.columns]
        return [self._start([column[start:end] for column in columns]) if columns else 0 for start, end in ends]

    def whole(self) -> pa.Table:
        """All distinct blocks, one after the other; texts coded by dictionary, the column of steps left out."""
        schema = table_schema(self.table)
        arrays = []
        for number, name in enumerate(self.columns):
            kind = schema.field(name).type
            values = np.concatenate([part[number] for part in self._parts] or [np.empty(0)])
            arrays.append(self._array(name, kind, values))
        return pa.Table.from_arrays(arrays, names=list(self.columns))

    def _start(self, parts: Sequence[np.ndarray]) -> int:
        key = hashlib.sha256(b"".join(part.tobytes() for part in parts)).digest()
        if key not in self._starts:
            self._starts[key] = self.size
            self._parts.append([part.copy() for part in parts])
            self.size += len(parts[0])
        return self._starts[key]

    def _coded(self, rows: pa.Table, name: str) -> np.ndarray:
        """Numbers as they are, NaN where null; texts as their numbers in the dictionary, -1 where null."""
        column = rows.column(name)
        if not pa.types.is_string(column.type):
            exact = pa.types.is_floating(column.type) or not column.null_count
            values: np.ndarray = (column if exact else column.cast(pa.float64())).to_numpy()
            return values if not rows.schema.field(name).nullable else values.astype("float64")
        coded = column.combine_chunks().dictionary_encode()
        known = self._codes.setdefault(name, {})
        numbers = [known.setdefault(text, len(known)) for text in coded.dictionary.to_pylist()]
        indices = coded.indices.fill_null(len(numbers)).to_numpy(zero_copy_only=False)
        codes: np.ndarray = np.array([*numbers, -1], "int32")[indices]
        return codes

    def _array(self, name: str, kind: pa.DataType, values: np.ndarray) -> pa.Array:
        if pa.types.is_string(kind):
            texts = pa.array(list(self._codes.get(name, {})), pa.string())
            codes = pa.array(values.astype("int32"), mask=values < 0)
            return pa.DictionaryArray.from_arrays(codes, texts)
        return pa.array(values, from_pandas=True).cast(kind)


def run_table(table: Table, distinct: pa.Table, same: pa.Table | None, places: Sequence[Place]) -> pa.Table:
    """A run's table again: its blocks in their order, with their steps, of the table's schema.

    same: None where all columns are in `distinct`.
    """
    schema = table_schema(table)
    if not places:
        return schema.empty_table()
    rows = np.concatenate([np.arange(place.start, place.start + place.rows) for place in places])
    steps = np.repeat([place.step for place in places], [place.rows for place in places])
    taken = distinct.take(pa.array(rows)).append_column(step_column(table), pa.array(steps, pa.int64()))
    if same is not None:
        alike = np.concatenate([np.arange(place.same, place.same + place.rows) for place in places])
        for name, column in zip(same.column_names, same.take(pa.array(alike)).columns, strict=True):
            taken = taken.append_column(name, column)
    arrays = [taken.column(field.name).cast(field.type).combine_chunks() for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def step_column(table: Table) -> str:
    """The column that is not part of a block."""
    return STEP.get(table, "step")


def kept_columns(table: Table) -> tuple[str, ...]:
    """The columns of a block."""
    return tuple(name for name in table_schema(table).names if name != step_column(table))


def _ends(steps: np.ndarray, rows: pa.Table) -> list[int]:
    """The rows at which a block begins, and the number of all rows."""
    if not len(steps):
        return []
    new = steps[1:] != steps[:-1]
    if "task" in rows.column_names:
        tasks = rows.column("task").combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
        new |= tasks[1:] != tasks[:-1]
    return [0, *(np.flatnonzero(new) + 1).tolist(), len(steps)]
