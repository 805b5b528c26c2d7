"""A probe of the machine: rates of every kind of node, what an estimate makes of them, and the table of costs."""

from __future__ import annotations

import pytest

from lifealign_bench.benchmark.estimate import Estimate
from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.plan import make_plan
from lifealign_bench.benchmark.plan_counting import numbers_of
from lifealign_bench.benchmark.probe import Probe, Shape, probe
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.benchmark.world import outline_world
from lifealign_bench.cli.plan_costs import lines, training_factors

SMALL = Shape(width=64, layers=1, batch=1, tokens=16)
FOUND = Probe("cpu", "a processor", 1e6, "float32", 1, training=2e12, reading=4e12, answering=8e12, seconds=3)


def test_a_probe_finds_a_rate_for_every_kind_of_node_that_opens_a_model() -> None:
    found = probe(load_suite("mini-quick"), "cpu", SMALL, least_s=0.0)
    kinds = {"base", "train", "memory", "reference", "pairs", "answers", "capability", "divergence"}
    assert set(found.rates) == kinds
    assert min(found.rates.values()) > 0
    assert "(cpu, float32, 1 threads)" in str(found)


def guess() -> Estimate:
    return numbers_of(load_suite("paper"), outline_world(load_suite("paper")), None, "cpu").guess


def test_a_probes_rates_take_the_place_of_assumed_ones() -> None:
    before = guess()
    after = before.on(FOUND.rates, str(FOUND), "cpu")
    assert after.total_s["train"] == pytest.approx(before.total_s["train"] * before.rates["train"] / 2e12)
    assert after.remaining_s["answers"] == pytest.approx(before.remaining_s["answers"] * before.rates["answers"] / 8e12)
    assert after.gpu_hours_by_method == pytest.approx(before.gpu_hours_by_method)
    assert after.probe == str(FOUND)


def test_a_gpus_probe_gives_the_gpu_hours_too() -> None:
    before = guess()
    after = before.on(FOUND.rates, str(FOUND), "cuda")
    assert after.on_gpu
    assert after.gpu_hours_by_method["seqft"] == pytest.approx(before.gpu_hours_by_method["seqft"] * 150e12 / 2e12)


def test_the_table_of_costs_has_a_row_a_method_and_says_what_was_measured() -> None:
    plan = make_plan(load_suite("paper"), outline_world(load_suite("paper")))
    table = list(lines(plan, FOUND, training_factors()))
    rows = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in table[2:12]}
    assert list(rows) == [entry.title for entry in plan.suite.methods]
    assert rows["seqft"][1] == "1.00"
    assert float(rows["gem"][1]) > 1.5
    assert rows["stl"][1] == rows["mtl"][1] == "counted"
    assert "nothing was measured on one" in "\n".join(table)


def test_adding_a_node_looks_at_no_other_but_its_parents() -> None:
    class Closed(dict[str, Node]):
        def __iter__(self):
            raise AssertionError("all nodes were looked at")

    graph = Graph()
    first = graph.add(Node("reference", {"task": "a"}))
    graph.nodes = Closed(graph.nodes)
    graph.add(Node("train", {"task": "a"}, {"reference/a": first.key}))
    with pytest.raises(ValueError, match="before its parents"):
        graph.add(Node("train", {"task": "b"}, {"policy": "nowhere"}))
