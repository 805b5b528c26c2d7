"""How alike tasks are to the base, kept beside the runs, and its test against what tasks do to each other."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lifealign_bench.benchmark.evaluation.embeddings import measure_similarity
from lifealign_bench.benchmark.session import Overrides, overridden
from lifealign_bench.benchmark.statistics.crossed import missing_interval
from lifealign_bench.benchmark.statistics.interference import Interference, interference
from lifealign_bench.benchmark.statistics.similarity import (
    SimilarityRecord,
    read_similarity,
    similarity_tests,
    write_similarity,
)
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.benchmark.world import load_world
from lifealign_bench.data.errors import InputError
from simulated_orders import Stream, draw

TASKS = ("a", "b", "c", "d", "e")


def record(table: np.ndarray) -> SimilarityRecord:
    rows = tuple(tuple(float(value) for value in row) for row in table)
    return SimilarityRecord(base_sha256="0" * 64, tasks=TASKS, rows=(9,) * 5, prompts=rows, preference=rows)


def table() -> np.ndarray:
    raw = np.random.default_rng(0).uniform(-1, 1, (5, 5))
    return np.where(np.eye(5) > 0, 1.0, (raw + raw.T) / 2)


@pytest.fixture(scope="module")
def measured_twice(tmp_path_factory: pytest.TempPathFactory) -> list[SimilarityRecord]:
    suite = overridden(load_suite("mini"), Overrides(train_rows=24, evaluation_rows=4))
    folder = tmp_path_factory.mktemp("store")
    world = load_world(suite, folder, lambda text: None)
    return [measure_similarity(world, Store(folder)) for _ in range(2)]


def test_the_miniature_tasks_that_conflict_have_opposite_preferences(measured_twice: list[SimilarityRecord]) -> None:
    found = measured_twice[0]
    cosines = found.table("preference", found.tasks)
    at = {task: place for place, task in enumerate(found.tasks)}
    assert found.rows == (24,) * 6
    assert cosines[at["mini-harmless"], at["mini-helpful"]] < -0.4
    assert cosines[at["mini-safe"], at["mini-helpful"]] > 0.4
    assert np.diag(cosines) == pytest.approx(np.ones(6))
    assert found.table("prompts", found.tasks).min() > 0.5


def test_similarity_is_the_same_each_time(measured_twice: list[SimilarityRecord]) -> None:
    one, two = measured_twice
    assert one.table("prompts", one.tasks) == pytest.approx(two.table("prompts", one.tasks), abs=1e-6)
    assert one.base_sha256 == two.base_sha256


def test_a_record_survives_its_file_and_a_folder_may_have_none(tmp_path: Path) -> None:
    assert read_similarity(tmp_path) is None
    write_similarity(tmp_path, record(table()))
    assert read_similarity(tmp_path) == record(table())


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("prompts", [[1.0]], "5 rows"), ("tasks", 3, "tasks"), ("extra", 1, "extra")],
)
def test_a_damaged_record_is_one_line(tmp_path: Path, field: str, value: object, words: str) -> None:
    path = write_similarity(tmp_path, record(table()))
    values = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**values, field: value}), "utf-8")
    with pytest.raises(InputError, match=words):
        read_similarity(tmp_path)


def test_tasks_are_found_by_name_and_unknown_ones_are_missing() -> None:
    found = record(table())
    turned = found.table("prompts", TASKS[::-1])
    assert turned == pytest.approx(table()[::-1, ::-1])
    assert np.isnan(found.table("prompts", (*TASKS[:4], "x"))[0, 4])


def test_forgetting_that_follows_similarity_is_found() -> None:
    like = table()
    cells = tuple(
        tuple(missing_interval("itself") if i == j else _known(-10 * like[i, j]) for j in range(5)) for i in range(5)
    )
    matrices = (Interference("m", TASKS, cells, cells, cells),)
    prompts, preference = similarity_tests(record(like), matrices)
    assert prompts.of == "prompts"
    assert preference.of == "preference"
    assert prompts.mantel.correlation == pytest.approx(-1.0)
    assert prompts.mantel.p <= 2 / 120
    assert prompts.exploratory


def test_three_tasks_are_too_few() -> None:
    found = interference(draw(Stream(), np.random.default_rng(0)).board)
    (first, _) = similarity_tests(record(table()), found)
    assert "at least 4 tasks" in str(first.mantel.reason)


def _known(value: float) -> object:
    interval = missing_interval("x")
    return type(interval)(value, None, None, None, None, 1, 1, 1)
