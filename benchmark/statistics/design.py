"""The order design that runs really have: its name, balance, seeds, and what is missing from it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lifealign_bench.benchmark.orders import PAPER, Balance, Order, design_balance, random_orders
from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.data.errors import InputError


@dataclass(frozen=True)
class Design:
    """The orders and seeds of a board.

    name: `williams`, `paper`, `all`, `random:n` where the orders are exactly those, else `custom`. methods: how many
    ran. missing: blocks that a method lacks and others have, as words; a fair board has none.
    """

    name: str
    orders: tuple[Order, ...]
    seeds: tuple[int, ...]
    balance: Balance
    methods: int
    missing: tuple[str, ...]

    @property
    def summary(self) -> str:
        """One line: design, orders, balance, seeds, and whether all methods ran all of it."""
        counted = f"{len(self.orders)} order{'s' if len(self.orders) != 1 else ''}"
        even = "balanced" if self.balance.balanced else "not balanced"
        seeds = f"seed{'s' if len(self.seeds) != 1 else ''} {', '.join(map(str, self.seeds))}"
        fair = "every method ran all" if not self.missing else f"{len(self.missing)} runs missing"
        return f"{self.name}: {counted}, {even}; {seeds}; {fair}"


@dataclass(frozen=True, slots=True)
class Ran:
    """That a method ran an order with a seed; where: what an error names."""

    method: str
    order: Order
    seed: int
    where: str


def design_of(runs: Sequence[StoredRun]) -> Design:
    """The design of one board's runs; raises as `design_of_blocks`."""
    return design_of_blocks(
        [
            Ran(
                run.record.identity.method,
                Order(run.record.order.name, tuple(run.record.order.tasks)),
                run.record.identity.seed,
                str(run.folder),
            )
            for run in runs
        ]
    )


def design_of_blocks(runs: Sequence[Ran]) -> Design:
    """The design of one board.

    Raises:
        InputError: no runs, other tasks in a run, or one name for two orders.
    """
    if not runs:
        raise InputError("board", "runs", "none", "at least one run")
    found: dict[str, Order] = {}
    tasks = set(runs[0].order.tasks)
    for run in runs:
        order = run.order
        if set(order.tasks) != tasks:
            raise InputError(run.where, "order", ", ".join(order.tasks), f"the tasks {', '.join(sorted(tasks))}")
        if found.setdefault(order.name, order) != order:
            raise InputError(run.where, "order", f"{order.name} with other tasks in it", "one order a name")
    orders = tuple(found[name] for name in sorted(found, key=_natural))
    blocks = {(run.order.name, run.seed) for run in runs}
    ran = {(run.method, run.order.name, run.seed) for run in runs}
    methods = sorted({method for method, _, _ in ran})
    missing = tuple(
        f"{method} has no run of {order}, seed {seed}"
        for method in methods
        for order, seed in sorted(blocks)
        if (method, order, seed) not in ran
    )
    seeds = tuple(sorted({seed for _, seed in blocks}))
    return Design(design_name(orders), orders, seeds, design_balance(orders), len(methods), missing)


def design_name(orders: Sequence[Order]) -> str:
    """The design that these orders are, told by the orders themselves and not by their names alone.

    `williams`: T orders (2T where T is odd) with each task once in each position and each ordered pair adjacent
    equally often. `paper`: the paper's three by position.
    """
    sequences = {order.tasks for order in orders}
    size = len(orders[0].tasks)
    if len(sequences) == math.factorial(size) and size > 1:
        return "all"
    if design_balance(orders).balanced and len(sequences) == (size if size % 2 == 0 else 2 * size):
        return "williams"
    by_name: Mapping[str, Order] = {order.name: order for order in orders}
    if set(by_name) == {"order1", "order2", "order3"} and size == len(PAPER[0]):
        first = by_name["order1"].tasks
        paper = {f"order{i}": tuple(first[place] for place in row) for i, row in enumerate(PAPER, 1)}
        if all(by_name[name].tasks == row for name, row in paper.items()):
            return "paper"
    if all(re.fullmatch(r"random-[0-9]+", order.name) for order in orders):
        drawn = random_orders(orders[0].tasks, len(orders))
        if sequences == {order.tasks for order in drawn}:
            return f"random:{len(orders)}"
    return "custom"


def _natural(name: str) -> tuple[object, ...]:
    """Numbers in names sort as numbers: williams-2 before williams-10."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"([0-9]+)", name))
