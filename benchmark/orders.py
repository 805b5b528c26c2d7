"""Order designs: in which orders the tasks are learned. The same design always gives the same orders."""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.data.rows import digest

OrderDesign = str | Sequence[str | Sequence[str]] | Mapping[str, Sequence[str]]

# The paper's three orders, as positions in its list of six tasks.
PAPER = ((0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0), (2, 0, 5, 3, 1, 4))
# More orders than this are never run; `random:n` draws from them.
MOST_ORDERS = math.factorial(8)
DESIGNS = ("paper", "williams", "all", "random:n")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Order:
    """A permutation of a suite's tasks, with a name that can stand in a file name."""

    name: str
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """How even a set of orders is.

    positions: for each task, how many orders have it in position 1..T.
    adjacent: for each ordered pair (a, b), how many orders learn b right after a; every pair of tasks is listed.
    """

    positions: Mapping[str, tuple[int, ...]]
    adjacent: Mapping[tuple[str, str], int]

    @property
    def balanced(self) -> bool:
        """Whether each task stands equally often in each position and each ordered pair is equally often adjacent."""
        places = {count for counts in self.positions.values() for count in counts}
        return len(places) == 1 and len(set(self.adjacent.values())) <= 1


def resolve_orders(design: OrderDesign, tasks: Sequence[str]) -> tuple[Order, ...]:
    """The orders of a design over `tasks`.

    design: `paper` (six tasks, by position), `williams`, `all`, `random:n`, the name of one order (`order2`,
    `williams-3`), a list of these and of explicit orders (named `custom-1`, ...), or a mapping of names to explicit
    orders. In a list, an order that an earlier design already gave is left out.

    Raises:
        InputError: unknown design, an order that is no permutation of the tasks, the same order or name twice,
            too many orders.
    """
    names = _checked_tasks(tasks)
    if isinstance(design, str):
        return tuple(_named_design(design, names))
    if not design:
        raise InputError("orders", "design", "nothing", f"one of {', '.join(DESIGNS)}, or a list of orders")
    if isinstance(design, Mapping):
        return _explicit(dict(design), names)
    written = {f"custom-{i}": entry for i, entry in enumerate(design, 1) if not isinstance(entry, str)}
    custom = {order.name: order for order in _explicit(written, names)}
    found: dict[tuple[str, ...], Order] = {}
    for index, entry in enumerate(design, 1):
        orders = _named_design(entry, names) if isinstance(entry, str) else [custom[f"custom-{index}"]]
        for order in orders:
            found.setdefault(order.tasks, order)
    return tuple(found.values())


def count_orders(design: OrderDesign, tasks: Sequence[str]) -> int:
    """How many orders a design has; `all` is counted, not listed."""
    return math.factorial(len(tasks)) if design == "all" else len(resolve_orders(design, tasks))


def all_orders(tasks: Sequence[str]) -> Iterator[Order]:
    """Every order, one by one, lexicographic in the suite's list of tasks."""
    width = max(4, len(str(math.factorial(len(tasks)))))
    for number, order in enumerate(permutations(tasks), 1):
        yield Order(f"all-{number:0{width}d}", order)


