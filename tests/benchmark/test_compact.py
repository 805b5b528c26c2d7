"""Compact results: much smaller, and for every reader the same as the run folders that they were made of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from example_board import example_board
from lifealign_bench.benchmark.columns import TABLES, empty_table, read_arrow, write_table
from lifealign_bench.benchmark.compact.form import RECORD, sha256_of
from lifealign_bench.benchmark.compact.opening import cache, content_name, opened
from lifealign_bench.benchmark.compact.reading import expand
from lifealign_bench.benchmark.compact.writing import compact
from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.benchmark.strict_json import write_json
from lifealign_bench.cli import app
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.shipped import shipped_results
from lifealign_bench.leaderboard.site.writing import write_csv
from lifealign_bench.leaderboard.submissions.known import what_is_known

RUNS = tuple(f"{name}--order{order}--s0" for name in ("seqft", "er", "stl") for order in (1, 2))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six runs that share policies, with an adapter that is not to travel."""
    folder = tmp_path_factory.mktemp("plain") / "mini-all"
    for name in RUNS:
        shutil.copytree(example_board() / name, folder / name)
    shutil.copyfile(example_board() / "texts.parquet", folder / "texts.parquet")
    (folder / RUNS[0] / "adapter.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture(scope="module")
def packed(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("packed") / "mini-all"
    assert compact(plain, out).left_out == (f"{RUNS[0]}/adapter.safetensors",)
    return out


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_six_runs_take_less_than_half_the_room(plain: Path, packed: Path) -> None:
    assert size(packed) < size(plain) / 2


def test_every_row_is_back_in_its_place(plain: Path, packed: Path, tmp_path: Path) -> None:
    assert expand(packed, tmp_path / "again") == len(RUNS)
    for name in RUNS:
        for table in TABLES:
            # Arrow's own comparison: to the last bit, nulls apart from numbers.
            assert read_arrow(tmp_path / "again" / name, table).equals(read_arrow(plain / name, table))
        old, new = (read_run(place / name) for place in (plain, tmp_path / "again"))
        assert old.model_copy(update={"artefacts": {}}) == new.model_copy(update={"artefacts": {}})


def test_what_this_version_wrote_comes_back_byte_for_byte(packed: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    expand(packed, first)
    compact(first, tmp_path / "packed")
    expand(tmp_path / "packed", second)
    files = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert len(files) > len(RUNS) * len(TABLES)
    assert all((first / path).read_bytes() == (second / path).read_bytes() for path in files)


def test_what_an_older_version_wrote_is_read(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr("lifealign_bench.benchmark.compact.blocks.SAME", {})
        compact(plain, tmp_path / "packed")
    assert not list((tmp_path / "packed").glob("rows-*-same.parquet"))
    record = json.loads((tmp_path / "packed" / RECORD).read_text("utf-8"))
    assert record["format_version"] == 2
    write_json(tmp_path / "packed" / RECORD, {**record, "format_version": 1})
    expand(tmp_path / "packed", tmp_path / "again")
    for name in RUNS:
        for table in TABLES:
            assert read_arrow(tmp_path / "again" / name, table).equals(read_arrow(plain / name, table))


def test_what_is_the_same_for_all_policies_is_stored_once(packed: Path) -> None:
    for table in ("pairs", "samples", "judgments"):
        same, own = (pq.read_metadata(packed / f"rows-{table}{part}.parquet").num_rows for part in ("-same", ""))
        assert 0 < same < own / 3


def test_a_table_without_rows_is_there_again(tmp_path: Path) -> None:
    folder = tmp_path / "plain" / "run"
    shutil.copytree(example_board() / RUNS[0], folder)
    write_table(folder, "judgments", empty_table("judgments"))
    record = json.loads((folder / "run.json").read_text("utf-8"))
    record["artefacts"]["judgments.parquet"] = sha256_of(folder / "judgments.parquet")
    write_json(folder / "run.json", record)
    compact(folder.parent, tmp_path / "packed")
    expand(tmp_path / "packed", tmp_path / "again")
    assert pq.read_metadata(tmp_path / "again" / "run" / "judgments.parquet").num_rows == 0


def test_all_tables_of_the_board_have_the_same_bytes_from_both(plain: Path, packed: Path, tmp_path: Path) -> None:
    for place, name in ((plain, "one"), (packed, "two"), (packed.parent, "three")):
        board = load_board([place])
        assert len(board.runs) == len(RUNS)
        write_csv(board, Rows(), tmp_path / name, ["preference_accuracy", "rubric"], everything=True)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.csv")]
    assert len(files) > 3
    for path in files:
        one, *others = ((tmp_path / name / path).read_bytes() for name in ("one", "two", "three"))
        assert others == [one, one], path


def test_one_run_inside_is_found_by_its_name(packed: Path) -> None:
    (run,) = find_runs(packed / RUNS[1])
    assert run.folder.name == RUNS[1]
    assert run.folder.is_relative_to(cache())


def test_the_checker_knows_the_same_from_both(plain: Path, packed: Path) -> None:
    known, same = what_is_known([plain]), what_is_known([packed])
    assert known.row_zero.keys() == same.row_zero.keys()
    assert known.texts == same.texts


def test_it_is_unpacked_once(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(packed)
    monkeypatch.setattr("lifealign_bench.benchmark.compact.reading.expand", lambda *_: pytest.fail("unpacked again"))
    assert opened(packed) == first


def test_what_was_unpacked_is_named_by_what_it_holds_whoever_wrote_it(packed: Path, tmp_path: Path) -> None:
    own = opened(packed)
    names = [content_name(own / run / f"{table}.parquet") for run in RUNS[:2] for table in ("pairs", "cells")]
    assert len(set(names)) == 4
    other = own.with_name(f"{own.name.partition('-')[0]}-another")
    assert content_name(other / RUNS[0] / "pairs.parquet") == names[0]
    assert content_name(packed / RUNS[0] / "pairs.parquet") is None
    compact(shipped_results("mini-quick"), tmp_path / "more")
    assert content_name(opened(tmp_path / "more") / RUNS[0] / "pairs.parquet") not in names


def test_numbers_are_never_written_into_the_copy(packed: Path) -> None:
    copy = opened(packed) / RUNS[0]
    record = json.loads((copy / "run.json").read_text("utf-8"))
    record["metrics"]["rubric"]["last"]["value"] += 1
    write_json(copy / "run.json", record)
    assert any(run.differences for run in rescore([packed], write=False))
    with pytest.raises(InputError, match="unpacked from compact results"):
        rescore([packed], write=True)


def test_a_file_that_was_altered_is_named(packed: Path, tmp_path: Path) -> None:
    altered = tmp_path / "altered"
    shutil.copytree(packed, altered)
    (altered / "rows-cells.parquet").write_bytes(b"PAR1")
    done = CliRunner().invoke(app, ["results", "expand", str(altered), str(tmp_path / "out")])
    assert isinstance(done.exception, InputError)
    assert "rows-cells.parquet: SHA-256" in str(done.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/.b", "a//b", "a\\b"])
def test_no_name_leads_out_of_the_folder(packed: Path, tmp_path: Path, name: str) -> None:
    altered = tmp_path / "altered"
    shutil.copytree(packed, altered)
    record = json.loads((altered / RECORD).read_text("utf-8"))
    record["files"][name] = "0" * 64
    write_json(altered / RECORD, record)
    with pytest.raises(InputError, match="no part of which begins with a dot"):
        expand(altered, tmp_path / "out")


def test_runs_that_are_not_as_written_are_not_packed(plain: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(plain, folder)
    shutil.copyfile(folder / RUNS[0] / "cells.parquet", folder / RUNS[1] / "cells.parquet")
    with pytest.raises(InputError, match=r"artefacts\.cells\.parquet"):
        compact(folder, tmp_path / "out")
