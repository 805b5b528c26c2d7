"""What a plan is in numbers: nodes planned, distinct, cached and to run, and how long they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lifealign_bench.benchmark.estimate import Estimate, estimate
from lifealign_bench.benchmark.graph import Graph, Kind
from lifealign_bench.benchmark.orders import Order
from lifealign_bench.benchmark.plan import Plan
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import Suite


@dataclass(frozen=True, slots=True)
class Sharing:
    """What orders share: stages of one sequential method and seed, planned (orders x T) and distinct (prefixes)."""

    orders: int
    tasks: int
    planned: int
    distinct: int


@dataclass(frozen=True)
class PlanCounts:
    """A plan in numbers.

    planned counts a node for every run that needs it, distinct once; cached are those of the distinct that the store
    has. listed: whether every node was built, or only counted where the store has nothing of it; only then are there
    run_names. notes: a line for each thing that is left out.
    """

    suite: Suite
    runs: int
    run_names: tuple[str, ...]
    sharing: Sharing
    planned: Mapping[Kind, int]
    distinct: Mapping[Kind, int]
    cached: Mapping[Kind, int]
    guess: Estimate
    listed: bool
    notes: tuple[str, ...] = ()


def counts_of(plan: Plan, store: Store | None, device: str) -> PlanCounts:
    """The numbers of a plan that is built; device: `cpu` or `cuda`, whose rate is assumed where none was measured."""
    return PlanCounts(
        plan.suite,
        len(plan.runs),
        tuple(run.name for run in plan.runs),
        sharing_of(list({run.order.tasks: run.order for run in plan.runs}.values())),
        plan.graph.planned,
        plan.graph.counts(),
        cached_of(plan.graph, store),
        estimate(plan, store, device),
        listed=True,
        notes=plan.notes,
    )


def cached_of(graph: Graph, store: Store | None) -> dict[Kind, int]:
    """How many nodes of each kind the store has."""
    found: dict[Kind, int] = {}
    for node in graph.in_order():
        if store is not None and store.has(node.key):
            found[node.kind] = found.get(node.kind, 0) + 1
    return found


def sharing_of(orders: Iterable[Order]) -> Sharing:
    """How many stages these orders of the same tasks share by their common prefixes.

    All T! orders have the sum over k = 1..T of T! / (T - k)! distinct prefixes: 1,956 for six tasks.
    """
    listed = [order.tasks for order in orders]
    size = len(listed[0]) if listed else 0
    return Sharing(len(listed), size, len(listed) * size, sum(len(level) for level in prefixes_of(listed)))


def prefixes_of(orders: Sequence[tuple[str, ...]]) -> list[set[tuple[str, ...]]]:
    """The distinct prefixes of these orders by length 1..T."""
    size = len(orders[0]) if orders else 0
    return [{order[:step] for order in orders} for step in range(1, size + 1)]
