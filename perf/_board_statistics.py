"""Every statistic of a board: CPU seconds and peak memory, and the growth for twice the prompts.

By default the board is that of 12 methods x 6 orders x 3 seeds x 6 tasks x 200 prompts, drawn at random with five
prompts an item. Each statistic runs in a process of its own with one thread, from the arrays of the board on; its peak
memory includes Python, the libraries and the board. Its CPU time is the median of repeated calls that last a second
together, each on a board without anything cached; `ratio` is that at twice the prompts over that at once.
Fails where one takes 10 CPU seconds or 1 GB. Reading runs from disk is measured apart, with --runs FOLDER.
"""

from __future__ import annotations

import os

# Before NumPy loads: one core is what is promised.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from lifealign_bench.benchmark.orders import design_balance, williams_orders
from lifealign_bench.benchmark.statistics import (
    Block,
    Board,
    Prompts,
    Verdicts,
    bradley_terry,
    compare_methods,
    measured,
    method_intervals,
    rank_methods,
    read_board,
    variance_split,
)
from lifealign_bench.benchmark.statistics.agreement import agreement
from lifealign_bench.benchmark.statistics.design import Design
from lifealign_bench.benchmark.statistics.interference import interference
from lifealign_bench.benchmark.statistics.positions import position_effects
from lifealign_bench.benchmark.statistics.power import pair_powers
from lifealign_bench.benchmark.statistics.sensitivity import order_sensitivity
from lifealign_bench.leaderboard.analysis.analysis import design_record
from lifealign_bench.leaderboard.analysis.gather import analyse_metric

PER_ITEM = 5
MOST_SECONDS, MOST_BYTES = 10.0, 1e9
MEASURED_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Size:
    """How large a board is; orders are Williams' (as many as tasks, for an even number)."""

    methods: int = 12
    seeds: int = 3
    tasks: int = 6
    prompts: int = 200


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of a statistic, those of what it needs first, and the process's largest resident set."""

    seconds: float
    peak_bytes: int


