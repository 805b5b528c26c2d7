"""The table of what a world must show: every line holds where it should and fails where it should."""

from __future__ import annotations

import dataclasses

import pytest

from lifealign_bench.benchmark.matrix import Matrix
from lifealign_bench.benchmark.world_check import ACCURACY, METRICS, Measured, requirements

TASKS = ("a", "b")
BASE = (40.0, 60.0)


def sequential(last: float) -> Matrix:
    return Matrix(TASKS, (BASE, (95.0, 50.0), (last, last)))


ALONE = Matrix(TASKS, (BASE, (95.0, None), (None, 85.0)), schedule="isolated")
JOINT = Matrix(TASKS, (BASE, (None, None), (90.0, 90.0)), schedule="joint")
GOOD = Measured(
    {
        metric: {
            "seqft": {"order1": sequential(70.0), "order2": sequential(74.0)},
            "stl": {"order1": ALONE},
            "mtl": {"order1": JOINT},
        }
        for metric in METRICS
    },
    95.0,
    {metric: (sequential(70.0), sequential(70.0)) for metric in METRICS},
    (sequential(70.0), sequential(72.0)),
)


def with_matrix(method: str, matrix: Matrix) -> Measured:
    matrices = {metric: dict(found) for metric, found in GOOD.matrices.items()}
    matrices[ACCURACY][method] = {**matrices[ACCURACY][method], "order1": matrix}
    return dataclasses.replace(GOOD, matrices=matrices)


def failing(world: Measured) -> list[tuple[str, str]]:
    return [(line.measured, line.found) for line in requirements(world) if not line.holds]


def test_a_good_world_holds_in_every_line() -> None:
    assert failing(GOOD) == []
    assert len(requirements(GOOD)) == 13


def other_base(*cells: float) -> Matrix:
    return Matrix(TASKS, (cells, (95.0, 50.0), (70.0, 70.0)))


@pytest.mark.parametrize(
    ("world", "line", "found"),
    [
        (with_matrix("seqft", other_base(80.0, 60.0)), "base, preference accuracy, mean over tasks", "70.0"),
        (with_matrix("seqft", other_base(95.0, 5.0)), "base, preference accuracy, each task", "5.0 to 95.0"),
        (dataclasses.replace(GOOD, parseable=89.9), "base, answers that the grammar knows", "89.9"),
        (
            with_matrix("stl", Matrix(TASKS, (BASE, (95.0, None), (None, 84.0)), schedule="isolated")),
            "STL, preference accuracy, own task, unseen items",
            "84.0 to 95.0",
        ),
        (
            with_matrix("mtl", Matrix(TASKS, (BASE, (None, None), (88.0, 81.0)), schedule="joint")),
            "MTL, preference accuracy, Last",
            "84.5",
        ),
        (
            with_matrix("seqft", sequential(81.0)),
            "SeqFT, preference accuracy, Last below MTL's",
            "order1 9.0, order2 16.0",
        ),
        (with_matrix("seqft", sequential(72.0)), "SeqFT, preference accuracy, spread of Last over orders", "2.0"),
        (
            dataclasses.replace(GOOD, again={ACCURACY: (sequential(70.0), sequential(70.01))}),
            "same command again, cells that differ",
            "2 of 6",
        ),
        (
            dataclasses.replace(GOOD, other_threads=(sequential(70.0), sequential(72.1))),
            "another number of threads, preference accuracy, largest difference of a cell",
            "2.1",
        ),
    ],
)
def test_each_line_fails_on_its_own(world: Measured, line: str, found: str) -> None:
    assert (line, found) in failing(world)
