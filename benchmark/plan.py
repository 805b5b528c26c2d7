"""From a suite to a run graph: methods x orders x seeds, expanded and merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from pydantic import JsonValue

from lifealign_bench.benchmark.capability.planning import Extra, asked_tasks
from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.judging import deciding, judges_of
from lifealign_bench.benchmark.large_stages import refuse_unsupported, training_inputs
from lifealign_bench.benchmark.orders import Order
from lifealign_bench.benchmark.plan_beside import Beside
from lifealign_bench.benchmark.serving_base import answering_inputs, refuse_unserved
from lifealign_bench.benchmark.stages import Evaluated, Stage, policy_of, whose
from lifealign_bench.benchmark.suite import MethodEntry, Suite
from lifealign_bench.benchmark.suite_orders import orders_of
from lifealign_bench.benchmark.wanted_cells import evaluated_cells
from lifealign_bench.benchmark.world import World
from lifealign_bench.methods.base import Method
from lifealign_bench.methods.identity import method_identity, plain_identity
from lifealign_bench.methods.registry import find_method

PLAIN = MethodEntry(name="seqft")


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
    """A suite's runs, the graph that all of them share, a line for each thing that is left out; varied: what differs
    from the suite as it is written."""

    suite: Suite
    runs: tuple[Run, ...]
    graph: Graph
    notes: tuple[str, ...] = ()
    varied: Mapping[str, JsonValue] = field(default_factory=dict)
    place: str = ""

    @property
    def folder(self) -> str:
        """The folder that its runs' results are kept in."""
        return self.place or self.suite.name


def make_plan(suite: Suite, world: World) -> Plan:
    """Expand methods x orders x seeds and merge what is the same.

    Raises:
        InputError: an unknown method, a wrong configuration, an order that is no permutation.
    """
    planner = Planner(suite, world)
    orders = orders_of(suite)
    methods = planned_methods(suite)
    runs = [
        planner.run(entry, method, order, seed) for entry, method in methods for order in orders for seed in suite.seeds
    ]
    return Plan(suite, tuple(runs), planner.graph, planner.asked.notes)


def planned_methods(suite: Suite) -> list[tuple[MethodEntry, Method]]:
    """Every method of a suite with its settings.

    Raises:
        InputError: an unknown method, a wrong configuration, or one that cannot learn as the suite asks.
    """
    found = [(entry, find_method(entry.name).method.from_mapping(entry.config)) for entry in suite.methods]
    refuse_unsupported(suite, (method for _, method in found))
    refuse_unserved(suite, found)
    return found


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
        beside = Beside(self.suite, self.world, self.graph, self.asked, self.base)
        return beside.all(entry.title, method, policies, evaluations)

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
            **training_inputs(self.suite),
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
        parents = policy_of(self.base, stage)
        return self.graph.add(Node(kind, inputs, parents, method, f"{kind} {task} after {whose(stage)}"))

    def _answers(self, stage: Stage | None, task: str) -> Node:
        evaluation = self.suite.evaluation
        inputs = {
            "environment": self.world.environment,
            "task": task,
            "rows": self._evaluation_rows(task, evaluation.prompts),
            "max_length": self.suite.budget.max_length,
            "max_new_tokens": evaluation.max_new_tokens,
            "batch": evaluation.batch_size,
            **answering_inputs(self.suite),
            **evaluation.sampling,
        }
        method = None if stage is None else stage.train.method
        label = f"answers {task} after {whose(stage)}"
        return self.graph.add(Node("answers", inputs, policy_of(self.base, stage), method, label))

    def _verdicts(self, task: str, answers: Node) -> tuple[Node, ...]:
        what, found = answers.label.removeprefix("answers "), []
        for judge in self.judges:
            inputs = {"judge": judge, "task": task, "rubric": self.world.rubric(task)}
            label = f"verdicts {judge['name']} {what}"
            found.append(self.graph.add(Node("verdicts", inputs, {"answers": answers.key}, None, label)))
        return tuple(found)
