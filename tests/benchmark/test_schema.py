"""Records and tables of a run: what is written is read back, and nothing else is accepted."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from stored_boards import store_board

from lifealign_bench.benchmark.columns import TABLES, Table, read_table, table_schema, write_table
from lifealign_bench.benchmark.metrics import Measure
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.benchmark.schema import (
    SCHEMA_VERSION,
    MeasureRecord,
    NodeCost,
    Provenance,
    SpecRecord,
    read_provenance,
    read_run,
    write_provenance,
    write_run,
)
from lifealign_bench.data.errors import InputError
from stored_runs import HASH, cells_frame, make_matrix, make_record

COST = {"wall_s": 1.5, "cpu_s": 2.5, "peak_memory_bytes": 10, "example_passes": 4, "tokens": 9}


def change(folder: Path, *path: str, to: object) -> None:
    """Write the record of a folder again with one value changed."""
    value = json.loads((folder / "run.json").read_text())
    place = value
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    (folder / "run.json").write_text(json.dumps(value))


def test_a_record_is_read_back_as_it_was_written_and_to_the_same_bytes(tmp_path: Path) -> None:
    record = make_record()
    write_run(tmp_path, record)
    first = (tmp_path / "run.json").read_bytes()
    assert read_run(tmp_path) == record
    write_run(tmp_path, read_run(tmp_path))
    assert (tmp_path / "run.json").read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_provenance_is_read_back(tmp_path: Path) -> None:
    record = Provenance(
        machine={"cores": 2},
        versions={"torch": None},
        started="2026-01-01T00:00:00Z",
        finished="2026-01-01T00:01:00Z",
        nodes={HASH: NodeCost(label="train a", kind="train", **COST)},
        git_commit=None,
        git_dirty=None,
    )
    write_provenance(tmp_path, record)
    assert read_provenance(tmp_path) == record


@pytest.mark.parametrize(
    ("path", "to", "words"),
    [
        (
            ("schema_version",),
            1,
            ["schema_version", "found 1", "expected 3", "carries 2 over", "version of this package"],
        ),
        (("schema_version",), True, ["schema_version", "found True"]),
        (("extra",), 1, ["extra", "not permitted"]),
        (("suite", "protocol"), "1", ["suite.protocol", "'1'", "integer"]),
        (("suite", "sha256"), "zz", ["suite.sha256", "'zz'"]),
        (("order", "tasks"), ["a", "a"], ["order.tasks names a task twice"]),
        (("identity", "order"), "order2", ["identity.order 'order2'"]),
        (("data",), {}, ["data has other tasks"]),
        (("trust",), "certified", ["trust", "'certified'", "recomputed"]),
        (("division",), None, ["division", "None"]),
        (("metrics", "preference_accuracy", "last", "value"), None, ["metrics.preference_accuracy.last", "reason"]),
    ],
)
def test_a_field_that_does_not_fit_is_one_error_that_names_it(
    tmp_path: Path, path: tuple[str, ...], to: object, words: list[str]
) -> None:
    write_run(tmp_path, make_record())
    change(tmp_path, *path, to=to)
    with pytest.raises(InputError) as caught:
        read_run(tmp_path)
    assert all(word in str(caught.value) for word in ["run.json", *words]), str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", ["line 1", "Expecting value"]),
        (b'{"a": 1,\n}', ["line 2"]),
        (b'{"a": NaN}', ["NaN"]),
        (b'{"a": -Infinity}', ["-Infinity"]),
        (b'{"a": 1e999}', ["1e999"]),
        (b'{"a": 1, "a": 2}', ["'a' twice"]),
        (b'{"a": "\xff"}', ["not UTF-8"]),
        (b"[" * 100_000, ["too many levels"]),
        (b'{"a": ' + b"9" * 5000 + b"}", ["strict JSON"]),
        (b"[1]", ["found list", "an object"]),
        (b'{"a": 1}', ["schema_version", "found none"]),
    ],
)
def test_what_is_no_strict_json_is_refused(tmp_path: Path, text: bytes, words: list[str]) -> None:
    (tmp_path / "run.json").write_bytes(text)
    with pytest.raises(InputError) as caught:
        read_run(tmp_path)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_missing_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"run\.json.*No such file"):
        read_run(tmp_path)


def test_numbers_that_are_not_finite_never_reach_a_record() -> None:
    with pytest.raises(ValidationError, match="finite"):
        MeasureRecord(value=math.nan, reason=None, n=1)


@pytest.mark.parametrize(
    "values",
    [
        {"value": None, "reason": None},
        {"value": 1.0, "reason": "why"},
        {"value": None, "reason": "why", "standard_error": 1.0},
        {"value": 1.0, "reason": None, "interval": (2.0, 1.0)},
        {"value": 1.0, "reason": None, "standard_error": -1.0},
    ],
)
def test_a_measure_record_that_contradicts_itself_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MeasureRecord(n=1, **values)


def test_a_null_measure_takes_no_standard_error_along() -> None:
    assert MeasureRecord.from_measure(Measure(None, "no gain"), 5, 1.0).standard_error is None
    assert MeasureRecord.from_measure(Measure(2.0), 5, 1.0).standard_error == 1.0


def test_a_specification_becomes_a_record_with_sorted_lists() -> None:
    from lifealign_bench.methods.base import MethodSpec

    spec = MethodSpec("m", "1", "M", "", keeps=frozenset({"statistics", "examples"}))
    assert SpecRecord.from_spec(spec).keeps == ("examples", "statistics")


def test_the_comparability_key_depends_on_what_must_be_shared_and_on_nothing_else() -> None:
    record = make_record()
    assert record.recomputed_comparability_key() == record.comparability_key
    other = make_record("lifealign", seed=3, budget={}, tuning_origin="sweep")
    assert other.recomputed_comparability_key() == record.comparability_key
    longer = make_record(generation={"max_new_tokens": 64})
    assert longer.recomputed_comparability_key() != record.comparability_key


def test_the_schema_is_free_of_torch() -> None:
    modules = "benchmark.schema", "benchmark.columns", "leaderboard.tables", "leaderboard.rendering"
    imports = ", ".join(f"lifealign_bench.{module}" for module in modules)
    program = f"import sys, {imports}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_table_is_read_back_with_nulls_and_to_the_same_bytes(tmp_path: Path) -> None:
    rows = ((None, None, None), (50.0, None, None), (60.0, 70.0, None), (40.0, 75.0, 90.0))
    frame = cells_frame(make_matrix(rows))
    path = write_table(tmp_path, "cells", frame)
    first = path.read_bytes()
    read = read_table(tmp_path, "cells")
    assert list(read.columns) == table_schema("cells").names
    assert read["value"].isna().sum() == 6
    assert read["reason"].iloc[0] == "not evaluated"
    assert read["reason"].iloc[3] is None
    assert read["trained_task"].iloc[0] is None
    write_table(tmp_path, "cells", read[list(reversed(read.columns))])
    assert path.read_bytes() == first
    assert [item.name for item in tmp_path.iterdir()] == ["cells.parquet"]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_without_rows_keeps_its_columns(tmp_path: Path, table: Table) -> None:
    write_table(tmp_path, table, pd.DataFrame(columns=table_schema(table).names))
    read = read_table(tmp_path, table)
    assert list(read.columns) == table_schema(table).names
    assert read.empty


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": math.inf}, ["value", "not finite"]),
        ({"task": None}, ["task", "nulls"]),
        ({"n": math.nan}, ["n", "nulls"]),
        ({"n": 1.5}, ["n", "int64"]),
        ({"metric": b"\xff"}, ["metric"]),
        ({"value": "high"}, ["value"]),
        ({"another": 1}, ["unknown another"]),
    ],
)
def test_rows_that_do_not_fit_are_refused_and_nothing_is_written(
    tmp_path: Path, changes: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        write_table(tmp_path, "cells", cells_frame(make_matrix()).assign(**changes))
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_missing_column_a_missing_file_and_another_format_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no reason"):
        write_table(tmp_path, "cells", cells_frame(make_matrix()).drop(columns="reason"))
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path, "cells")
    (tmp_path / "cells.parquet").write_bytes(b"PAR1 this is no table")
    with pytest.raises(InputError, match="a Parquet file"):
        read_table(tmp_path, "cells")
    pq.write_table(pa.table({"step": [1]}), tmp_path / "cells.parquet")
    with pytest.raises(InputError, match="no task"):
        read_table(tmp_path, "cells")


def test_the_version_of_the_schema_is_written(tmp_path: Path) -> None:
    write_run(tmp_path, make_record())
    assert json.loads((tmp_path / "run.json").read_text())["schema_version"] == SCHEMA_VERSION


def test_runs_are_found_while_another_process_finishes_one_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_board(tmp_path)
    (tmp_path / ".half-written").mkdir()
    scan = os.scandir

    def gone(place: Any = ".") -> Any:
        if ".half-written" in str(place):
            raise FileNotFoundError(2, "No such file or directory", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", gone)
    assert len(find_runs(tmp_path)) == len(list(tmp_path.glob("*/run.json")))
