"""Boards of whole matrices whose truth is known: what each task does to each other, and what a position does."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from lifealign_bench.benchmark.orders import Order, williams_orders
from lifealign_bench.benchmark.statistics.board import Block, Board
from lifealign_bench.benchmark.statistics.prompts import Prompts

MIDDLE = 50.0


@dataclass(frozen=True)
class Stream:
    """What matrices are drawn from, in points; every order with every seed.

    before: (T, T) change of task j when i is learned after it; later: the same when i is learned first; gain: of a task
    by its own learning. change_sd: what each step of each run adds to each task's change; order_sd: the same, shared by
    the seeds of an order. prompt_sd: each prompt's own part of a change, shared by all runs; level_sd: each prompt's
    level. by_position: (T,) added to a task's own gain in each position.
    """

    tasks: int = 3
    seeds: int = 1
    prompts: int = 60
    before: np.ndarray = field(default_factory=lambda: np.array([[0.0, -6, 2], [-3, 0, -9], [4, -1, 0]]))
    later: np.ndarray = field(default_factory=lambda: np.array([[0.0, 3, 1], [-2, 0, 5], [2, -4, 0]]))
    gain: float = 8.0
    change_sd: float = 2.0
    order_sd: float = 0.0
    prompt_sd: float = 3.0
    level_sd: float = 4.0
    by_position: tuple[float, ...] = (0.0, 0.0, 0.0)
    first_orders: int | None = None

    @property
    def orders(self) -> tuple[Order, ...]:
        """Williams' design, or its first orders."""
        return williams_orders(tuple(f"t{i}" for i in range(self.tasks)))[: self.first_orders]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A board and its truth; of_these_runs: (R, T, T) mean change of j when i is learned in each run, over prompts."""

    board: Board
    of_these_runs: np.ndarray


def draw(stream: Stream, generator: np.random.Generator) -> Drawn:
    """One board with one method; 0 or 100 for each prompt."""
    size, orders = stream.tasks, stream.orders
    prompts = layout(size, stream.prompts)
    task = prompts.task
    blocks = tuple(Block(order.name, seed) for order in orders for seed in range(stream.seeds))
    own = stream.prompt_sd * _uniform(generator, (size, len(task)))
    level = stream.level_sd * _uniform(generator, (len(task),))
    values = np.empty((1, len(blocks), size + 1, len(task)))
    truths = np.empty((len(blocks), size, size))
    shared = {order.name: stream.order_sd * generator.standard_normal((size, size)) for order in orders}
    names = [f"t{i}" for i in range(size)]
    by_name = {order.name: order for order in orders}
    for r, block in enumerate(blocks):
        learned = [names.index(name) for name in by_name[block.order].tasks]
        chance = MIDDLE + level
        values[0, r, 0] = generator.random(len(task)) * 100 < chance
        for k, i in enumerate(learned):
            mean = np.where([learned.index(j) < k for j in range(size)], stream.before[i], stream.later[i])
            mean[i] = stream.gain + stream.by_position[k]
            mean = mean + stream.change_sd * generator.standard_normal(size) + shared[block.order][i]
            truths[r, i] = mean
            chance = chance + mean[task] + own[i]
            values[0, r, k + 1] = generator.random(len(task)) * 100 < chance
    board = Board("simulated", ("m",), ("sequential",), blocks, by_name, tuple(names), prompts, 100.0 * values, {})
    return Drawn(board, truths)


@cache
def layout(tasks: int, prompts: int) -> Prompts:
    """The prompts of every board of so many; one object, whose tables are made once."""
    task = np.repeat(np.arange(tasks), prompts)
    return Prompts(task, np.arange(len(task)))


def _uniform(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.sqrt(12.0) * (generator.random(shape) - 0.5)
