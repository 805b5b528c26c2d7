"""What a miniature world must show to be worth measuring on, and whether it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lifealign_bench.benchmark.matrix import Matrix

ACCURACY, RUBRIC = "preference_accuracy", "rubric"
METRICS = {ACCURACY: "preference accuracy", RUBRIC: "oracle's rubric"}
METHODS = ("seqft", "stl", "mtl")

BASE_MEAN, BASE_EACH, PARSEABLE = (35.0, 65.0), (10.0, 90.0), 90.0
STL_LEAST: Mapping[str, float] = {ACCURACY: 85.0, RUBRIC: 75.0}
MTL_LEAST: Mapping[str, float] = {ACCURACY: 85.0, RUBRIC: 70.0}
FORGETTING, SPREAD, THREADS = 10.0, 3.0, 2.0


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of the table: what was measured, what it must be, what was found, and whether that will do."""

    measured: str
    expected: str
    found: str
    holds: bool


@dataclass(frozen=True)
class Measured:
    """What the requirements are about.

    matrices: by metric, method and name of order, in percent. parseable: percent of the base's answers that the
    grammar knows. repeated, threads: every cell of one run again, by metric, with the same command and with another
    number of threads.
    """

    matrices: Mapping[str, Mapping[str, Mapping[str, Matrix]]]
    parseable: float
    again: Mapping[str, tuple[Matrix, Matrix]]
    other_threads: tuple[Matrix, Matrix]


def requirements(world: Measured) -> list[Requirement]:
    """All lines of the table, in its order."""
    return [
        *_base(world),
        *_ceilings(world),
        *(line for metric in METRICS for line in _forgetting(world.matrices[metric], metric)),
        *_repeats(world),
    ]


def _base(world: Measured) -> Iterable[Requirement]:
    cells = _numbers(_any(world.matrices[ACCURACY]["seqft"]).rows[0])
    mean = sum(cells) / len(cells)
    yield _within("base, preference accuracy, mean over tasks", (mean, mean), BASE_MEAN, f"{mean:.1f}")
    shown = f"{min(cells):.1f} to {max(cells):.1f}"
    yield _within("base, preference accuracy, each task", (min(cells), max(cells)), BASE_EACH, shown)
    yield _at_least("base, answers that the grammar knows", [world.parseable], PARSEABLE)


def _ceilings(world: Measured) -> Iterable[Requirement]:
    for metric, name in METRICS.items():
        alone = _numbers(_any(world.matrices[metric]["stl"]).diagonal.values())
        yield _at_least(f"STL, {name}, own task, unseen items", alone, STL_LEAST[metric])
    for metric, name in METRICS.items():
        yield _at_least(f"MTL, {name}, Last", [_last(_any(world.matrices[metric]["mtl"]))], MTL_LEAST[metric])


def _forgetting(matrices: Mapping[str, Mapping[str, Matrix]], metric: str) -> Iterable[Requirement]:
    joint = _last(_any(matrices["mtl"]))
    lasts = {order: _last(matrix) for order, matrix in sorted(matrices["seqft"].items())}
    shown = ", ".join(f"{order} {joint - last:.1f}" for order, last in lasts.items())
    holds = all(joint - last >= FORGETTING for last in lasts.values())
    name = METRICS[metric]
    yield Requirement(f"SeqFT, {name}, Last below MTL's", f"at least {FORGETTING:.0f}", shown, holds)
    spread = max(lasts.values()) - min(lasts.values())
    measured = f"SeqFT, {name}, spread of Last over orders"
    if metric == ACCURACY:
        yield _at_least(measured, [spread], SPREAD)
    else:
        yield Requirement(measured, "(only shown)", f"{spread:.1f}", True)


def _repeats(world: Measured) -> Iterable[Requirement]:
    cells = sum(len(row) for first, _ in world.again.values() for row in first.rows)
    differing = sum(
        a != b for first, second in world.again.values() for a, b in zip(_cells(first), _cells(second), strict=True)
    )
    yield Requirement("same command again, cells that differ", "0", f"{differing} of {cells}", differing == 0)
    first, second = world.other_threads
    most = max(abs(a - b) for a, b in zip(_numbers(_cells(first)), _numbers(_cells(second)), strict=True))
    shown = f"at most {THREADS:.0f}"
    name = "another number of threads, preference accuracy, largest difference of a cell"
    yield Requirement(name, shown, f"{most:.1f}", most <= THREADS)


def _within(name: str, found: tuple[float, float], limits: tuple[float, float], shown: str) -> Requirement:
    low, high = limits
    return Requirement(name, f"{low:.0f} to {high:.0f}", shown, low <= found[0] and found[1] <= high)


def _at_least(name: str, found: Sequence[float], least: float) -> Requirement:
    shown = f"{min(found):.1f}" if len(found) == 1 else f"{min(found):.1f} to {max(found):.1f}"
    return Requirement(name, f"at least {least:.0f}", shown, min(found) >= least)


def _any(matrices: Mapping[str, Matrix]) -> Matrix:
    """One order's matrix of what is the same in all of them."""
    return matrices[min(matrices)]


def _last(matrix: Matrix) -> float:
    numbers = _numbers(matrix.last.values())
    return sum(numbers) / len(numbers)


def _cells(matrix: Matrix) -> list[float | None]:
    return [value for row in matrix.rows for value in row]


def _numbers(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
