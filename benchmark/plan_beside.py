"""Planning what is asked of policies beside the cells: capability, divergence from the base, refusals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lifealign_bench.benchmark.capability.planning import (
    AskedTasks,
    Extra,
    asked_steps,
    capability_node,
    divergence_node,
)
from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.stages import Evaluated, Stage, policy_of, whose
from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.benchmark.world import World
from lifealign_bench.methods.base import Method


@dataclass(frozen=True)
class Beside:
    """Adds nodes beside the cells of a run to a graph; base: the key of the node that builds the base, if any."""

    suite: Suite
    world: World
    graph: Graph
    asked: AskedTasks
    base: Mapping[str, str]

    def all(
        self, title: str, method: Method, policies: Mapping[int, Stage], evaluations: Sequence[Evaluated]
    ) -> tuple[Extra, ...]:
        """Everything that is asked of these policies of a run, by their step, and of the base."""
        return (
            *self._capability(title, method, policies),
            *self._divergences(method, policies, evaluations),
            *self._safety(method, policies),
        )

    def _capability(self, title: str, method: Method, policies: Mapping[int, Stage]) -> Iterator[Extra]:
        if title in self.asked.not_asked:
            return
        for step in self._steps(self.suite.capability.rows, method, policies):
            for task in self.asked.tasks:
                stage = policies.get(step)
                policy = policy_of(self.base, stage)
                node = capability_node(task, self.suite, self.world.environment, policy, whose(stage))
                yield Extra(step, "capability", task.name, self._add(node, stage))

    def _divergences(
        self, method: Method, policies: Mapping[int, Stage], evaluations: Iterable[Evaluated]
    ) -> Iterator[Extra]:
        steps = self._steps(self.suite.drift, method, policies)
        for cell in evaluations:
            if cell.step in steps and cell.step:
                stage = policies[cell.step]
                parents = {**policy_of(self.base, stage), "answers": cell.answers.key}
                node = divergence_node(cell.task, self.suite, self.world.environment, parents, whose(stage))
                yield Extra(cell.step, "divergence", cell.task, self._add(node, stage))

    def _safety(self, method: Method, policies: Mapping[int, Stage]) -> Iterator[Extra]:
        asked = self.world.safety
        # Who must be told the task cannot be asked what belongs to none.
        if method.spec.needs_task_identity or not asked.prompts:
            return
        for step in self._steps(self.suite.safety.rows, method, policies):
            stage = policies.get(step)
            policy = policy_of(self.base, stage)
            for attack in asked.attacks:
                node = asked.node(attack, self.suite, self.world.environment, policy, whose(stage))
                yield Extra(step, "safety", attack.label, self._add(node, stage))

    def _steps(self, rows: str, method: Method, policies: Mapping[int, Stage]) -> list[int]:
        return asked_steps(rows, method.spec.schedule, len(self.suite.task_names), list(policies))

    def _add(self, node: Node, stage: Stage | None) -> Node:
        return self.graph.add(node if stage is None else replace(node, method=stage.train.method))