def williams_orders(tasks: Sequence[str]) -> tuple[Order, ...]:
    """Williams' design: each task equally often in each position, each ordered pair equally often adjacent.

    T orders for an even T (each exactly once), 2T for an odd one (each exactly twice); one for T = 1.
    Source: E. J. Williams (1949), Experimental designs balanced for the estimation of residual effects of treatments.
    """
    size = len(tasks)
    # 0, 1, T-1, 2, T-2, ...: neighbouring differences are all different modulo T.
    first = [(step + 1) // 2 if step % 2 else (size - step // 2) % size for step in range(size)]
    rows = [[(place + shift) % size for place in first] for shift in range(size)]
    if size % 2 and size > 1:
        rows += [row[::-1] for row in rows]
    return tuple(Order(f"williams-{i}", tuple(tasks[place] for place in row)) for i, row in enumerate(rows, 1))


def random_orders(tasks: Sequence[str], count: int) -> tuple[Order, ...]:
    """`count` different orders drawn by a hash of the task set and `count`; the same on every machine.

    Raises:
        InputError: fewer than one, or more orders than there are.
    """
    most = math.factorial(len(tasks))
    if not 1 <= count <= min(most, MOST_ORDERS):
        limit = f"{len(tasks)} tasks have {most} orders" if most <= MOST_ORDERS else "more are never run"
        raise InputError("orders", f"random:{count}", count, f"1 to {min(most, MOST_ORDERS)} ({limit})")
    listed = sorted(tasks)
    numbers: dict[int, None] = {}
    draw = 0
    while len(numbers) < count:
        numbers[int(digest([listed, count, draw]), 16) % most] = None
        draw += 1
    return tuple(Order(f"random-{i}", _permutation(listed, number)) for i, number in enumerate(numbers, 1))


def paper_orders(tasks: Sequence[str]) -> tuple[Order, ...]:
    """The paper's three orders of six tasks, by the position of each task in the suite's list.

    Raises:
        InputError: the suite has another number of tasks.
    """
    if len(tasks) != len(PAPER[0]):
        raise InputError("orders", "paper", f"{len(tasks)} tasks", "six tasks; use williams, all, random:n or a list")
    return tuple(Order(f"order{i}", tuple(tasks[place] for place in row)) for i, row in enumerate(PAPER, 1))


def design_balance(orders: Sequence[Order]) -> Balance:
    """How often each task stands in each position, and each ordered pair next to each other; all of the same tasks."""
    tasks = sorted(orders[0].tasks) if orders else []
    places = Counter((task, place) for order in orders for place, task in enumerate(order.tasks))
    pairs = Counter(pair for order in orders for pair in zip(order.tasks, order.tasks[1:], strict=False))
    positions = {task: tuple(places[task, place] for place in range(len(tasks))) for task in tasks}
    return Balance(positions, {(a, b): pairs[a, b] for a in tasks for b in tasks if a != b})


def _named_design(design: str, tasks: Sequence[str]) -> Iterable[Order]:
    if design == "paper":
        return paper_orders(tasks)
    if design == "williams":
        return williams_orders(tasks)
    if design == "all":
        return _listed_orders(tasks)
    if design.startswith("random:"):
        number = design.removeprefix("random:")
        if not re.fullmatch(r"[0-9]{1,9}", number):
            raise InputError("orders", "design", repr(design), "random:n with a whole number n, as in random:4")
        return random_orders(tasks, int(number))
    return [_single(design, tasks)]


def _listed_orders(tasks: Sequence[str]) -> Iterable[Order]:
    if math.factorial(len(tasks)) > MOST_ORDERS:
        found = f"{math.factorial(len(tasks))} orders of {len(tasks)} tasks"
        raise InputError("orders", "all", found, f"at most {MOST_ORDERS}; use williams or random:n")
    return all_orders(tasks)


def _single(name: str, tasks: Sequence[str]) -> Order:
    """One order of the paper's or of Williams' design by its name."""
    if re.fullmatch(r"order[0-9]+", name):
        known = {order.name: order for order in paper_orders(tasks)}
    else:
        known = {order.name: order for order in williams_orders(tasks)}
    if name not in known:
        listed = [*known, *DESIGNS] if name.startswith(("order", "williams-")) else DESIGNS
        raise UnknownNameError("orders", "design", name, listed)
    return known[name]


def _explicit(orders: Mapping[str, Sequence[str]], tasks: Sequence[str]) -> tuple[Order, ...]:
    named: dict[tuple[str, ...], str] = {}
    for name, order in orders.items():
        if not NAME.fullmatch(name):
            raise InputError("orders", "name", repr(name), "letters, digits, '.', '_' and '-', at most 64")
        checked = _permuted(name, order, tasks)
        if checked in named:
            raise InputError("orders", name, f"the same order as {named[checked]}", "each order once")
        named[checked] = name
    return tuple(Order(name, order) for order, name in named.items())


def _permuted(name: str, order: Sequence[str], tasks: Sequence[str]) -> tuple[str, ...]:
    if isinstance(order, str) or not all(isinstance(task, str) for task in order):
        raise InputError("orders", name, repr(order)[:120], "a list of task names")
    faults = []
    for task in dict.fromkeys(order):
        if task not in tasks:
            near = difflib.get_close_matches(task, tasks, n=3, cutoff=0.5)
            faults.append(f"unknown {task!r}" + (f" (did you mean {', '.join(near)}?)" if near else ""))
    faults += [f"{task!r} {count} times" for task, count in Counter(order).items() if count > 1 and task in tasks]
    faults += [f"no {task!r}" for task in tasks if task not in order]
    if faults:
        raise InputError("orders", name, "; ".join(faults), f"each of {', '.join(tasks)} once")
    return tuple(order)


def _permutation(items: Sequence[str], number: int) -> tuple[str, ...]:
    """The `number`-th permutation (from 0) in lexicographic order, without listing the others."""
    left, result = list(items), []
    for size in range(len(left), 0, -1):
        place, number = divmod(number, math.factorial(size - 1))
        result.append(left.pop(place))
    return tuple(result)


def _checked_tasks(tasks: Sequence[str]) -> tuple[str, ...]:
    twice = [task for task, count in Counter(tasks).items() if count > 1]
    if not tasks or twice:
        raise InputError("orders", "tasks", f"{', '.join(twice)} twice" if twice else "no task", "each task once")
    return tuple(tasks)
