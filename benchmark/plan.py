"""From a suite to a run graph: methods x orders x seeds, expanded and merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from lifealign_bench.benchmark.capability.planning import (
    Extra,
    asked_steps,
    asked_tasks,
    capability_node,
    divergence_node,
)
from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.judging import deciding, judges_of
from lifealign_bench.benchmark.orders import Order, resolve_orders
from lifealign_bench.benchmark.suite import MethodEntry, Suite
from lifealign_bench.benchmark.suite_parts import Cells
from lifealign_bench.benchmark.world import World
from lifealign_bench.methods.base import Method
from lifealign_bench.methods.identity import method_identity, plain_identity
from lifealign_bench.methods.registry import find_method

PLAIN = MethodEntry(name="seqft")


@dataclass(frozen=True)
class Stage:
    """One learned task of a run: `step` tasks are learned after it; its policy is what the train node left."""

    step: int
    task: str | None
    train: Node
    memory: Node | None


@dataclass(frozen=True)
class Evaluated:
    """The rows behind the cells of one task after `step` learned tasks."""

    step: int
    task: str
    pairs: Node
    answers: Node
    verdicts: tuple[Node, ...]

    @property
    def nodes(self) -> list[Node]:
        """Every node behind the cell."""
        return [self.pairs, self.answers, *self.verdicts]


@dataclass(frozen=True)
class Run:
    """One (suite, method, order, seed): a chain of stages with their evaluations."""

    entry: MethodEntry
    method: Method
    order: Order
    seed: int
    stages: tuple[Stage, ...]
    evaluations: tuple[Evaluated, ...]
    extras: tuple[Extra, ...] = ()

    @property
    def name(self) -> str:
        """`method--order--s0`: the folder of its results."""
        return f"{self.entry.title}--{self.order.name}--s{self.seed}"

    @property
    def nodes(self) -> list[Node]:
        """Every node that the run's cells are made of; its extras may lack."""
        kept = [node for stage in self.stages for node in (stage.train, stage.memory) if node is not None]
        return [*kept, *(node for cell in self.evaluations for node in cell.nodes)]


@dataclass(frozen=True)
class Plan:
    """A suite's runs, the graph that all of them share, and a line for each thing that is left out."""

    suite: Suite
    runs: tuple[Run, ...]
    graph: Graph
    notes: tuple[str, ...] = ()


def make_plan(suite: Suite, world: World) -> Plan:
    """Expand methods x orders x seeds and merge what is the same.

    Raises:
        InputError: an unknown method, a wrong configuration, an order that is no permutation.
    """
    planner = Planner(suite, world)
    orders = resolve_orders(suite.orders, suite.task_names)
    methods = planned_methods(suite)
    runs = [
        planner.run(entry, method, order, seed) for entry, method in methods for order in orders for seed in suite.seeds
    ]
    return Plan(suite, tuple(runs), planner.graph, planner.asked.notes)


def planned_methods(suite: Suite) -> list[tuple[MethodEntry, Method]]:
    """Every method of a suite with its settings.

    Raises:
        InputError: an unknown method or a wrong configuration.
    """
    return [(entry, find_method(entry.name).method.from_mapping(entry.config)) for entry in suite.methods]


def evaluated_cells(cells: Cells, schedule: str, tasks: Sequence[str]) -> list[tuple[int, str]]:
    """The (step, task) cells of a run; row 0 always, for it is computed once for the whole board."""
    steps, last = range(1, len(tasks) + 1), len(tasks)
    zero = [(0, task) for task in tasks]
    if schedule == "isolated":
        return zero + [(step, tasks[step - 1]) for step in steps]
    if schedule == "joint":
        return zero + [(last, task) for task in tasks]

    def wanted(step: int, place: int) -> bool:
        return cells == "full" or (place <= step if cells == "seen" else step in (place, last))

    return zero + [(step, task) for step in steps for place, task in enumerate(tasks, 1) if wanted(step, place)]


