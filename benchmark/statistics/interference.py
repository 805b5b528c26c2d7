"""What learning one task does to another: changes of cells from one step to the next, over orders and positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.board import Board
from lifealign_bench.benchmark.statistics.crossed import Interval, crossed_interval, missing_interval
from lifealign_bench.benchmark.statistics.prompts import Draws, Prompts, draw_items

Floats = NDArray[np.float64]
When = Literal["always", "learned before", "not yet learned"]
Cells = tuple[tuple[Interval, ...], ...]


@dataclass(frozen=True)
class Interference:
    """Mean change in points of task j (column) when task i (row) is learned; tasks as the board lists them.

    always: over all runs. learned_before: over the runs in which j was learned before i, what i makes a model forget
    or improve. not_yet_learned: over the runs in which j comes later, what i teaches ahead. On the diagonal of
    `always` stands what learning a task does to itself.
    """

    method: str
    tasks: tuple[str, ...]
    always: Cells
    learned_before: Cells
    not_yet_learned: Cells

    def means(self, when: When) -> Floats:
        """(T, T) the mean changes, NaN where there is none."""
        cells = {"always": self.always, "learned before": self.learned_before, "not yet learned": self.not_yet_learned}
        return np.array([[np.nan if cell.value is None else cell.value for cell in row] for row in cells[when]])


def interference(board: Board) -> tuple[Interference, ...]:
    """The interference matrices of every sequential method of a board, in its order.

    The change is R[k, j] - R[k - 1, j] where i is the k-th task of the run. Intervals are those of a mean over runs
    and prompts that are crossed (see `crossed_interval`): the runs that are looked at, the prompts of task j.
    """
    draws = [draw_items(task_prompts(board.prompts, task)) for task in range(len(board.tasks))]
    return tuple(_of_method(board, board.methods.index(name), draws) for name in board.sequential)


def task_prompts(prompts: Prompts, task: int) -> Prompts:
    """The prompts of one task alone, as the only task."""
    items = prompts.item[prompts.task == task]
    codes = np.unique(items, return_inverse=True)[1].reshape(-1)
    return Prompts(np.zeros(len(items), dtype=np.intp), codes)


def step_changes(board: Board, m: int) -> Floats:
    """(R, T, P): the change of every prompt's number when task i is learned, NaN where a cell is missing."""
    changes = np.diff(board.values[m], axis=1)
    places = np.stack([board.task_places(block) for block in board.blocks])
    found: Floats = np.take_along_axis(changes, places[:, :, None], axis=1)
    return found


def _of_method(board: Board, m: int, draws: Sequence[Draws]) -> Interference:
    changes, size = step_changes(board, m), len(board.tasks)
    found: dict[When, list[tuple[Interval, ...]]] = {"always": [], "learned before": [], "not yet learned": []}
    for i in range(size):
        for when, rows in found.items():
            rows.append(tuple(change_interval(board, changes[:, i], i, j, when, draws[j]) for j in range(size)))
    always, before, later = (tuple(rows) for rows in found.values())
    return Interference(board.methods[m], board.tasks, always, before, later)


def change_interval(board: Board, changes: Floats, i: int, j: int, when: When, draws: Draws) -> Interval:
    """The mean change of task j when task i is learned; changes: (R, P) of task i, draws: of task j's prompts."""
    if i == j and when != "always":
        return missing_interval("a task is not learned before or after itself")
    places = np.stack([board.task_places(block) for block in board.blocks])
    wanted = {
        "always": np.ones(len(places), dtype=bool),
        "learned before": places[:, j] < places[:, i],
        "not yet learned": places[:, j] > places[:, i],
    }[when]
    values = changes[:, board.prompts.task == j]
    there = ~np.isnan(values).any(axis=1)
    chosen = wanted & there
    if not chosen.any():
        missing = f"{board.tasks[j]} was not measured around learning {board.tasks[i]}"
        never = f"no order has {board.tasks[j]} {'before' if when == 'learned before' else 'after'} {board.tasks[i]}"
        return missing_interval(missing if wanted.any() else never)
    return crossed_interval(values[chosen], draws.prompts, board.runs.of(chosen), draws)
