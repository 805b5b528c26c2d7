"""The numbers of a board as arrays: one metric of every method, run, step and prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.matrix import Schedule
from lifealign_bench.benchmark.orders import Order
from lifealign_bench.benchmark.statistics.measures import LinearMeasure, cell_weights, measure_reason
from lifealign_bench.benchmark.statistics.prompts import Draws, Prompts, draw_items
from lifealign_bench.benchmark.statistics.run_part import Runs

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """An order with a seed, in which each method of a board is run once."""

    order: str
    seed: int

    def __str__(self) -> str:
        return f"{self.order}, seed {self.seed}"


@dataclass(frozen=True, eq=False)
class Board:
    """One metric (0 to 100) of M methods in R blocks, T + 1 steps, P prompts.

    values: (M, R, T+1, P), NaN where missing; prompts of all tasks beside each other, as `prompts` says.
    schedules: (M,) how each method goes through the tasks. orders: by name, every order of `blocks`.
    reasons: why a method has no run in a block or no number in a cell, by (method, block, step, task); step and task
    are None where the whole run is missing.
    """

    metric: str
    methods: tuple[str, ...]
    schedules: tuple[Schedule, ...]
    blocks: tuple[Block, ...]
    orders: Mapping[str, Order]
    tasks: tuple[str, ...]
    prompts: Prompts
    values: Floats
    reasons: Mapping[tuple[str, Block, int | None, str | None], str]

    @cached_property
    def draws(self) -> Draws:
        """The bootstrap draws that all statistics of this board share."""
        return draw_items(self.prompts)

    @cached_property
    def runs(self) -> Runs:
        """The blocks as codes of orders and seeds."""
        orders, seeds = ([getattr(block, name) for block in self.blocks] for name in ("order", "seed"))
        codes = [np.unique(np.array(names), return_inverse=True)[1].reshape(-1) for names in (orders, seeds)]
        return Runs(codes[0], codes[1])

    @property
    def sequential(self) -> tuple[str, ...]:
        """The methods that are ranked; isolated and joint ones (STL, MTL) are references."""
        return tuple(name for name, own in zip(self.methods, self.schedules, strict=True) if own == "sequential")

    def task_places(self, block: Block) -> NDArray[np.intp]:
        """(T,) for each task of `tasks`, its place in the block's order, from 0."""
        order = self.orders[block.order].tasks
        return np.array([order.index(task) for task in self.tasks])


@dataclass(frozen=True, eq=False)
class Measured:
    """A linear measure of a board, prompt by prompt.

    values: (M, R, P), their mean over tasks of means over prompts is the measure; NaN throughout where a run has none.
    reasons: (method, block) -> why.
    """

    board: Board
    measure: LinearMeasure
    values: Floats
    reasons: Mapping[tuple[str, Block], str]

    @cached_property
    def ran(self) -> NDArray[np.bool_]:
        """(M, R) whether a method has the number in a block."""
        return ~np.isnan(self.values[:, :, 0])

    @cached_property
    def means(self) -> Floats:
        """(M, R) the measure of each run, NaN where missing."""
        return self.board.prompts.mean(self.values)

    def why_missing(self, method: str) -> str | None:
        """The first reason why a run of a method has no number, with the block's name unless it is the same for all;
        None where all have one."""
        found = [self.reasons.get((method, block)) for block in self.board.blocks]
        if len(set(found)) == 1:
            return found[0]
        for block in self.board.blocks:
            reason = self.reasons.get((method, block))
            if reason is not None:
                return f"{block}: {reason}"
        return None


def measured(board: Board, measure: LinearMeasure) -> Measured:
    """A measure of every run of a board, as one number a prompt: T times the weighted sum of the prompt's cells.

    The mean over tasks of the means over prompts of these is the measure of the run (see `measures.cell_weights`).
    """
    shape = (len(board.methods), len(board.blocks), board.prompts.n_prompts)
    values = np.full(shape, np.nan)
    reasons: dict[tuple[str, Block], str] = {}
    for m, (method, schedule) in enumerate(zip(board.methods, board.schedules, strict=True)):
        never = measure_reason(measure, len(board.tasks), schedule)
        weights = cell_weights(measure, len(board.tasks), schedule) * len(board.tasks)
        for r, block in enumerate(board.blocks):
            used = weights[:, board.task_places(block)][:, board.prompts.task]
            reason = never or _missing(board, m, r, used)
            if reason is not None:
                reasons[method, block] = reason
                continue
            values[m, r] = np.where(used != 0, board.values[m, r] * used, 0.0).sum(axis=0)
    return Measured(board, measure, values, reasons)


def _missing(board: Board, m: int, r: int, used: Floats) -> str | None:
    """Why the run lacks a cell that is used."""
    method, block = board.methods[m], board.blocks[r]
    whole = board.reasons.get((method, block, None, None))
    if whole is not None:
        return whole
    holes = np.argwhere(np.isnan(board.values[m, r]) & (used != 0))
    if not len(holes):
        return None
    step, task = int(holes[0][0]), board.tasks[board.prompts.task[holes[0][1]]]
    known = board.reasons.get((method, block, step, task))
    return f"{task} after {step} of {len(board.tasks)} tasks is missing" + (f": {known}" if known else "")
