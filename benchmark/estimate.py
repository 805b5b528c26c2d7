"""How long a plan will take: floating point operations from rows and tokens, seconds from what the store has seen.

Operations follow the usual count of 2 per parameter and token forwards and 4 backwards (Kaplan et al., 2020,
arXiv 2001.08361); with an adapter on a frozen base the weight gradients fall away, so a training pass costs 4.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lifealign_bench.benchmark.engine import remaining
from lifealign_bench.benchmark.graph import Kind, Node
from lifealign_bench.benchmark.plan import Plan
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import Suite

FORWARD, FORWARD_AND_BACKWARD = 2.0, 4.0
CPU_FLOPS_PER_THREAD = 8e9
DECODING_PENALTY = 12.0
"""Decoding reads every weight for one token at a time: batches of it run this much below the rate of training."""

SMALL_BASE_PARAMETERS = 4.5e6
SMALL_BASE_TOKENS = 1.5e6
DEFAULT_ROWS = 1000
DEFAULT_TOKENS = 400


@dataclass(frozen=True)
class Estimate:
    """Seconds by kind of node for all distinct nodes and for those still to run, and what the rates rest on."""

    total_s: Mapping[Kind, float]
    remaining_s: Mapping[Kind, float]
    measured: bool
    gpu_hours_by_method: Mapping[str, float]


def estimate(plan: Plan, store: Store | None, device: str) -> Estimate:
    """Estimate a plan; rates are the median of the store's own finished nodes where it has any of that kind."""
    nodes = list(plan.graph.in_order())
    work = {node.key: operations(node, plan.suite) for node in nodes}
    rates = _measured_rates(nodes, work, store)
    seconds = _seconds(plan.suite, nodes, work, rates, device)
    left = remaining(nodes, store) if store is not None else nodes
    on_gpu = plan.suite.limits.assumed_tflops * 1e12
    return Estimate(
        _by_kind(nodes, seconds), _by_kind(left, seconds), bool(rates), _hours_by_method(plan, work, on_gpu)
    )


def seconds_by_node(plan: Plan, store: Store, device: str) -> dict[str, float]:
    """Estimated seconds of every node by its key, 0 for those that the store has."""
    nodes = list(plan.graph.in_order())
    work = {node.key: operations(node, plan.suite) for node in nodes}
    seconds = _seconds(plan.suite, nodes, work, _measured_rates(nodes, work, store), device)
    return {key: 0.0 if store.has(key) else value for key, value in seconds.items()}


def _seconds(
    suite: Suite, nodes: Sequence[Node], work: Mapping[str, float], rates: Mapping[Kind, float], device: str
) -> dict[str, float]:
    default = suite.limits.assumed_tflops * 1e12 if device == "cuda" else CPU_FLOPS_PER_THREAD * suite.threads
    return {node.key: work[node.key] / rates.get(node.kind, default) for node in nodes}


def operations(node: Node, suite: Suite) -> float:
    """Floating point operations of a node, from its rows, epochs and assumed length of a sequence."""
    parameters = (suite.base.parameters or SMALL_BASE_PARAMETERS / 1e9) * 1e9
    tokens = min(suite.limits.assumed_tokens_per_pair or DEFAULT_TOKENS, suite.budget.max_length)
    train, evaluation = suite.rows.train or DEFAULT_ROWS, suite.rows.evaluation or DEFAULT_ROWS
    if node.kind == "base":
        return 6 * SMALL_BASE_PARAMETERS * SMALL_BASE_TOKENS
    if node.kind == "train":
        learned = node.inputs["learned"]
        tasks = len(learned) if isinstance(learned, list) else 1
        passes = sum(phase.epochs * (1 if phase.kind == "sft" else 2) for phase in suite.budget.phases)
        return FORWARD_AND_BACKWARD * parameters * tokens * train * (tasks + _replayed(node)) * passes
    if node.kind == "answers":
        new = suite.evaluation.max_new_tokens * DECODING_PENALTY
        return FORWARD * parameters * (suite.evaluation.prompts or evaluation) * (tokens + new)
    if node.kind == "memory":
        return FORWARD * parameters
    return FORWARD * parameters * tokens * 2 * (train if node.kind == "reference" else evaluation)


def _replayed(node: Node) -> float:
    """Rows that a method with a buffer adds, in tasks: its fraction of every earlier task."""
    method, prefix = node.inputs["method"], node.inputs["prefix"]
    if not isinstance(method, Mapping) or not isinstance(prefix, list):
        return 0.0
    return float(method["config"].get("buffer_fraction", 0.0)) * (len(prefix) - 1)


def _hours_by_method(plan: Plan, work: Mapping[str, float], rate: float) -> dict[str, float]:
    hours: dict[str, float] = {}
    for title in dict.fromkeys(run.entry.title for run in plan.runs):
        keys = {node.key for run in plan.runs if run.entry.title == title for node in run.nodes}
        hours[title] = sum(work[key] for key in keys) / rate / 3600
    return hours


def _measured_rates(nodes: Sequence[Node], work: Mapping[str, float], store: Store | None) -> dict[Kind, float]:
    if store is None:
        return {}
    seen: dict[Kind, list[float]] = {}
    for node in nodes:
        cost = store.read_provenance(node.key).get("cost")
        wall = float(cost.get("wall_s") or 0) if isinstance(cost, Mapping) else 0.0
        if wall > 0:
            seen.setdefault(node.kind, []).append(work[node.key] / wall)
    return {kind: statistics.median(rates) for kind, rates in seen.items()}


def _by_kind(nodes: Iterable[Node], seconds: Mapping[str, float]) -> dict[Kind, float]:
    found: dict[Kind, float] = {}
    for node in nodes:
        found[node.kind] = found.get(node.kind, 0.0) + seconds[node.key]
    return found