def random_board(size: Size) -> Board:
    """A board of wins and losses; methods differ by points, prompts and runs, too."""
    generator = np.random.default_rng(0)
    tasks = tuple(f"task{number}" for number in range(size.tasks))
    orders = williams_orders(tasks)
    blocks = tuple(Block(order.name, seed) for order in orders for seed in range(size.seeds))
    task = np.repeat(np.arange(size.tasks), size.prompts)
    prompts = Prompts(task, np.arange(len(task)) // PER_ITEM)
    shape = (size.methods, len(blocks), size.tasks + 1, len(task))
    chance = 60.0 + 2.0 * np.arange(size.methods)[:, None, None, None]
    chance = chance + 2.0 * generator.standard_normal(shape[:2])[:, :, None, None]
    chance = chance + 20.0 * (generator.random(len(task)) - 0.5)
    values = np.empty(shape)
    for m in range(size.methods):
        values[m] = 100.0 * (100.0 * generator.random(shape[1:], dtype=np.float32) < chance[m])
    names = tuple(f"method{number:02d}" for number in range(size.methods))
    by_name = {order.name: order for order in orders}
    return Board("random", names, ("sequential",) * size.methods, blocks, by_name, tasks, prompts, values, {})


def draws(board: Board) -> object:
    return board.draws


def intervals(board: Board) -> object:
    return [method_intervals(measured(board, measure)) for measure in ("last", "ap", "bwt", "fwt")]


def comparisons(board: Board) -> object:
    return compare_methods(measured(board, "last"))


def ranking(board: Board) -> object:
    return rank_methods(measured(board, "last"))


def pairwise(board: Board) -> object:
    """Every prompt's verdict on every pair of methods, at the last step of every block."""
    pairs = np.array(list(combinations(range(len(board.methods)), 2)))
    last = board.values[:, :, -1]
    score = np.concatenate([((100.0 + last[a] - last[b]) / 200.0).ravel() for a, b in pairs])
    each = len(board.blocks) * board.prompts.n_prompts
    first, second = (np.repeat(pairs[:, side], each) for side in (0, 1))
    run, prompt = (
        np.tile(part.ravel(), len(pairs)) for part in np.indices((len(board.blocks), board.prompts.n_prompts))
    )
    return bradley_terry(Verdicts(board.methods, first, second, score, run, prompt, board.runs, board.prompts))


def variances(board: Board) -> object:
    last = measured(board, "last")
    return [variance_split(values, board.runs, board.prompts) for values in last.values]


def rankings_by_order(board: Board) -> object:
    names = sorted(board.orders)
    rows = [[block.order == name for block in board.blocks] for name in names]
    means = measured(board, "last").means
    return agreement(np.stack([means[:, row].mean(axis=1) for row in rows]), names, board.methods)


def positions(board: Board) -> object:
    return position_effects(board, "learned"), position_effects(board, "end")


def power(board: Board) -> object:
    return pair_powers(measured(board, "last"), 5.0)


def whole_report(board: Board) -> object:
    orders, seeds = tuple(board.orders.values()), tuple(sorted({block.seed for block in board.blocks}))
    design = Design("williams", orders, seeds, design_balance(orders), len(board.methods), ())
    return analyse_metric(board, design_record(design))


STATISTICS: dict[str, Callable[[Board], object]] = {
    "bootstrap draws": draws,
    "intervals of Last, AP, BWT, FWT": intervals,
    "all pairs of methods": comparisons,
    "ranks and tie groups": ranking,
    "Bradley-Terry of all pairs": pairwise,
    "order sensitivity": order_sensitivity,
    "variance split and F-test": variances,
    "interference": interference,
    "positions": positions,
    "agreement of rankings": rankings_by_order,
    "power": power,
    "the whole analysis of a metric": whole_report,
}
"""What is measured, by the name that is printed; each is given a board whose draws are not yet made."""


def cost(name: str, size: Size) -> Cost:
    """What one statistic costs, in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measured_cost, (name, size))


def measured_cost(name: str, size: Size) -> Cost:
    board = random_board(size)
    seconds: list[float] = []
    while sum(seconds) < MEASURED_SECONDS:
        layout = Prompts(board.prompts.task, board.prompts.item)
        fresh = replace(board, prompts=layout)
        start = time.process_time()
        STATISTICS[name](fresh)
        seconds.append(time.process_time() - start)
    return Cost(statistics.median(seconds), 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", type=int, default=Size().methods)
    parser.add_argument("--prompts", type=int, default=Size().prompts)
    parser.add_argument("--runs", type=Path, help="a folder of runs: how long reading them takes")
    parser.add_argument("--only", help="statistics whose name has this in it")
    options = parser.parse_args()
    once = Size(methods=options.methods, prompts=options.prompts)
    twice = Size(methods=options.methods, prompts=2 * options.prompts)
    print(f"{once.methods} methods x 6 orders x {once.seeds} seeds x {once.tasks} tasks x {once.prompts} prompts")
    over = []
    for name in (one for one in STATISTICS if (options.only or "") in one):
        small, large = cost(name, once), cost(name, twice)
        print(
            f"{name:32s} {small.seconds:7.3f} s  {small.peak_bytes / 1e6:5.0f} MB;  twice the prompts: "
            f"{large.seconds:7.3f} s  {large.peak_bytes / 1e6:5.0f} MB  ratio {large.seconds / small.seconds:.2f}"
        )
        over += [name] if small.seconds >= MOST_SECONDS or small.peak_bytes >= MOST_BYTES else []
    if options.runs:
        start = time.process_time()
        board = read_board(options.runs, "preference_accuracy")
        seconds = time.process_time() - start
        print(f"reading {len(board.methods)} methods in {len(board.blocks)} blocks: {seconds:.2f} s")
    if over:
        raise SystemExit(f"over {MOST_SECONDS:g} s or {MOST_BYTES / 1e9:g} GB: {', '.join(over)}")
