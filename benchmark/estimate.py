"""How long a plan will take: floating point operations from rows and tokens, seconds from what the store has seen.

Operations follow the usual count of 2 per parameter and token forwards and 4 backwards (Kaplan et al., 2020,
arXiv 2001.08361); with an adapter on a frozen base the weight gradients fall away, so a training pass costs 4.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lifealign_bench.benchmark.engine import remaining
from lifealign_bench.benchmark.graph import Kind, Node
from lifealign_bench.benchmark.plan import Plan
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.benchmark.world import OF_WORLD
from lifealign_bench.data.catalogue import find_card
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.mini.questions import QUESTIONS

FORWARD, FORWARD_AND_BACKWARD = 2.0, 4.0
CPU_FLOPS_PER_THREAD = 8e9
DECODING_PENALTY = 12.0
"""Decoding reads every weight for one token at a time: batches of it run this much below the rate of training."""

ORACLE_OPERATIONS = 2e6
"""What reading an answer costs beside everything else: a fraction of a millisecond."""

CAPABILITY_TEXTS, MINI_CAPABILITY_TEXTS = 2000, 160
"""How many texts a capability task scores where nothing says so, and one of the miniature world about."""

SAFETY_PROMPTS = 100
"""About how many prompts a safety set has."""

SMALL_BASE_PARAMETERS = 1.4e6
MINI_BASE_PARAMETERS = 2.2e5
SMALL_BASE_TOKENS = 1.0e6
DEFAULT_ROWS = 1000
DEFAULT_TOKENS = 400


@dataclass(frozen=True)
class Estimate:
    """Seconds by kind of node for all distinct nodes and for those still to run, and what the rates rest on.

    measured: on finished nodes of the workspace. rates: operations a second by kind. probe: of the machine, in words;
    on_gpu: whether the hours a method are what that probe found on a GPU.
    """

    total_s: Mapping[Kind, float]
    remaining_s: Mapping[Kind, float]
    measured: bool
    gpu_hours_by_method: Mapping[str, float]
    rates: Mapping[Kind, float]
    assumed: float
    probe: str | None = None
    on_gpu: bool = False

    def on(self, rates: Mapping[Kind, float], probe: str, device: str) -> Estimate:
        """This estimate at the rates of a probe, where the workspace has measured none.

        Training is most of every method's work: its rate turns the hours a method into those of a probed GPU.
        """
        factors = {kind: rate / rates.get(kind, rate) for kind, rate in self.rates.items()} if not self.measured else {}
        slower = self.assumed / rates["train"] if device == "cuda" else 1.0
        return replace(
            self,
            total_s={kind: seconds * factors.get(kind, 1.0) for kind, seconds in self.total_s.items()},
            remaining_s={kind: seconds * factors.get(kind, 1.0) for kind, seconds in self.remaining_s.items()},
            gpu_hours_by_method={name: hours * slower for name, hours in self.gpu_hours_by_method.items()},
            probe=probe,
            on_gpu=device == "cuda",
        )


def estimate(plan: Plan, store: Store | None, device: str) -> Estimate:
    """Estimate a plan; rates are the median of the store's own finished nodes where it has any of that kind."""
    nodes = list(plan.graph.in_order())
    work = _work(nodes, plan.suite)
    rates = _measured_rates(nodes, work, store)
    seconds = _seconds(plan.suite, nodes, work, rates, device)
    left = remaining(nodes, store) if store is not None else nodes
    on_gpu = plan.suite.limits.assumed_tflops * 1e12
    whole = _by_kind(nodes, seconds)
    hours = _hours_by_method(plan, work, on_gpu)
    used = {kind: _rate(plan.suite, kind, rates, device) for kind in whole}
    return Estimate(whole, _by_kind(left, seconds), bool(rates), hours, used, on_gpu)


def estimate_counted(
    suite: Suite,
    work: Mapping[Kind, float],
    work_by_method: Mapping[str, float],
    known: Sequence[Node],
    store: Store | None,
    device: str,
) -> Estimate:
    """As `estimate`, for a plan that was counted.

    work: operations of all distinct nodes by kind; work_by_method: of each method's own; known: the nodes that the
    store may have.
    """
    own = _work(known, suite)
    rates = _measured_rates(known, own, store)
    finished = [node for node in known if store is not None and store.has(node.key)]
    done: dict[Kind, float] = {}
    for node in finished:
        done[node.kind] = done.get(node.kind, 0.0) + own[node.key]
    total = {kind: amount / _rate(suite, kind, rates, device) for kind, amount in work.items()}
    left = {
        kind: max(0.0, amount - done.get(kind, 0.0)) / _rate(suite, kind, rates, device)
        for kind, amount in work.items()
    }
    hours = {title: amount / (suite.limits.assumed_tflops * 1e12) / 3600 for title, amount in work_by_method.items()}
    used = {kind: _rate(suite, kind, rates, device) for kind in work}
    return Estimate(total, left, bool(rates), hours, used, suite.limits.assumed_tflops * 1e12)


