"""Results of schema 2 are carried over: nothing is computed, and what was written stays what it was."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.benchmark.schema import read_provenance, read_run
from lifealign_bench.benchmark.upgrading import upgrade
from lifealign_bench.data.errors import InputError
from small_board import small_board

RUN = "stl--order1--s0"
NEW = {"samples": ["harm", "category"], "judgments": ["template", "against"]}


def as_version_2(folder: Path) -> None:
    """The run as the version before wrote it."""
    for table, columns in NEW.items():
        path = folder / f"{table}.parquet"
        pq.write_table(pq.read_table(path).drop_columns(columns), path)
    record = json.loads((folder / "run.json").read_text("utf-8"))
    for judge in record["judges"]:
        del judge["templates"], judge["revision"]
    del record["coverage"]
    (folder / "run.json").write_text(json.dumps({**record, "schema_version": 2}), "utf-8")
    provenance = json.loads((folder / "provenance.json").read_text("utf-8"))
    del provenance["judging"]
    (folder / "provenance.json").write_text(json.dumps({**provenance, "schema_version": 2}), "utf-8")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = small_board(tmp_path / "results", (RUN,)) / RUN
    as_version_2(folder)
    return folder


def test_a_run_of_schema_2_is_refused_with_the_way_out_and_then_carried_over(old: Path) -> None:
    with pytest.raises(InputError, match=r"found 2, expected 3; `lifealign score --upgrade`"):
        read_run(old)
    assert upgrade([old.parent]) == [old]
    record = read_run(old)
    assert record.recomputed_comparability_key() == record.comparability_key
    (judge,) = record.judges
    assert list(judge.templates) == [f"mini-world@{judge.template_version}"]
    assert set(read_table(old, "judgments")["template"]) == set(judge.templates)
    assert read_table(old, "samples")["harm"].isin(["harmful", "harmless"]).all()
    assert read_provenance(old).nodes
    rescore([old], write=True)
    assert read_run(old).coverage["rubric"].share == 1.0
    assert rescore([old], write=False)[0].differences == []


def test_what_is_carried_over_already_is_left_alone(old: Path) -> None:
    upgrade([old])
    before = {path.name: path.read_bytes() for path in old.iterdir()}
    assert upgrade([old]) == []
    assert {path.name: path.read_bytes() for path in old.iterdir()} == before


def test_without_texts_there_are_no_harm_labels_and_no_invention(old: Path) -> None:
    (old.parent / "texts.parquet").unlink()
    upgrade([old])
    assert read_table(old, "samples")["harm"].isna().all()
