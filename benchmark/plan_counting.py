"""Counting a plan of very many orders without building it: stages are told apart by the prefixes they belong to.

Only what the store may have is built: the tree of prefixes is followed as far as its stages are finished.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from lifealign_bench.benchmark.capability.planning import AskedTasks, asked_steps, asked_tasks
from lifealign_bench.benchmark.estimate import Sizes, estimate_counted, operations, sizes_of
from lifealign_bench.benchmark.graph import Graph, Kind, Node
from lifealign_bench.benchmark.judging import judges_of
from lifealign_bench.benchmark.orders import Order
from lifealign_bench.benchmark.plan import Planner, make_plan, planned_methods
from lifealign_bench.benchmark.plan_counts import PlanCounts, cached_of, counts_of, prefixes_of, sharing_of
from lifealign_bench.benchmark.stages import Stage
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import MethodEntry, Suite
from lifealign_bench.benchmark.suite_orders import count_orders_of, orders_of
from lifealign_bench.benchmark.wanted_cells import evaluated_cells
from lifealign_bench.benchmark.world import World
from lifealign_bench.data.safety import find_attacks
from lifealign_bench.methods.base import Method
from lifealign_bench.methods.identity import config_values

MOST_BUILT = 60
"""Plans of more orders than this are counted, not built."""

Prefix = tuple[str, ...]
Tree = Sequence[set[Prefix]]
Entries = Sequence[tuple[MethodEntry, Method]]
Measured = tuple[Literal["cell", "capability", "divergence", "safety"], str]
"""What is measured of a policy: the cell of a task, or something beside the cells."""


@dataclass
class _Tally:
    """How many nodes of each kind, and their floating point operations."""

    nodes: Counter[Kind] = field(default_factory=Counter)
    work: dict[Kind, float] = field(default_factory=dict)

    def add(self, node: Node, work: float) -> None:
        self.nodes[node.kind] += 1
        self.work[node.kind] = self.work.get(node.kind, 0.0) + work

    def include(self, other: _Tally, times: int = 1) -> None:
        for kind, count in other.nodes.items():
            self.nodes[kind] += count * times
            self.work[kind] = self.work.get(kind, 0.0) + other.work[kind] * times


def numbers_of(suite: Suite, world: World, store: Store | None, device: str) -> PlanCounts:
    """A suite's plan in numbers: built where it has at most `MOST_BUILT` orders, else counted.

    Raises:
        InputError: as `make_plan`.
    """
    if count_orders_of(suite) <= MOST_BUILT:
        return counts_of(make_plan(suite, world), store, device)
    return count_plan(suite, world, store, device)


def count_plan(suite: Suite, world: World, store: Store | None, device: str) -> PlanCounts:
    """The numbers of `make_plan`, without its nodes; device as in `counts_of`.

    A finished node whose stage's predecessor is not finished counts as to run.

    Raises:
        InputError: as `make_plan`.
    """
    orders = orders_of(suite)
    methods = planned_methods(suite)
    tree = prefixes_of([order.tasks for order in orders])
    asked = asked_tasks(suite, methods)
    total, by_method = _Counting(suite, sizes_of(suite), tree, asked).all(methods, world.base_node)
    found = _possibly_finished(suite, world, store, methods, orders[0], tree) if store is not None else Graph()
    guess = estimate_counted(suite, total.work, by_method, list(found.in_order()), store, device)
    planned = _planned(suite, world, methods, orders)
    runs = len(methods) * len(orders) * len(suite.seeds)
    cached = cached_of(found, store)
    sharing = sharing_of(orders)
    return PlanCounts(suite, runs, (), sharing, planned, total.nodes, cached, guess, listed=False, notes=asked.notes)


@dataclass(frozen=True)
class _Counting:
    """Distinct nodes of a suite whose orders have these prefixes."""

    suite: Suite
    sizes: Mapping[str, Sizes]
    tree: Tree
    asked: AskedTasks

    @cached_property
    def every_task(self) -> tuple[str, ...]:
        """The suite's tasks."""
        return self.suite.task_names

    def all(self, methods: Entries, base: Node | None) -> tuple[_Tally, dict[str, float]]:
        """All distinct nodes, and for each method the operations of its runs' own nodes, as if it stood alone."""
        seeds, tasks = len(self.suite.seeds), self.suite.task_names
        total, zero = _Tally(), self._cells(tasks)
        by_method: dict[str, float] = {}
        plain: dict[Prefix, set[Measured]] = {}
        asked = self._asked_of_base(methods)
        for entry, method in methods:
            own, first = self._method(entry, method)
            for prefix, measured in first.items():
                plain.setdefault(prefix, set()).update(measured)
            total.include(own, seeds)
            shared = [self._plain(prefix, measured) for prefix, measured in first.items()]
            work = sum(sum(tally.work.values()) for tally in (own, *shared))
            once = (zero,) if entry.title in self.asked.not_asked else (zero, asked)
            by_method[entry.title] = seeds * work + sum(sum(tally.work.values()) for tally in once)
        for prefix, measured in plain.items():
            total.include(self._plain(prefix, measured), seeds)
        total.include(zero)
        total.include(asked)
        references = [Node("reference", {"task": task}) for task in tasks]
        for node in [*references, *([base] if base else [])]:
            total.add(node, self._work(node))
        return total, by_method

    def _asked_of_base(self, methods: Entries) -> _Tally:
        anybody = any(entry.title not in self.asked.not_asked for entry, _ in methods)
        named: list[Measured] = [("capability", task.name) for task in self.asked.tasks] if anybody else []
        refused = any(not method.spec.needs_task_identity for _, method in methods) and self.suite.safety.rows != "none"
        return self._beside([*named, *(self.attacks if refused else ())])

    @cached_property
    def attacks(self) -> tuple[Measured, ...]:
        """The ways in which a safety set is asked, none where the suite names no set."""
        asked = self.suite.safety
        return tuple(("safety", own.label) for own in find_attacks(asked.attacks)) if asked.prompts else ()

    def _method(self, entry: MethodEntry, method: Method) -> tuple[_Tally, dict[Prefix, set[Measured]]]:
        """A method's own nodes of one seed, and what it measures after the first stages that it may share."""
        own, first = _Tally(), dict[Prefix, set[Measured]]()
        config, every = config_values(method), self._cells(self.suite.task_names)
        for prefix, evaluated in self._stages(method):
            if method.spec.keeps:
                self._trained(own, "memory", prefix, prefix[-1:], config)
            beside = self._asked_after(entry, method, prefix, evaluated)
            if len(prefix) == 1 and method.spec.first_task_plain:
                first[prefix] = {*beside, *(("cell", task) for task in evaluated)}
                continue
            joint = method.spec.schedule == "joint"
            self._trained(own, "train", prefix, prefix if joint else prefix[-1:], config)
            own.include(every if evaluated is self.every_task else self._cells(evaluated))
            own.include(self._beside(beside))
        return own, first

    def _asked_after(
        self, entry: MethodEntry, method: Method, prefix: Prefix, evaluated: Sequence[str]
    ) -> list[Measured]:
        """What is measured of a stage's policy beside its cells."""
        schedule, tasks, step = method.spec.schedule, len(self.every_task), [len(prefix)]
        asked = asked_steps(self.suite.capability.rows, schedule, tasks, step)[1:]
        compared = asked_steps(self.suite.drift, schedule, tasks, step)[1:]
        names = [task.name for task in self.asked.tasks] if asked and entry.title not in self.asked.not_asked else []
        capability: list[Measured] = [("capability", name) for name in names]
        refused = asked_steps(self.suite.safety.rows, schedule, tasks, step)[1:] and not method.spec.needs_task_identity
        divergence: list[Measured] = [("divergence", task) for task in evaluated if compared]
        return [*capability, *divergence, *(self.attacks if refused else ())]

    def _beside(self, measured: Iterable[Measured]) -> _Tally:
        tally = _Tally()
        for kind, name in measured:
            if kind != "cell":
                node = Node(kind, {"task": name})
                tally.add(node, self._work(node))
        return tally

    def _stages(self, method: Method) -> Iterator[tuple[Prefix, Sequence[str]]]:
        """Every distinct stage of a method, as its prefix and the tasks that are evaluated after it."""
        tasks, cells = self.every_task, self.suite.evaluation.cells
        schedule = method.spec.schedule
        if schedule == "joint":
            yield tuple(sorted(tasks)), tasks
        elif schedule == "isolated":
            yield from (((task,), (task,)) for task in tasks)
        else:
            for prefix in (prefix for level in self.tree for prefix in level):
                yield prefix, tasks if cells == "full" else evaluated_after(prefix, self.suite)

    def _plain(self, prefix: Prefix, measured: Iterable[Measured]) -> _Tally:
        tally = self._cells(task for kind, task in measured if kind == "cell")
        tally.include(self._beside(measured))
        self._trained(tally, "train", prefix, prefix, {})
        return tally

    def _cells(self, tasks: Iterable[str]) -> _Tally:
        tally = _Tally()
        for node in (Node(kind, {"task": task}) for task in tasks for kind in self.evaluations):
            tally.add(node, self._work(node))
        return tally

    @cached_property
    def evaluations(self) -> tuple[Kind, ...]:
        """The kinds of node behind one cell, verdicts once for each judge."""
        verdict: Kind = "verdicts"
        return ("pairs", "answers", *(verdict for _ in judges_of(self.suite)))

    def _trained(
        self, tally: _Tally, kind: Kind, prefix: Prefix, learned: Prefix, config: Mapping[str, object]
    ) -> None:
        node = Node(kind, {"method": {"config": config}, "prefix": list(prefix), "learned": list(learned)})
        tally.add(node, self._work(node))

    def _work(self, node: Node) -> float:
        return operations(node, self.suite, self.sizes)


