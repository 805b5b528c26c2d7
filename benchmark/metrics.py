"""The continual metrics of one run: pure functions over R[k, j], higher is better.

k = 0..T counts learned tasks, j = 1..T is the j-th task of the order. A metric whose cells are all there is computed,
whatever else is missing; otherwise it is null and the reason names the cell. Nothing is clamped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from lifealign_bench.benchmark.matrix import Matrix
from lifealign_bench.data.errors import InputError

Need = Literal["row 0", "unseen tasks", "every seen task", "STL", "MTL"]

# Below this share of the numbers compared, a denominator is rounding error and not a difference.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Measure:
    """A number, or None and the reason why there is none."""

    value: float | None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError("a measure has either a value or a reason")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"a measure's value is finite, not {self.value}")


@dataclass(frozen=True, slots=True)
class References:
    """What a run is compared with, by task: `stl` (each task learned alone), `mtl` (all learned at once).

    gap_standard_error: the standard error of (Last of MTL - base), None where it is not known.
    """

    stl: Mapping[str, float | None] | None = None
    mtl: Mapping[str, float | None] | None = None
    gap_standard_error: float | None = None

    def __post_init__(self) -> None:
        error = self.gap_standard_error
        if error is not None and not 0 <= error < math.inf:
            raise InputError("references", "gap_standard_error", error, "a finite number of at least 0")


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of the list of metrics: how it is named and written, what it is made from, how it is computed."""

    name: str
    title: str
    formula: str
    function: Callable[[Matrix, References], Measure]
    needs: tuple[Need, ...] = ()


class _MissingError(Exception):
    """A number does not exist; the message is the reason."""


def last(matrix: Matrix, references: References = References()) -> Measure:
    """Mean over tasks of R[T, j]; for an isolated schedule (STL) the mean of the diagonal."""
    if matrix.schedule == "isolated":
        return _measure(lambda: _mean(_cell(matrix, j, j) for j in _tasks(matrix)))
    return _measure(lambda: _last(matrix))


def average_performance(matrix: Matrix, references: References = References()) -> Measure:
    """AP: mean over k = 1..T of the mean over the k seen tasks of R[k, j]."""
    return _ordered(matrix, lambda: _mean(_mean(_cell(matrix, k, j) for j in range(1, k + 1)) for k in _tasks(matrix)))


def backward_transfer(matrix: Matrix, references: References = References()) -> Measure:
    """BWT: mean over j < T of R[T, j] - R[j, j]."""
    size = matrix.size
    return _ordered(matrix, lambda: _mean(_cell(matrix, size, j) - _cell(matrix, j, j) for j in _earlier(matrix)))


def forgetting(matrix: Matrix, references: References = References()) -> Measure:
    """Mean over j < T of the best R[l, j], j <= l < T, minus R[T, j]; negative where a task got better at the end."""
    size = matrix.size

    def value() -> float:
        best = {j: max(_cell(matrix, step, j) for step in range(j, size)) for j in _earlier(matrix)}
        return _mean(best[j] - _cell(matrix, size, j) for j in best)

    return _ordered(matrix, value)


def forward_transfer(matrix: Matrix, references: References = References()) -> Measure:
    """FWT: mean over j > 1 of R[j-1, j] - R[0, j], what earlier tasks did for a task before it was learned."""
    return _ordered(matrix, lambda: _mean(_cell(matrix, j, j + 1) - _cell(matrix, 0, j + 1) for j in _earlier(matrix)))


def plasticity(matrix: Matrix, references: References = References()) -> Measure:
    """Mean over tasks of R[j, j] - STL_j, how well a task is learned against learning it alone."""

    def value() -> float:
        alone = _reference(matrix, references.stl, "STL")
        return _mean(_cell(matrix, j, j) - alone[j - 1] for j in _tasks(matrix))

    return _ordered(matrix, value)


def avoidable_forgetting(matrix: Matrix, references: References = References()) -> Measure:
    """Mean over tasks of MTL_j - R[T, j]: what one training on everything keeps and this order lost."""

    def value() -> float:
        joint = _reference(matrix, references.mtl, "MTL")
        return _mean(joint[j - 1] - _cell(matrix, matrix.size, j) for j in _tasks(matrix))

    return _ordered(matrix, value)


