"""The orders of a suite, with its tasks that come back."""

from __future__ import annotations

from collections.abc import Mapping

from lifealign_bench.benchmark.orders import Order, OrderDesign, count_orders, resolve_orders
from lifealign_bench.benchmark.suite import Suite


def orders_of(suite: Suite) -> tuple[Order, ...]:
    """The orders in which a suite's tasks are learned; tasks that come back do so at the end of each.

    An explicit list of orders may place second visits itself, by their names.

    Raises:
        InputError: as `resolve_orders`.
    """
    visits = _visits(suite)
    if not visits or _places(suite.orders, visits):
        return resolve_orders(suite.orders, suite.task_names)
    own = suite.task_names[: len(suite.tasks)]
    return tuple(Order(order.name, (*order.tasks, *visits)) for order in resolve_orders(suite.orders, own))


def count_orders_of(suite: Suite) -> int:
    """How many orders a suite has."""
    placed = _places(suite.orders, _visits(suite))
    return count_orders(suite.orders, suite.task_names if placed else suite.task_names[: len(suite.tasks)])


def _visits(suite: Suite) -> tuple[str, ...]:
    return suite.task_names[len(suite.tasks) :]


def _places(design: OrderDesign, visits: tuple[str, ...]) -> bool:
    orders = [] if isinstance(design, str) else list(design.values() if isinstance(design, Mapping) else design)
    return any(not isinstance(order, str) and task in visits for order in orders for task in order)
