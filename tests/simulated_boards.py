"""Boards of results whose truth is known: effects in points of a percentage, wins drawn pair by pair."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lifealign_bench.benchmark.matrix import Schedule
from lifealign_bench.benchmark.orders import Order
from lifealign_bench.benchmark.statistics.board import Block, Board, Measured
from lifealign_bench.benchmark.statistics.prompts import Draws, Prompts
from lifealign_bench.benchmark.statistics.run_part import Runs

MIDDLE = 70.0


@dataclass(frozen=True)
class World:
    """What boards are drawn from. Standard deviations in points; `methods`: each method's effect in points.

    orders x seeds runs of each method. tasks of `prompts` prompts, `per_item` of them made from one item; the items of
    the first `sharing` tasks are the same ones. order_sd, seed_sd: shared by all methods; run_sd: each method's own.
    interaction_sd: each method's own part of an order. method_prompt_sd: each method's own part of an item, in all its
    runs. item_sd, prompt_sd: shared by all runs of all methods, bounded
    (uniform), so that no probability leaves 0 to 1 and the truth stays exact. middle: the mean of all effects.
    """

    orders: int = 6
    seeds: int = 3
    tasks: int = 3
    prompts: int = 60
    per_item: int = 1
    sharing: int = 0
    methods: tuple[float, ...] = (0.0,)
    order_sd: float = 0.0
    seed_sd: float = 0.0
    run_sd: float = 2.0
    interaction_sd: float = 0.0
    method_prompt_sd: float = 0.0
    item_sd: float = 8.0
    prompt_sd: float = 5.0
    middle: float = MIDDLE

    @property
    def runs(self) -> Runs:
        """All orders with all seeds."""
        places = np.arange(self.orders * self.seeds)
        return Runs(places // self.seeds, places % self.seeds)

    def layout(self) -> Prompts:
        """The prompts of every board of this world."""
        task = np.repeat(np.arange(self.tasks), self.prompts)
        own = np.tile(np.arange(self.prompts) // self.per_item, self.tasks)
        item = np.where(task < self.sharing, own, own + task * self.prompts)
        return Prompts(task, np.unique(item, return_inverse=True)[1].reshape(-1))


@dataclass(frozen=True, eq=False)
class Simulated:
    """One board: `values` (M, R, P), 0 or 100; `truth` (M,) over all runs and prompts; `of_these_runs` (M,) with the
    runs held fixed."""

    values: np.ndarray
    truth: np.ndarray
    of_these_runs: np.ndarray


def simulate(world: World, prompts: Prompts, generator: np.random.Generator) -> Simulated:
    """One board of a world; `prompts` is its layout."""
    runs, methods = world.runs, np.asarray(world.methods)
    size = (len(methods), len(runs))
    shared = world.order_sd * generator.standard_normal(world.orders)[runs.order]
    shared = shared + world.seed_sd * generator.standard_normal(world.seeds)[runs.seed]
    own = world.run_sd * generator.standard_normal(size)
    own += world.interaction_sd * generator.standard_normal((len(methods), world.orders))[:, runs.order]
    effects = methods[:, None] + shared[None, :] + own
    items = _uniform(generator, world.item_sd, prompts.n_items)[prompts.item]
    base = items + _uniform(generator, world.prompt_sd, prompts.n_prompts)
    base += np.linspace(-2.0, 2.0, prompts.n_tasks)[prompts.task] if prompts.n_tasks > 1 else 0.0
    special = _uniform(generator, world.method_prompt_sd, (len(methods), 1, prompts.n_items))[:, :, prompts.item]
    chance = world.middle + effects[:, :, None] + base[None, None, :] + special
    wins = generator.random(chance.shape, dtype=np.float32) * 100.0 < chance
    truth = world.middle + methods
    return Simulated(100.0 * wins, truth, truth + (shared[None, :] + own).mean(axis=1))


def as_measured(world: World, prompts: Prompts, draws: Draws, values: np.ndarray) -> Measured:
    """A simulated board as the Last of a real one; all boards of a layout share their draws, which only saves time."""
    tasks = tuple(f"task{number}" for number in range(prompts.n_tasks))
    blocks = tuple(Block(f"order{order + 1:02d}", int(seed)) for order, seed in zip(*_codes(world.runs), strict=True))
    methods = tuple(f"method{number}" for number in range(len(values)))
    orders = {block.order: Order(block.order, tasks) for block in blocks}
    schedules: tuple[Schedule, ...] = ("sequential",) * len(methods)
    board = Board("simulated", methods, schedules, blocks, orders, tasks, prompts, values[:, :, None, :], {})
    board.__dict__["draws"] = draws
    return Measured(board, "last", values, {})


def _codes(runs: Runs) -> tuple[np.ndarray, np.ndarray]:
    return runs.order, runs.seed


def with_runs(world: World, orders: int, seeds: int) -> World:
    """The same world with another number of runs."""
    return replace(world, orders=orders, seeds=seeds)


def _uniform(generator: np.random.Generator, deviation: float, size: int | tuple[int, ...]) -> np.ndarray:
    width = deviation * np.sqrt(12.0)
    return width * (generator.random(size) - 0.5)