def gap_closed(matrix: Matrix, references: References = References()) -> Measure:
    """(Last - base) / (Last of MTL - base), base = mean of row 0; null where the denominator is within its error."""

    def value() -> float:
        joint = _mean(_reference(matrix, references.mtl, "MTL"))
        base = _mean(_cell(matrix, 0, j) for j in _tasks(matrix))
        gap, error = joint - base, references.gap_standard_error or 0.0
        if abs(gap) <= max(error, ROUNDING * max(abs(joint), abs(base))):
            raise _MissingError(
                f"no gap to close: Last of MTL - base is {gap:.4g}, within its standard error {error:.4g}"
            )
        return (_last(matrix) - base) / gap

    return _ordered(matrix, value)


def forgotten_per_gained(matrix: Matrix, references: References = References()) -> Measure:
    """Sum over j < T of max(0, R[j, j] - R[T, j]) over the sum over k of max(0, R[k, k] - R[k-1, k])."""

    def value() -> float:
        lost = sum(max(0.0, _cell(matrix, j, j) - _cell(matrix, matrix.size, j)) for j in _earlier(matrix))
        gained = sum(max(0.0, _cell(matrix, k, k) - _cell(matrix, k - 1, k)) for k in _tasks(matrix))
        if gained <= ROUNDING * max(lost, *(abs(_cell(matrix, k, k)) for k in _tasks(matrix))):
            raise _MissingError("no gain")
        return lost / gained

    return _ordered(matrix, value)


METRICS: tuple[Metric, ...] = (
    Metric("last", "Last", "mean_j R[T,j]", last),
    Metric("ap", "AP", "mean_k mean_{j<=k} R[k,j], k = 1..T", average_performance, ("every seen task",)),
    Metric("bwt", "BWT", "mean_{j<T} (R[T,j] - R[j,j])", backward_transfer),
    Metric("forgetting", "Forgetting", "mean_{j<T} (max_{j<=l<T} R[l,j] - R[T,j])", forgetting, ("every seen task",)),
    Metric("fwt", "FWT", "mean_{j>1} (R[j-1,j] - R[0,j])", forward_transfer, ("row 0", "unseen tasks")),
    Metric("plasticity", "Plasticity", "mean_j (R[j,j] - STL_j)", plasticity, ("STL",)),
    Metric("avoidable_forgetting", "Avoidable forgetting", "mean_j (MTL_j - R[T,j])", avoidable_forgetting, ("MTL",)),
    Metric("gap_closed", "Gap closed", "(Last - base) / (Last_MTL - base)", gap_closed, ("row 0", "MTL")),
    Metric(
        "forgotten_per_gained",
        "Forgotten per gained",
        "sum_{j<T} max(0, R[j,j] - R[T,j]) / sum_k max(0, R[k,k] - R[k-1,k])",
        forgotten_per_gained,
        ("row 0", "unseen tasks"),
    ),
)


def measure_all(matrix: Matrix, references: References = References(), *, bounded: bool = True) -> dict[str, Measure]:
    """Every metric of `METRICS` by name.

    bounded: False for a quantity without bounds (a margin), which is never averaged over tasks: every metric is null.
    """
    if not bounded:
        return {metric.name: Measure(None, "unbounded: never averaged over tasks") for metric in METRICS}
    return {metric.name: metric.function(matrix, references) for metric in METRICS}


def _ordered(matrix: Matrix, value: Callable[[], float]) -> Measure:
    """The measure of a metric that needs one model going through the tasks."""
    if matrix.schedule == "isolated":
        return Measure(None, "each task was learned alone (isolated): only Last exists")
    return _measure(value)


def _measure(value: Callable[[], float]) -> Measure:
    try:
        return Measure(value())
    except _MissingError as missing:
        return Measure(None, str(missing))


def _tasks(matrix: Matrix) -> range:
    return range(1, matrix.size + 1)


def _earlier(matrix: Matrix) -> range:
    """j < T; raises where there is no earlier task."""
    if matrix.size == 1:
        raise _MissingError("there is only one task (T = 1)")
    return range(1, matrix.size)


def _cell(matrix: Matrix, step: int, j: int) -> float:
    value = matrix.value(step, j)
    if value is None:
        raise _MissingError(matrix.missing(step, j))
    return value


def _last(matrix: Matrix) -> float:
    return _mean(_cell(matrix, matrix.size, j) for j in _tasks(matrix))


def _reference(matrix: Matrix, values: Mapping[str, float | None] | None, name: str) -> list[float]:
    """The reference's number for each task, in the matrix's order."""
    if values is None:
        raise _MissingError(f"no {name} run to compare with")
    numbers = []
    for task in matrix.tasks:
        value = values.get(task)
        if value is None:
            raise _MissingError(f"{name} has no number for {task}")
        numbers.append(value)
    return numbers


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return math.fsum(numbers) / len(numbers)
