"""The matrix R[k, j] of one run: how good task j is after k learned tasks; row 0 is the untouched base."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lifealign_bench.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np

Schedule = Literal["sequential", "isolated", "joint"]
Row = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One number R[step, task]: `value` None means missing, `reason` then says why where that is known."""

    step: int
    task: str
    value: float | None
    reason: str | None = None


@dataclass(frozen=True)
class Matrix:
    """R of one run over T tasks in the order in which they were learned.

    rows: T + 1 rows of T cells; row k is after k learned tasks, row 0 the untouched base; None is a missing cell.
    reasons: why a cell is missing, by (k, j) with j from 1, where that is known.
    schedule: how the method goes through the tasks. An `isolated` one (STL) has a diagonal only, a `joint` one (MTL)
    the last row only. It is declared, never guessed from the shape: else a run that hides its last row would be
    scored by its diagonal.
    """

    tasks: tuple[str, ...]
    rows: tuple[Row, ...]
    reasons: Mapping[tuple[int, int], str] = field(default_factory=dict)
    schedule: Schedule = "sequential"

    def __post_init__(self) -> None:
        if not self.tasks or len(set(self.tasks)) != len(self.tasks):
            raise InputError("matrix", "tasks", list(self.tasks), "at least one task, each named once")
        shape = [len(row) for row in self.rows]
        if shape != [len(self.tasks)] * (len(self.tasks) + 1):
            expected = f"{len(self.tasks) + 1} rows of {len(self.tasks)} cells"
            raise InputError("matrix", "rows", f"rows of {shape} cells", expected)
        if any(value is not None and not math.isfinite(value) for row in self.rows for value in row):
            raise InputError("matrix", "rows", "a number that is not finite", "finite numbers, None where missing")

    @classmethod
    def from_cells(cls, tasks: Sequence[str], cells: Iterable[Cell], schedule: Schedule = "sequential") -> Matrix:
        """The matrix of these cells; a cell that is not given is missing.

        Raises:
            InputError: a cell of an unknown task or step, or two cells of the same place.
        """
        position = {task: index for index, task in enumerate(tasks)}
        rows: list[list[float | None]] = [[None] * len(position) for _ in range(len(position) + 1)]
        reasons: dict[tuple[int, int], str] = {}
        seen: set[tuple[int, int]] = set()
        for cell in cells:
            if cell.task not in position or not 0 <= cell.step <= len(position):
                raise InputError(
                    "matrix", "cell", f"R[{cell.step}, {cell.task}]", f"a step of 0..{len(position)}, a task"
                )
            place = (cell.step, position[cell.task] + 1)
            if place in seen:
                raise InputError("matrix", "cell", f"R[{cell.step}, {cell.task}] twice", "each cell once")
            seen.add(place)
            rows[cell.step][place[1] - 1] = cell.value
            if cell.value is None and cell.reason:
                reasons[place] = cell.reason
        return cls(tuple(tasks), tuple(tuple(row) for row in rows), reasons, schedule)

    @classmethod
    def from_csv(cls, path: Path, schedule: Schedule = "sequential") -> Matrix:
        """The matrix in a CSV file (see `benchmark.matrix_csv`); raises InputError naming line and column."""
        from lifealign_bench.benchmark.matrix_csv import read_matrix

        return read_matrix(path, schedule)

    @property
    def size(self) -> int:
        """T, the number of tasks."""
        return len(self.tasks)

    @property
    def has_base(self) -> bool:
        """Whether row 0 has at least one number."""
        return any(value is not None for value in self.rows[0])

    @property
    def diagonal(self) -> dict[str, float | None]:
        """R[j, j] by task: each task right after it was learned."""
        return {task: self.rows[index + 1][index] for index, task in enumerate(self.tasks)}

    @property
    def last(self) -> dict[str, float | None]:
        """R[T, j] by task: each task at the end."""
        return dict(zip(self.tasks, self.rows[-1], strict=True))

    def value(self, step: int, j: int) -> float | None:
        """R[step, j] with step 0..T and j 1..T; None where missing."""
        return self.rows[step][j - 1]

    def missing(self, step: int, j: int) -> str:
        """One sentence that names the missing cell R[step, j] and, where known, why it is missing."""
        if self.schedule == "joint" and 0 < step < self.size:
            return "all tasks were learned at once (joint): no stage before the last exists"
        learned = "1 task" if step == 1 else f"{step} tasks"
        known = self.reasons.get((step, j))
        return f"R[{step}, {j}] ({self.tasks[j - 1]} after {learned}) is missing" + (f": {known}" if known else "")

    def to_array(self) -> np.ndarray:
        """A float array of shape (T + 1, T), NaN where missing."""
        import numpy as np

        return np.array(self.rows, dtype=float)
