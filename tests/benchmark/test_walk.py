"""Which nodes are open while a graph is walked: those whose parents are all settled, whatever happened before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.listening import Failure, Unwatched
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.walk import Walk


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    graph = Graph()
    made: list[Node] = []
    for number in range(draw(st.integers(1, 9))):
        chosen = draw(st.lists(st.sampled_from(range(number)), max_size=3)) if number else []
        # One node may be a parent in two roles.
        parents = {f"role{role}": made[place].key for role, place in enumerate(chosen)}
        made.append(graph.add(Node("train", {"number": number}, parents, label=str(number))))
    return graph


def expected(walk: Walk, graph: Graph) -> list[str]:
    settled = walk.outcome.states
    return [
        node.label
        for node in graph.in_order()
        if node.key in walk.ahead and all(parent in settled for parent in node.parents.values())
    ]


@given(graphs(), st.data())
def test_open_nodes_are_those_whose_parents_are_settled(
    tmp_path_factory: pytest.TempPathFactory, graph: Graph, data: st.DataObject
) -> None:
    store = Store(tmp_path_factory.mktemp("store"))
    walk = Walk(graph, graph.in_order(), store, Unwatched())
    steps = 0
    while walk.ahead:
        shown = walk.open()
        assert [node.label for node in shown] == expected(walk, graph)
        assert all(walk.ready(node) for node in shown)
        node = data.draw(st.sampled_from(shown))
        parents = sorted(node.parents.values())
        steps += 1
        if parents and steps < 40 and data.draw(st.booleans()):
            damaged = data.draw(st.sampled_from(parents))
            walk.settle(node, "failed", Failure(node, "damaged", "", (damaged, ("a file",))))
        else:
            walk.settle(node, data.draw(st.sampled_from(["done", "cached"])))
    assert walk.open() == []
    assert set(walk.outcome.states) == set(graph.nodes)
