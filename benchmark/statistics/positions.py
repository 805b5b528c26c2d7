"""Whether it matters when a task is learned: its number right after learning and at the end, by its position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lifealign_bench.benchmark.metrics import Measure
from lifealign_bench.benchmark.orders import design_balance
from lifealign_bench.benchmark.statistics.board import Board

Floats = NDArray[np.float64]
At = Literal["learned", "end"]

LEVEL = 0.95
# Squares below this share of the squared values are rounding.
ROUNDING = 1e-18


@dataclass(frozen=True, slots=True)
class Effect:
    """How much better than the mean position a position is, in points, with its 95 % interval; reason: why not.

    p: two-sided, of no difference. n_orders: how many orders it is from.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    n_orders: int
    reason: str | None = None


@dataclass(frozen=True)
class PositionEffect:
    """A method's numbers by position 1..T.

    at: `learned` is R[k, task] of the task learned k-th (plasticity), `end` is R[T, task] of it. by_task: (T, T) mean
    over runs of each task (row) in each position (column), null where no order has it there. effects: by position, in
    points from the mean position, the same for all tasks. caution: what the orders leave mixed with it.
    """

    method: str
    at: At
    tasks: tuple[str, ...]
    by_task: tuple[tuple[Measure, ...], ...]
    effects: tuple[Effect, ...]
    caution: str | None


def position_effects(board: Board, at: At) -> tuple[PositionEffect, ...]:
    """The position effect of every sequential method of a board.

    y[order, task] = order + task + position + rest, y the mean over the order's seeds; least squares, effects as
    deviations from the mean position. The interval is t-type over the rest between orders: prompts that all orders
    share fall out with the task's part. Each order has each task once, so a position is never mixed with the tasks in
    Williams' design, and its neighbours are the same there; in another design the caution says what is mixed.
    Source: Jones and Kenward, Design and Analysis of Cross-Over Trials (2014), chapter 4.
    """
    return tuple(_of_method(board, board.methods.index(name), at) for name in board.sequential)


def _of_method(board: Board, m: int, at: At) -> PositionEffect:
    size = len(board.tasks)
    names = list(board.orders)
    places = np.stack([[board.orders[name].tasks.index(task) for task in board.tasks] for name in names])
    steps = places + 1 if at == "learned" else np.full_like(places, size)
    cells = np.full((len(names), size), np.nan)
    for o, name in enumerate(names):
        rows = [r for r, block in enumerate(board.blocks) if block.order == name]
        for task in range(size):
            # A seed whose cell is missing must not shift the mean of the others' order.
            values = board.values[m][rows, steps[o, task]][:, board.prompts.task == task].mean(axis=1)
            cells[o, task] = values.mean()
    by_task = tuple(
        tuple(_mean(cells[places[:, task] == place, task]) for place in range(size)) for task in range(size)
    )
    effects = _effects(cells, places)
    return PositionEffect(board.methods[m], at, board.tasks, by_task, effects, _caution(board))


def _mean(values: Floats) -> Measure:
    found = values[~np.isnan(values)]
    return Measure(float(found.mean())) if len(found) else Measure(None, "no order has the task in this position")


def _effects(cells: Floats, places: NDArray[np.intp]) -> tuple[Effect, ...]:
    """(O, T) numbers and positions of tasks -> an effect for each position."""
    orders, size = int(cells.shape[0]), int(cells.shape[1])
    there = ~np.isnan(cells)
    if size == 1:
        return (_none("there is only one task (T = 1)", orders),)
    if there[there.any(axis=1)].shape[0] < 2:
        return (_none("one order: a task and its position cannot be told apart", orders),) * size
    order, task = np.nonzero(there)
    columns = [np.eye(orders)[order], np.eye(size)[task], np.eye(size)[places[there]]]
    design, y = np.hstack(columns), cells[there]
    contrasts = np.hstack([np.zeros((size, orders + size)), np.eye(size) - 1.0 / size])
    inverse = np.linalg.pinv(design.T @ design)
    found = inverse @ design.T @ y
    freedom = len(y) - int(np.linalg.matrix_rank(design))
    squares = float(np.square(y - design @ found).sum())
    rest = squares if squares > ROUNDING * float(y @ y) else 0.0
    estimable = np.abs(contrasts @ inverse @ (design.T @ design) - contrasts).max(axis=1) < 1e-8
    scales = np.sqrt(np.maximum(0.0, np.einsum("ic,cd,id->i", contrasts, inverse, contrasts)))
    mixed = _none("these orders mix the position with the tasks that stand there", orders)
    listed = zip((contrasts @ found).tolist(), scales.tolist(), estimable.tolist(), strict=True)
    return tuple(
        _effect(value, scale, rest, freedom, int(there.any(axis=1).sum())) if known else mixed
        for value, scale, known in listed
    )


def _effect(value: float, scale: float, rest: float, freedom: int, orders: int) -> Effect:
    if freedom < 1:
        return Effect(value, None, None, None, orders, "too few orders: nothing is left to tell how sure this is")
    if rest == 0.0:
        return Effect(value, None, None, None, orders, "orders do not differ: nothing tells how sure this is")
    error = scale * (rest / freedom) ** 0.5
    half = float(special.stdtrit(freedom, (1 + LEVEL) / 2)) * error
    p = 2.0 * float(special.stdtr(freedom, -abs(value) / error))
    return Effect(value, value - half, value + half, p, orders)


def _none(reason: str, orders: int) -> Effect:
    return Effect(None, None, None, None, orders, reason)


def _caution(board: Board) -> str | None:
    """What the position effect is mixed with in these orders."""
    if design_balance(list(board.orders.values())).balanced:
        return None
    return (
        "these orders are not balanced: tasks stand unequally often in the positions, or after each other, so what a "
        "neighbour does is partly counted as the position's"
    )
