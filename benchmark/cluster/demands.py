"""What a node asks of the machine that computes it, and whether a cluster has it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lifealign_bench.benchmark.graph import Kind, Node
from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.data.errors import InputError

WITHOUT_MODEL: frozenset[Kind] = frozenset({"verdicts"})
"""Kinds of node that open no model."""

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Demand:
    """Cores, GPUs (a fraction shares one) and bytes of memory (0: not looked at) of one machine."""

    cpus: int
    gpus: float
    memory: int

    def within(self, resources: Mapping[str, float]) -> bool:
        """Whether a machine of these resources, by Ray's names for them, can ever hold it."""
        asked = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory}
        return all(resources.get(name, 0) >= amount for name, amount in asked.items())

    def times_within(self, resources: Mapping[str, float]) -> int:
        """How many of it such a machine holds at once."""
        asked = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory}
        return min(int(resources.get(name, 0) // amount) for name, amount in asked.items() if amount)


def demand_of(kind: Kind, suite: Suite, *, gpus_there: bool) -> Demand:
    """What a node of a kind asks for; gpus_there: whether the cluster has any."""
    asked = suite.resources
    # Every process of a stage has threads of its own, and a GPU where there are any.
    processes = suite.training.processes if kind == "train" else 1
    cpus = (asked.cpus or suite.threads) * processes
    if kind in WITHOUT_MODEL:
        return Demand(cpus, 0, 0)
    usual = 1.0 if gpus_there else 0.0
    gpus = (usual if asked.gpus is None else asked.gpus) * processes
    return Demand(cpus, gpus, int((asked.memory_gb or 0) * GIB))


def demands_of(nodes: Iterable[Node], suite: Suite, *, gpus_there: bool) -> dict[Kind, Demand]:
    """The demand of every kind of node among these."""
    return {kind: demand_of(kind, suite, gpus_there=gpus_there) for kind in {node.kind for node in nodes}}


def refuse_too_much(demands: Mapping[Kind, Demand], machines: Sequence[Mapping[str, float]], where: str) -> None:
    """Refuse nodes that no machine of a cluster can ever hold.

    Raises:
        InputError: names the kind of node, what it asks for and the most that one machine has.
    """
    for kind, demand in sorted(demands.items()):
        if any(demand.within(machine) for machine in machines):
            continue
        for name, field, asked in (
            ("GPU", "resources.gpus", demand.gpus),
            ("CPU", "resources.cpus (or threads)", demand.cpus),
            ("memory", "resources.memory_gb", demand.memory),
        ):
            most = max((machine.get(name, 0.0) for machine in machines), default=0.0)
            if asked > most:
                found, limit = (asked / GIB, most / GIB) if name == "memory" else (asked, most)
                expected = f"at most {limit:.4g}, which is what the largest of {len(machines)} machines has"
                raise InputError(where, field, f"{found:.4g} for a node of kind {kind}", expected)
        raise InputError(where, "resources", f"{demand} for a node of kind {kind}", "what one machine has together")


def at_once(demand: Demand, machines: Iterable[Mapping[str, float]]) -> int:
    """How many nodes of a demand a cluster computes at once, at least one."""
    return max(1, sum(demand.times_within(machine) for machine in machines))
