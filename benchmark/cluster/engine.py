"""The Ray engine: hands the run graph to Ray as tasks with its dependencies, and tells what becomes of them.

Which task runs when and where is Ray's business, and so is a task whose worker was lost: it is simply run again, for a
node is computed into a folder of its own and put in its place whole.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast, get_args

from lifealign_bench.benchmark.cluster.connecting import Machines
from lifealign_bench.benchmark.cluster.demands import Demand, demand_of, demands_of, refuse_too_much
from lifealign_bench.benchmark.cluster.likeness import own_likeness
from lifealign_bench.benchmark.cluster.sent import (
    Expected,
    Said,
    sent_checking,
    sent_news,
    sent_surroundings,
    sent_warming,
    sent_work,
)
from lifealign_bench.benchmark.cluster.working import Bench
from lifealign_bench.benchmark.engine import EVALUATIONS, Failure, Listener, Outcome, State
from lifealign_bench.benchmark.graph import Graph, Kind, Node
from lifealign_bench.benchmark.store import Store, StoreError
from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.benchmark.world import LoadedWorld
from lifealign_bench.data.errors import LifeAlignError

RETRIES = 3
"""How often a node is tried again whose worker was lost."""

MOST_SUBMITTED = 5000
"""Nodes that Ray is given at once, the rest following as these end: it keeps each of them in memory."""

LONGEST_WAIT_S = 0.5
CHECK_S = 90.0
"""For every machine to say which code it runs; the first process of a machine may take long to start."""


class ClusterError(LifeAlignError):
    """The cluster, or a machine of it, cannot be worked with; what was finished before is kept."""

    exit_code = 3


def surroundings(suite: Suite, machines: Machines) -> dict[str, object]:
    """Check every machine that could take a node, and return what one brings into the keys of the suite's nodes.

    Raises:
        InputError: a node asks for more than any machine has.
        ClusterError: a machine has no such package or another version of it, or does not answer.
    """
    import ray

    demands: dict[Kind, Demand] = {
        kind: demand_of(kind, suite, gpus_there=machines.gpus_there) for kind in ("train", "verdicts")
    }
    refuse_too_much(demands, machines.each, suite.name)
    useful = [name for name, own in machines.resources.items() if any(one.within(own) for one in demands.values())]
    check = ray.remote(sent_checking())
    expected = _expected()
    asked = [check.options(num_cpus=0, scheduling_strategy=_on(name)).remote(expected) for name in useful]
    for name, said in zip(useful, _answers(asked), strict=True):
        if said is None:
            raise ClusterError(f"{machines.name}: machine {name[:8]} did not say within {CHECK_S:g} s what it runs")
        if said[0] == "unfit":
            raise ClusterError(_unfit(said))
    ask = ray.remote(sent_surroundings()).options(**_options(demands["train"]))
    asked = [ask.remote(expected, suite.model_dump(mode="json"))]
    _warm({name: machines.resources[name] for name in useful}, demands["train"])
    (found,) = _answers(asked)
    if not isinstance(found, dict):
        raise ClusterError(f"{machines.name}: no machine took a first task within {CHECK_S:g} s; are all in use?")
    return found


def run_on_cluster(graph: Graph, world: LoadedWorld, store: Store, listener: Listener, machines: Machines) -> Outcome:
    """As `run_graph`, on the Ray cluster that this process is connected to.

    Raises:
        InputError: a node asks for more than any machine has.
        ClusterError: a machine runs other code, libraries or devices than this was planned with.
        StoreError: the store cannot be written.
    """
    import ray

    store.sweep()
    demands = demands_of(graph.in_order(), world.suite, gpus_there=machines.gpus_there)
    refuse_too_much(demands, machines.each, world.suite.name)
    nodes = {node.key: _everywhere(node) for node in graph.in_order()}
    bench = ray.put(Bench(nodes, replace(world, opened=None), store))
    news = ray.remote(sent_news()).options(num_cpus=0, max_restarts=-1, scheduling_strategy=_here()).remote()
    expected = _expected()
    work = ray.remote(sent_work())
    walk = _Walk(graph, store, listener, news)
    # Training first: stages hang on stages, and evaluations fill whatever time is left.
    ahead = iter(sorted(graph.in_order(), key=lambda node: node.kind in EVALUATIONS))
    try:
        while walk.fill(ahead):
            for node in walk.new:
                waited = [walk.refs[parent] for parent in node.parents.values() if parent in walk.refs]
                given = work.options(name=node.label[:80], max_retries=RETRIES, **_options(demands[node.kind]))
                walk.refs[node.key] = given.remote(expected, [bench], news, node.key, *waited)
            walk.listen()
    except BaseException:
        walk.cancel()
        raise
    return walk.outcome


@dataclass
class _Walk:
    """What was handed to Ray and what became of it; new: nodes to hand over."""

    graph: Graph
    store: Store
    listener: Listener
    news: Any
    outcome: Outcome = field(default_factory=Outcome)
    refs: dict[str, Any] = field(default_factory=dict)
    new: list[Node] = field(default_factory=list)
    begun: set[str] = field(default_factory=set)

    @property
    def pending(self) -> dict[Any, Node]:
        """The nodes that Ray has and that have not ended, by their references."""
        nodes = self.graph.nodes
        return {ref: nodes[key] for key, ref in self.refs.items() if key not in self.outcome.states}

    def fill(self, ahead: Iterator[Node]) -> bool:
        """Take as many nodes as Ray should have more of, those not whole in the store; whether anything is left."""
        waiting, self.new = len(self.pending), []
        while waiting + len(self.new) < MOST_SUBMITTED and (node := next(ahead, None)) is not None:
            if self.store.has(node.key) and self.store.sound(node.key):
                self.outcome.states[node.key] = "cached"
                self.listener.ended(node, "cached")
            elif any(self.outcome.states.get(parent) in ("failed", "skipped") for parent in node.parents.values()):
                self._end(node, ("skipped",))
            else:
                self.new.append(node)
        return bool(waiting or self.new)

    def listen(self) -> None:
        """Wait a moment for news, and tell the listener."""
        import ray

        pending = self.pending
        ended, _ = ray.wait(list(pending), num_returns=len(pending), timeout=LONGEST_WAIT_S)
        self._pass_on()
        for ref in ended:
            self._end(pending[ref], _said(ref))

    def cancel(self) -> None:
        """Have Ray end all that it has; a connection of our own that closes does the same."""
        import ray

        for ref in self.pending:
            ray.cancel(ref, force=True)

    def _pass_on(self) -> None:
        import ray

        try:
            told = ray.get(self.news.fetch.remote(), timeout=10 * LONGEST_WAIT_S)
        except (ray.exceptions.RayActorError, ray.exceptions.GetTimeoutError):
            # Nobody misses progress that was lost with its machine.
            return
        for what, key, *rest in told:
            node = self.graph.nodes[key]
            if key in self.outcome.states or (what == "started" and key in self.begun):
                continue
            self.begun.add(key)
            getattr(self.listener, what)(node, *rest)

    def _end(self, node: Node, said: Said) -> None:
        state, *rest = said
        if state == "broken":
            raise StoreError(rest[0])
        if state == "unfit":
            raise ClusterError(_unfit(said))
        if state == "failed":
            message, details, *_ = rest
            self.outcome.failures.append(Failure(node, message, details))
        if state not in get_args(State):
            raise ValueError(f"{node.label}: a task ended as {state!r}")
        self.outcome.states[node.key] = cast(State, state)
        self.listener.ended(node, cast(State, state))


def _warm(machines: Mapping[str, Mapping[str, float]], demand: Demand) -> None:
    """Have workers load what every node needs while rows are read and the plan is made here; nobody waits for it."""
    import ray

    warm, expected = ray.remote(sent_warming()), _expected()
    for name, resources in machines.items():
        given = warm.options(name="warming up", scheduling_strategy=_on(name), **_options(demand))
        for _ in range(demand.times_within(resources)):
            given.remote(expected)


def _said(ref: Any) -> Said:
    """How a task ended; one whose worker was lost too often has failed, and what waited for it was skipped."""
    import ray

    try:
        said: Said = ray.get(ref)
    except (ray.exceptions.RayTaskError, ray.exceptions.RaySystemError) as error:
        # A parent that was lost is handed on to all that wait for it.
        if isinstance(getattr(error, "cause", None), ray.exceptions.RayError):
            return ("skipped",)
        return "failed", f"Ray could not run it: {str(error).strip().splitlines()[-1]}", str(error)
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.OutOfMemoryError) as error:
        message = f"its worker died {RETRIES + 1} times ({type(error).__name__}); was there too little memory?"
        return "failed", message, str(error)
    return said


def _answers(refs: Sequence[Any]) -> list[Any]:
    """What tasks return, None of those that do not return in time."""
    import ray

    ready, _ = ray.wait(list(refs), num_returns=len(refs), timeout=CHECK_S) if refs else ([], [])
    return [ray.get(ref) if ref in ready else None for ref in refs]


def _expected() -> Expected:
    own, folder = own_likeness(), str(Path.cwd())
    return own.version, own.source, "" if folder in sys.path or "" in sys.path else folder


def _options(demand: Demand) -> Mapping[str, object]:
    memory = {"memory": demand.memory} if demand.memory else {}
    return {"num_cpus": demand.cpus, "num_gpus": demand.gpus, **memory}


def _on(name: str, *, soft: bool = False) -> object:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(name, soft=soft)


def _here() -> object:
    import ray

    return _on(ray.get_runtime_context().get_node_id(), soft=True)


def _unfit(said: Said) -> str:
    return f"{said[1]}; put it right and type the same command again: finished nodes are kept"


def _everywhere(node: Node) -> Node:
    """The node with the file of its method named from the root: a worker stands in another folder."""
    if node.method is None or ".py:" not in node.method.name:
        return node
    file, name = node.method.name.rsplit(":", 1)
    entry = node.method.model_copy(update={"name": f"{Path(file).absolute()}:{name}"})
    return replace(node, method=entry)