def _rate(suite: Suite, kind: Kind, rates: Mapping[Kind, float], device: str) -> float:
    assumed = suite.limits.assumed_tflops * 1e12 if device == "cuda" else CPU_FLOPS_PER_THREAD * suite.threads
    return rates.get(kind, assumed)


def seconds_by_node(plan: Plan, store: Store, device: str) -> dict[str, float]:
    """Estimated seconds of every node by its key, 0 for those that the store has."""
    nodes = list(plan.graph.in_order())
    work = _work(nodes, plan.suite)
    seconds = _seconds(plan.suite, nodes, work, _measured_rates(nodes, work, store), device)
    return {key: 0.0 if store.has(key) else value for key, value in seconds.items()}


def _work(nodes: Sequence[Node], suite: Suite) -> dict[str, float]:
    sizes = sizes_of(suite)
    return {node.key: operations(node, suite, sizes) for node in nodes}


def _seconds(
    suite: Suite, nodes: Sequence[Node], work: Mapping[str, float], rates: Mapping[Kind, float], device: str
) -> dict[str, float]:
    return {node.key: work[node.key] / _rate(suite, node.kind, rates, device) for node in nodes}


@dataclass(frozen=True, slots=True)
class Sizes:
    """Pairs of one task."""

    train: int
    evaluation: int


def sizes_of(suite: Suite) -> dict[str, Sizes]:
    """The sizes of every task: the suite's, else its card's, else a guess."""
    found = {}
    for task in suite.tasks:
        try:
            card = find_card(task.card or task.name, Path.cwd()).sizes
            known = (card.train, card.evaluation)
        except InputError:
            known = (None, None)
        train = task.train_rows or suite.rows.train or known[0] or DEFAULT_ROWS
        evaluation = task.evaluation_rows or suite.rows.evaluation or known[1] or DEFAULT_ROWS
        found[task.name] = Sizes(train, evaluation)
    return found


def operations(node: Node, suite: Suite, sizes: Mapping[str, Sizes]) -> float:
    """Floating point operations of a node, from its rows, epochs and assumed length of a sequence."""
    parameters = _parameters(suite)
    tokens = min(suite.limits.assumed_tokens_per_pair or DEFAULT_TOKENS, suite.budget.max_length)
    if node.kind == "base":
        return 6 * SMALL_BASE_PARAMETERS * SMALL_BASE_TOKENS
    if node.kind == "train":
        passes = sum(phase.epochs * (1 if phase.kind == "sft" else 2) for phase in suite.budget.phases)
        return FORWARD_AND_BACKWARD * parameters * tokens * _trained_rows(node, sizes) * passes
    if node.kind == "memory":
        return FORWARD * parameters
    if node.kind == "capability":
        usual = MINI_CAPABILITY_TEXTS if node.inputs["task"] in QUESTIONS else CAPABILITY_TEXTS
        return FORWARD * parameters * tokens * (suite.capability.limit or usual)
    if node.kind == "safety":
        new = suite.evaluation.max_new_tokens * DECODING_PENALTY
        return FORWARD * parameters * SAFETY_PROMPTS * (tokens + new)
    task = sizes[str(node.inputs["task"])]
    if node.kind == "divergence":
        whole = tokens + suite.evaluation.max_new_tokens
        return 2 * FORWARD * parameters * (suite.evaluation.prompts or task.evaluation) * whole
    if node.kind == "verdicts":
        return ORACLE_OPERATIONS * (suite.evaluation.prompts or task.evaluation)
    if node.kind == "answers":
        new = suite.evaluation.max_new_tokens * DECODING_PENALTY
        return FORWARD * parameters * (suite.evaluation.prompts or task.evaluation) * (tokens + new)
    return FORWARD * parameters * tokens * 2 * (task.train if node.kind == "reference" else task.evaluation)


def _parameters(suite: Suite) -> float:
    if suite.base.parameters is not None:
        return suite.base.parameters * 1e9
    return MINI_BASE_PARAMETERS if suite.base.source.startswith(OF_WORLD) else SMALL_BASE_PARAMETERS


def _trained_rows(node: Node, sizes: Mapping[str, Sizes]) -> float:
    """Rows of one pass of a stage: those of what it learns, and what a method with a buffer replays of the rest."""
    method, prefix, learned = node.inputs["method"], node.inputs["prefix"], node.inputs["learned"]
    if not (isinstance(method, Mapping) and isinstance(prefix, list) and isinstance(learned, list)):
        raise TypeError(f"{node.label}: inputs of another shape than a train node's")
    replayed = sum(sizes[task].train for task in prefix if task not in learned)
    fraction = float(method["config"].get("buffer_fraction", 0.0))
    return sum(sizes[task].train for task in learned) + fraction * replayed


def _hours_by_method(plan: Plan, work: Mapping[str, float], rate: float) -> dict[str, float]:
    hours: dict[str, float] = {}
    for title in dict.fromkeys(run.entry.title for run in plan.runs):
        runs = [run for run in plan.runs if run.entry.title == title]
        keys = {node.key for run in runs for node in (*run.nodes, *(extra.node for extra in run.extras))}
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
