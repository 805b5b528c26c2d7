"""How far a graph has come, for an engine that shares its store with others."""

from __future__ import annotations

import random
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.listening import Failure, Listener, Outcome, State
from lifealign_bench.benchmark.store import Store

# A store that damages the same node again and again is broken for good.
REBUILDS = 3
FIRST_S, LONGEST_S = 0.1, 5.0


class Pause:
    """Waiting for other processes: longer each time in vain, never quite as long as another one waits."""

    def __init__(self, shortest_s: float = FIRST_S, longest_s: float = LONGEST_S) -> None:
        self.shortest_s = shortest_s
        self.longest_s = longest_s
        self._next = shortest_s

    def reset(self) -> None:
        """Something came to pass: be quick again."""
        self._next = self.shortest_s

    def wait(self) -> None:
        """Sleep."""
        time.sleep(self._next * random.uniform(0.8, 1.2))
        self._next = min(self.longest_s, self._next * 1.5)


class Walk:
    """How far a graph has come: the nodes that are not settled yet, in the order in which they are tried.

    Which of them are open (all their parents are settled) is kept up as nodes settle: a graph has thousands of nodes,
    and looking at all of them after each would keep a core busy.
    """

    def __init__(self, graph: Graph, ahead: Iterable[Node], store: Store, listener: Listener) -> None:
        self.graph = graph
        self.store = store
        self.listener = listener
        self.outcome = Outcome()
        self.ahead = {node.key: node for node in ahead}
        self._places = {key: place for place, key in enumerate(self.ahead)}
        self._children: dict[str, list[str]] = {}
        self._unmet: dict[str, int] = {}
        for node in self.ahead.values():
            parents = set(node.parents.values())
            self._unmet[node.key] = len(parents)
            for parent in parents:
                self._children.setdefault(parent, []).append(node.key)
        self._open = [(place, key) for key, place in self._places.items() if not self._unmet[key]]
        self._rebuilt: Counter[str] = Counter()
        self._put_off: dict[str, tuple[float, float]] = {}

    def open(self) -> list[Node]:
        """The nodes ahead whose parents are all settled, in the order in which they are tried."""
        return [self.ahead[key] for _, key in self._open]

    def ready(self, node: Node) -> bool:
        """Whether a node is to be settled now: all its parents are, and it is not put off."""
        if self._put_off.get(node.key, (0.0, 0.0))[0] > time.monotonic():
            return False
        return node.key in self.ahead and not self._unmet[node.key]

    def put_off(self, node: Node) -> None:
        """Another process holds the node: look at it again in a while, each time in a longer one."""
        pause = min(LONGEST_S, self._put_off.get(node.key, (0.0, FIRST_S))[1] * 1.5)
        self._put_off[node.key] = (time.monotonic() + pause, pause)

    def settled(self, node: Node) -> bool:
        """Settle a node that needs no computing; whether it was one."""
        if any(self.outcome.states[parent] in ("failed", "skipped") for parent in node.parents.values()):
            self.settle(node, "skipped")
        elif self.store.has(node.key) and self.store.sound(node.key):
            self.settle(node, "cached")
        return node.key not in self.ahead

    def settle(self, node: Node, state: State, failure: Failure | None = None) -> None:
        """Note what became of a node; where it failed for a damaged parent, both are ahead again."""
        if failure is not None and failure.damaged is not None and self._rebuilt[failure.damaged[0]] < REBUILDS:
            self._again(*failure.damaged)
            return
        del self.ahead[node.key]
        self._close(node.key)
        self.outcome.states[node.key] = state
        for child in self._children.get(node.key, ()):
            self._unmet[child] -= 1
            self._reopen(child)
        self.outcome.failures += [failure] if failure is not None else []
        self.listener.ended(node, state)

    def _again(self, key: str, problems: Sequence[str]) -> None:
        parent = self.graph.nodes[key]
        self._rebuilt[key] += 1
        if self.outcome.states.pop(key, None) is not None:
            for child in self._children.get(key, ()):
                self._unmet[child] += 1
                self._close(child)
        self.ahead[key] = parent
        self._reopen(key)
        self.store.forget(key)
        self.listener.damaged(parent, problems)

    def _reopen(self, key: str) -> None:
        """Where a node stands among the open ones, if it is one."""
        entry = (self._places[key], key)
        place = bisect_left(self._open, entry)
        if key in self.ahead and not self._unmet[key] and self._open[place : place + 1] != [entry]:
            self._open.insert(place, entry)

    def _close(self, key: str) -> None:
        entry = (self._places[key], key)
        place = bisect_left(self._open, entry)
        if self._open[place : place + 1] == [entry]:
            del self._open[place]