def evaluated_after(prefix: Prefix, suite: Suite) -> list[str]:
    """The tasks that a sequential method is evaluated on after these tasks."""
    rest = tuple(task for task in suite.task_names if task not in prefix)
    wanted = evaluated_cells(suite.evaluation.cells, "sequential", prefix + rest)
    return [task for step, task in wanted if step == len(prefix)]


def _planned(suite: Suite, world: World, methods: Entries, orders: Sequence[Order]) -> dict[Kind, int]:
    """Nodes of every run, shared or not: each run of a method needs as many as its first."""
    planner = Planner(suite, world)
    for entry, method in methods:
        planner.run(entry, method, orders[0], suite.seeds[0])
    times = len(orders) * len(suite.seeds)
    return {kind: count if kind == "base" else count * times for kind, count in planner.graph.planned.items()}


def _possibly_finished(suite: Suite, world: World, store: Store, methods: Entries, first: Order, tree: Tree) -> Graph:
    """The nodes after whose predecessors the store was filled, and those right behind them."""
    planner = Planner(suite, world)
    for task in suite.task_names:
        planner.evaluated(0, task, None)
    for entry, method in methods:
        planner.extras(entry, method, {}, ())
        for seed in suite.seeds:
            if method.spec.schedule == "sequential":
                _follow(planner, entry, method, seed, store, tree)
            else:
                planner.run(entry, method, first, seed)
    return planner.graph


def _follow(planner: Planner, entry: MethodEntry, method: Method, seed: int, store: Store, tree: Tree) -> None:
    """Build the stages whose predecessors are finished, and the cells of those that are."""
    reached: dict[Prefix, Stage | None] = {(): None}
    for level in tree:
        ahead: dict[Prefix, Stage | None] = {}
        for prefix in sorted(prefix for prefix in level if prefix[:-1] in reached):
            pair = planner.stage(entry, method, prefix, seed, reached[prefix[:-1]])
            stage = Stage(len(prefix), prefix[-1], *pair)
            if store.has(stage.train.key):
                ahead[prefix] = stage
                cells = [planner.evaluated(len(prefix), task, stage) for task in evaluated_after(prefix, planner.suite)]
                planner.extras(entry, method, {len(prefix): stage}, cells)
        reached = ahead