class Planner:
    """Adds runs, or parts of them, to one graph."""

    def __init__(self, suite: Suite, world: World) -> None:
        self.suite, self.world, self.graph = suite, world, Graph()
        # The same few hashes go into thousands of nodes.
        self._identities: dict[str, dict[str, object]] = {}
        self._plain = plain_identity()
        self._train_rows = cache(world.train_fingerprint)
        self._evaluation_rows = cache(world.evaluation_fingerprint)
        self.judges = [deciding(judge.identity) for judge in judges_of(suite)]
        self.base = {"base": self.graph.add(world.base_node).key} if world.base_node else {}
        self.asked = asked_tasks(suite, planned_methods(suite))

    def run(self, entry: MethodEntry, method: Method, order: Order, seed: int) -> Run:
        """Add the nodes of one run."""
        stages = self._stages(entry, method, order, seed)
        policies = {stage.step: stage for stage in stages}
        cells = evaluated_cells(self.suite.evaluation.cells, method.spec.schedule, order.tasks)
        evaluations = [self.evaluated(step, task, policies.get(step)) for step, task in cells]
        extras = self.extras(entry, method, policies, evaluations)
        return Run(entry, method, order, seed, stages, tuple(evaluations), extras)

    def evaluated(self, step: int, task: str, stage: Stage | None) -> Evaluated:
        """Add the nodes behind the cell of `task` after `stage`, None for the base."""
        pairs, answers = self._pairs(stage, task), self._answers(stage, task)
        return Evaluated(step, task, pairs, answers, self._verdicts(task, answers))

    def extras(
        self, entry: MethodEntry, method: Method, policies: Mapping[int, Stage], evaluations: Sequence[Evaluated]
    ) -> tuple[Extra, ...]:
        """Add what is asked of these policies of a run, by their step, and of the base, beside its cells."""
        return (*self._capability(entry, method, policies), *self._divergences(method, policies, evaluations))

    def _capability(self, entry: MethodEntry, method: Method, policies: Mapping[int, Stage]) -> Iterator[Extra]:
        if entry.title in self.asked.not_asked:
            return
        schedule, asked = method.spec.schedule, self.suite.capability.rows
        for step in asked_steps(asked, schedule, len(self.suite.tasks), list(policies)):
            for task in self.asked.tasks:
                stage = policies.get(step)
                node = capability_node(task, self.suite, self.world.environment, self._policy_of(stage), _whose(stage))
                yield Extra(step, "capability", task.name, self.graph.add(_by_method(node, stage)))

    def _divergences(
        self, method: Method, policies: Mapping[int, Stage], evaluations: Iterable[Evaluated]
    ) -> Iterator[Extra]:
        steps = asked_steps(self.suite.drift, method.spec.schedule, len(self.suite.tasks), list(policies))
        for cell in evaluations:
            if cell.step in steps and cell.step:
                stage = policies[cell.step]
                parents = {**self._policy_of(stage), "answers": cell.answers.key}
                node = divergence_node(cell.task, self.suite, self.world.environment, parents, _whose(stage))
                yield Extra(cell.step, "divergence", cell.task, self.graph.add(_by_method(node, stage)))

    def _stages(self, entry: MethodEntry, method: Method, order: Order, seed: int) -> tuple[Stage, ...]:
        tasks = order.tasks
        if method.spec.schedule == "joint":
            return (Stage(len(tasks), None, *self.stage(entry, method, tuple(sorted(tasks)), seed, None)),)
        if method.spec.schedule == "isolated":
            alone = [self.stage(entry, method, (task,), seed, None) for task in tasks]
            return tuple(Stage(step, task, *alone[step - 1]) for step, task in enumerate(tasks, 1))
        stages: list[Stage] = []
        for step, task in enumerate(tasks, 1):
            previous = stages[-1] if stages else None
            stages.append(Stage(step, task, *self.stage(entry, method, tasks[:step], seed, previous)))
        return tuple(stages)

    def stage(
        self, entry: MethodEntry, method: Method, prefix: tuple[str, ...], seed: int, previous: Stage | None
    ) -> tuple[Node, Node | None]:
        """Add what learns the last task of `prefix`, and what keeps the method's memory after it."""
        joint = method.spec.schedule == "joint"
        plain = len(prefix) == 1 and method.spec.first_task_plain
        parents = self.base | {f"reference/{task}": self._reference(task).key for task in prefix}
        if previous is not None:
            parents["policy"] = previous.train.key
            if previous.memory is not None:
                parents["memory"] = previous.memory.key
        learned = prefix if joint else prefix[-1:]
        inputs = {
            **self._stage_inputs(prefix, seed),
            "method": self._plain if plain else self._identity(entry, method),
            "learned": list(learned),
        }
        title = "plain" if plain else entry.title
        label = f"{title}: {'+'.join(prefix) if joint else ' > '.join(prefix)} (seed {seed})"
        train = self.graph.add(Node("train", inputs, parents, PLAIN if plain else entry, f"train {label}"))
        return train, self._memory(entry, method, prefix, seed, train, previous)

    def _memory(
        self,
        entry: MethodEntry,
        method: Method,
        prefix: tuple[str, ...],
        seed: int,
        train: Node,
        previous: Stage | None,
    ) -> Node | None:
        if not method.spec.keeps:
            return None
        inputs = {
            **self._stage_inputs(prefix, seed),
            "method": self._identity(entry, method),
            "learned": list(prefix[-1:]),
        }
        parents = {**{role: key for role, key in train.parents.items() if role.startswith(("base", "reference"))}}
        parents["policy"] = train.key
        label = f"memory {entry.title}: {' > '.join(prefix)} (seed {seed})"
        return self.graph.add(Node("memory", inputs, parents, entry, label))

    def _identity(self, entry: MethodEntry, method: Method) -> dict[str, object]:
        if entry.title not in self._identities:
            self._identities[entry.title] = method_identity(method)
        return self._identities[entry.title]

    def _stage_inputs(self, prefix: tuple[str, ...], seed: int) -> dict[str, object]:
        return {
            "environment": self.world.environment,
            "prefix": list(prefix),
            "rows": [self._train_rows(task) for task in prefix],
            "budget": self.suite.budget.model_dump(mode="json"),
            "evaluation_batch": self.suite.evaluation.batch_size,
            "seed": seed,
        }

    def _reference(self, task: str) -> Node:
        return self._logps("reference", task, self._train_rows(task), None)

    def _pairs(self, stage: Stage | None, task: str) -> Node:
        return self._logps("pairs", task, self._evaluation_rows(task), stage)

    def _logps(self, kind: Literal["reference", "pairs"], task: str, rows: str, stage: Stage | None) -> Node:
        inputs = {
            "environment": self.world.environment,
            "task": task,
            "rows": rows,
            "max_length": self.suite.budget.max_length,
            "batch": self.suite.evaluation.batch_size,
        }
        method = None if stage is None else stage.train.method
        parents = self._policy_of(stage)
        return self.graph.add(Node(kind, inputs, parents, method, f"{kind} {task} after {_whose(stage)}"))

    def _answers(self, stage: Stage | None, task: str) -> Node:
        evaluation = self.suite.evaluation
        inputs = {
            "environment": self.world.environment,
            "task": task,
            "rows": self._evaluation_rows(task, evaluation.prompts),
            "max_length": self.suite.budget.max_length,
            "max_new_tokens": evaluation.max_new_tokens,
            "batch": evaluation.batch_size,
        }
        method = None if stage is None else stage.train.method
        return self.graph.add(
            Node("answers", inputs, self._policy_of(stage), method, f"answers {task} after {_whose(stage)}")
        )

    def _verdicts(self, task: str, answers: Node) -> tuple[Node, ...]:
        what, found = answers.label.removeprefix("answers "), []
        for judge in self.judges:
            inputs = {"judge": judge, "task": task, "rubric": self.world.rubric(task)}
            label = f"verdicts {judge['name']} {what}"
            found.append(self.graph.add(Node("verdicts", inputs, {"answers": answers.key}, None, label)))
        return tuple(found)

    def _policy_of(self, stage: Stage | None) -> dict[str, str]:
        return self.base if stage is None else {**self.base, "policy": stage.train.key}


def _by_method(node: Node, stage: Stage | None) -> Node:
    return node if stage is None else replace(node, method=stage.train.method)


def _whose(stage: Stage | None) -> str:
    return "base" if stage is None else stage.train.label.removeprefix("train ")
