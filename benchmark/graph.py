"""The run graph: nodes named by the hash of everything that decides their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from lifealign_bench.benchmark.suite import MethodEntry
from lifealign_bench.data.rows import digest

Kind = Literal[
    "base", "reference", "train", "memory", "pairs", "answers", "verdicts", "capability", "divergence", "safety"
]


@dataclass(frozen=True)
class Node:
    """One step of a benchmark.

    inputs: JSON values that decide the result. parents: keys of the nodes it reads, by role. method: how to find the
    method's class on this machine; label: what people read. Neither of the two is part of the key.
    """

    kind: Kind
    inputs: Mapping[str, object]
    parents: Mapping[str, str] = field(default_factory=dict)
    method: MethodEntry | None = None
    label: str = ""

    @cached_property
    def key(self) -> str:
        """SHA-256 of kind, inputs and parents' keys."""
        return digest({"kind": self.kind, "inputs": self.inputs, "parents": dict(self.parents)})


class Graph:
    """Nodes by key; adding an equal node again returns the first."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.planned: dict[Kind, int] = {}

    def add(self, node: Node) -> Node:
        """The node of this key, added unless it is there; its parents must be there already."""
        missing = {parent for parent in node.parents.values() if parent not in self.nodes}
        if missing:
            raise ValueError(f"node {node.label or node.kind} is added before its parents {sorted(missing)}")
        self.planned[node.kind] = self.planned.get(node.kind, 0) + 1
        return self.nodes.setdefault(node.key, node)

    def leading_to(self, wanted: Iterable[Node]) -> Graph:
        """The graph of these nodes and all that they need."""
        needed: set[str] = set()
        ahead = [node.key for node in wanted]
        while ahead:
            key = ahead.pop()
            if key not in needed:
                needed.add(key)
                ahead += self.nodes[key].parents.values()
        found = Graph()
        for node in self.in_order():
            if node.key in needed:
                found.add(node)
        return found

    def in_order(self) -> Iterable[Node]:
        """Every node after its parents."""
        return self.nodes.values()

    def counts(self) -> dict[Kind, int]:
        """Number of distinct nodes by kind."""
        found: dict[Kind, int] = {}
        for node in self.nodes.values():
            found[node.kind] = found.get(node.kind, 0) + 1
        return found
