"""Counting a plan gives the numbers of building it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lifealign_bench.benchmark import plan_counting
from lifealign_bench.benchmark.graph import Graph
from lifealign_bench.benchmark.orders import all_orders
from lifealign_bench.benchmark.plan import make_plan
from lifealign_bench.benchmark.plan_counting import count_plan, numbers_of
from lifealign_bench.benchmark.plan_counts import PlanCounts, counts_of, sharing_of
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import Suite, load_suite, parse_suite
from lifealign_bench.benchmark.world import outline_world

TASKS = ["a", "b", "c", "d"]
METHODS = ["seqft", "er", "lifealign", "stl", "mtl"]


def suite(**changes: object) -> Suite:
    values = {"name": "s", "tasks": TASKS, "base": "somewhere", "methods": METHODS, "orders": "all", "seeds": [0, 1]}
    return parse_suite({**values, **changes}, "s.yaml")


def same(one: PlanCounts, two: PlanCounts) -> None:
    assert (one.runs, one.sharing) == (two.runs, two.sharing)
    assert dict(one.planned) == dict(two.planned)
    assert dict(one.distinct) == dict(two.distinct)
    assert one.cached == two.cached
    assert one.guess.total_s == pytest.approx(two.guess.total_s)
    assert one.guess.remaining_s == pytest.approx({kind: two.guess.remaining_s.get(kind, 0.0) for kind in two.distinct})
    assert one.guess.gpu_hours_by_method == pytest.approx(two.guess.gpu_hours_by_method)


@pytest.mark.parametrize("cells", ["full", "seen", "corners"])
@pytest.mark.parametrize("orders", ["all", "random:9", "williams"])
def test_a_counted_plan_has_the_numbers_of_a_built_one(cells: str, orders: str) -> None:
    chosen = suite(orders=orders, evaluation={"cells": cells})
    world = outline_world(chosen)
    same(count_plan(chosen, world, None, "cpu"), counts_of(make_plan(chosen, world), None, "cpu"))


@pytest.mark.parametrize("methods", [["stl"], ["mtl"], ["lifealign", "stl"], ["seqft", "stl"], ["er", "cppo"]])
def test_what_methods_share_is_counted_once(methods: list[str]) -> None:
    chosen = suite(methods=methods, evaluation={"cells": "seen"})
    world = outline_world(chosen)
    same(count_plan(chosen, world, None, "cpu"), counts_of(make_plan(chosen, world), None, "cpu"))


def test_tasks_of_different_sizes_are_estimated_as_if_built() -> None:
    tasks = [{"name": name, "train_rows": rows} for name, rows in zip(TASKS, (10, 400, 30, 7), strict=True)]
    chosen = suite(tasks=tasks, methods=["er", "stl"])
    world = outline_world(chosen)
    same(count_plan(chosen, world, None, "cpu"), counts_of(make_plan(chosen, world), None, "cpu"))


def test_finished_runs_count_as_cached_as_if_built(tmp_path: Path) -> None:
    chosen = suite()
    world = outline_world(chosen)
    made, store = make_plan(chosen, world), Store(tmp_path)
    for run in made.runs[::7]:
        for node in run.nodes:
            store.path(node.key).mkdir(parents=True, exist_ok=True)
    same(count_plan(chosen, world, store, "cpu"), counts_of(made, store, "cpu"))


def test_all_orders_of_six_tasks_share_1956_of_4320_stages() -> None:
    sharing = sharing_of(all_orders([f"t{i}" for i in range(6)]))
    assert (sharing.orders, sharing.planned, sharing.distinct) == (720, 4320, 1956)
    assert sharing.distinct == sum(math.factorial(6) // math.factorial(6 - k) for k in range(1, 7))


def test_a_plan_of_720_orders_builds_hardly_any_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    added = []
    add = Graph.add
    monkeypatch.setattr(Graph, "add", lambda self, node: (added.append(node.kind), add(self, node))[1])
    chosen = load_suite("mini-all").with_overrides({"orders": "all"})
    counts = numbers_of(chosen, outline_world(chosen), Store(tmp_path), "cpu")
    assert counts.runs == 7200
    assert counts.distinct["train"] > 10_000
    assert len(added) < 2_000


def test_small_designs_are_built_and_name_their_runs() -> None:
    chosen = suite(orders="williams")
    counts = numbers_of(chosen, outline_world(chosen), None, "cpu")
    assert counts.listed
    assert len(counts.run_names) == counts.runs == 5 * 4 * 2
    assert plan_counting.MOST_BUILT >= 24
