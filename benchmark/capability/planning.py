"""What a suite asks beyond its cells: which capability tasks, which policies, and what is left out and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lifealign_bench.benchmark.capability.known_tasks import KnownTask, known_task
from lifealign_bench.benchmark.capability.serving import why_not_asked
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.suite import MethodEntry, Suite
from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.base import Method


@dataclass(frozen=True, slots=True)
class Extra:
    """A node beside a run's cells, without which the run is complete all the same: it reads the policy after `step`
    learned tasks. name: the capability task, the task whose answers are compared with the base's, or the attack."""

    step: int
    kind: Literal["capability", "divergence", "safety"]
    name: str
    node: Node


@dataclass(frozen=True)
class AskedTasks:
    """The capability tasks that can be asked, the titles of methods whose policies cannot be, and a line for each
    thing that is left out."""

    tasks: tuple[KnownTask, ...]
    not_asked: frozenset[str]
    notes: tuple[str, ...]


def asked_tasks(suite: Suite, methods: Iterable[tuple[MethodEntry, Method]]) -> AskedTasks:
    """What of a suite's capability tasks can be asked here; never raises, for a run does without."""
    found: list[KnownTask] = []
    notes: list[str] = []
    for name in suite.capability.tasks:
        try:
            found.append(known_task(name, suite.world))
        except InputError as error:
            notes.append(f"left out: {error}")
    # Where lm-eval is not there, one line says so for all tasks.
    notes = list(dict.fromkeys(notes))
    reasons = {entry.title: why_not_asked(method, suite.budget) for entry, method in methods} if found else {}
    notes += [f"left out: capability of {title}: {reason}" for title, reason in reasons.items() if reason]
    return AskedTasks(tuple(found), frozenset(title for title, reason in reasons.items() if reason), tuple(notes))


def asked_steps(rows: str, schedule: str, tasks: int, steps: Sequence[int]) -> list[int]:
    """After how many learned tasks a run is asked: row 0 and, of `steps`, all or the last.

    Learning each task alone leaves no policy that has learned all of them, so its last row is none.
    """
    if rows == "none":
        return []
    last = [] if schedule == "isolated" else [step for step in steps if step == tasks]
    return [0, *(steps if rows == "all" else last)]


def capability_node(
    task: KnownTask, suite: Suite, environment: Mapping[str, object], policy: Mapping[str, str], whose: str
) -> Node:
    """What asks a policy one capability task; policy: the keys of the nodes that it is made of."""
    inputs = {
        "environment": environment,
        "task": task.name,
        "source": task.source,
        "limit": suite.capability.limit,
        "chat": suite.capability.chat,
        "batch": suite.evaluation.batch_size,
    }
    return Node("capability", inputs, policy, None, f"capability {task.name} after {whose}")


def divergence_node(
    task: str, suite: Suite, environment: Mapping[str, object], parents: Mapping[str, str], whose: str
) -> Node:
    """What compares a policy with the base on its answers to one task; parents: the policy's nodes and the answers."""
    inputs = {
        "environment": environment,
        "task": task,
        "max_length": suite.budget.max_length,
        "max_new_tokens": suite.evaluation.max_new_tokens,
        "batch": suite.evaluation.batch_size,
    }
    return Node("divergence", inputs, parents, None, f"divergence {task} after {whose}")
