from __future__ import annotations

from itertools import permutations

import pytest

from lifealign_bench.benchmark.estimate import estimate
from lifealign_bench.benchmark.plan import Plan, evaluated_cells, make_plan
from lifealign_bench.benchmark.session import Overrides, overridden
from lifealign_bench.benchmark.suite import Suite, load_suite, parse_suite
from lifealign_bench.benchmark.world import outline_world
from lifealign_bench.data.errors import InputError, UnknownNameError

TASKS = ["a", "b", "c"]


def suite(**changes: object) -> Suite:
    values = {"name": "s", "tasks": TASKS, "base": "somewhere", "methods": ["seqft"], "orders": {"one": TASKS}}
    return parse_suite({**values, **changes}, "s.yaml")


def plan(**changes: object) -> Plan:
    chosen = suite(**changes)
    return make_plan(chosen, outline_world(chosen))


def trains(made: Plan) -> int:
    return made.graph.counts()["train"]


def test_orders_with_a_common_prefix_share_its_stages() -> None:
    made = plan(orders={"one": ["a", "b", "c"], "two": ["a", "c", "b"]})
    assert made.graph.planned["train"] == 6
    assert trains(made) == 5


def test_all_orders_of_three_tasks_have_one_node_per_distinct_prefix() -> None:
    made = plan(orders="all")
    prefixes = {order[:k] for order in permutations(TASKS) for k in (1, 2, 3)}
    assert trains(made) == len(prefixes) == 15


def test_stl_adds_no_training_beside_seqft_over_all_first_tasks() -> None:
    orders = {"one": ["a", "b", "c"], "two": ["b", "c", "a"], "three": ["c", "a", "b"]}
    assert trains(plan(methods=["seqft", "stl"], orders=orders)) == trains(plan(methods=["seqft"], orders=orders))


def test_mtl_is_trained_once_per_task_set_whatever_the_order() -> None:
    assert trains(plan(methods=["mtl"], orders="all")) == 1


def test_row_0_is_evaluated_once_for_the_whole_board() -> None:
    made = plan(methods=["seqft", "er", "lifealign", "stl", "mtl"], orders="all", seeds=[0, 1])
    zero = [node for node in made.graph.in_order() if node.kind == "pairs" and "policy" not in node.parents]
    assert len(zero) == len(TASKS)


def test_reference_log_probabilities_are_computed_once_per_task() -> None:
    made = plan(methods=["seqft", "er", "lifealign", "stl", "mtl"], orders="all", seeds=[0, 1])
    assert made.graph.counts()["reference"] == len(TASKS)


def test_a_plain_first_stage_is_shared_by_every_method_that_declares_it() -> None:
    made = plan(methods=["seqft", "er", "lifealign"])
    first = {run.entry.title: run.stages[0].train.key for run in made.runs}
    assert first["er"] == first["seqft"] != first["lifealign"]


def test_a_method_that_keeps_nothing_has_no_memory_nodes() -> None:
    assert "memory" not in plan(methods=["seqft", "stl", "mtl"]).graph.counts()
    assert plan(methods=["er"]).graph.counts()["memory"] == 3


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": [1]},
        {"budget": {"beta": 0.2}},
        {"budget": {"lora": {"r": 4}}},
        {"evaluation": {"batch_size": 3}},
        {"methods": [{"name": "er", "config": {"buffer_fraction": 0.3}}]},
    ],
)
def test_whatever_decides_the_bytes_decides_the_key(change: dict[str, object]) -> None:
    one, two = plan(methods=["er"]), plan(**{"methods": ["er"], **change})
    assert one.runs[0].stages[1].train.key != two.runs[0].stages[1].train.key


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"description": "words"},
        {"methods": [{"name": "er", "label": "mine"}]},
        {"orders": {"two": TASKS}},
        {"report_to": ["tensorboard"]},
        {"data_dir": "/elsewhere"},
        {"evaluation": {"cells": "corners"}},
    ],
)
def test_names_and_places_do_not_decide_a_training_key(change: dict[str, object]) -> None:
    one, two = plan(methods=["er"]), plan(**{"methods": ["er"], **change})
    assert [stage.train.key for stage in one.runs[0].stages] == [stage.train.key for stage in two.runs[0].stages]


def test_cells_are_the_full_rectangle_the_seen_triangle_or_the_corners() -> None:
    zero = {(0, task) for task in TASKS}
    everything = {(step, task) for step in range(4) for task in TASKS}
    assert set(evaluated_cells("full", "sequential", TASKS)) == everything
    seen = {(1, "a"), (2, "a"), (2, "b"), (3, "a"), (3, "b"), (3, "c")}
    assert set(evaluated_cells("seen", "sequential", TASKS)) == zero | seen
    corners = {(1, "a"), (2, "b"), (3, "a"), (3, "b"), (3, "c")}
    assert set(evaluated_cells("corners", "sequential", TASKS)) == zero | corners
    assert set(evaluated_cells("full", "isolated", TASKS)) == zero | {(1, "a"), (2, "b"), (3, "c")}
    assert set(evaluated_cells("full", "joint", TASKS)) == zero | {(3, task) for task in TASKS}


def test_an_order_that_is_no_permutation_is_refused() -> None:
    with pytest.raises(InputError, match="c"):
        plan(orders={"one": ["a", "b", "b"]})


def test_a_method_asked_for_by_a_wrong_name_lists_labels_of_the_suite_and_methods() -> None:
    suite = load_suite("mini-full")
    with pytest.raises(UnknownNameError, match="did you mean no-fpo, "):
        overridden(suite, Overrides(methods=["no-fpoo"]))
    with pytest.raises(UnknownNameError, match=r"one of cppo, .*, no-slmc, .*, shrink, "):
        overridden(suite, Overrides(methods=["zzzzz"]))


def test_an_unknown_method_or_setting_lists_near_matches() -> None:
    with pytest.raises(UnknownNameError, match="did you mean seqft"):
        plan(methods=["seqtf"])
    with pytest.raises(UnknownNameError, match="did you mean theta"):
        plan(methods=[{"name": "lifealign", "config": {"teta": 0.5}}])
    with pytest.raises(InputError, match="theta: found 7"):
        plan(methods=[{"name": "lifealign", "config": {"theta": 7}}])


def test_the_standard_suite_is_within_its_own_limit_of_gpu_hours() -> None:
    chosen = load_suite("standard")
    made = make_plan(chosen, outline_world(chosen))
    hours = estimate(made, None, "cuda").gpu_hours_by_method
    assert set(hours) == {"seqft", "er", "lifealign", "stl", "mtl"}
    assert len(made.runs) == 5 * 6 * 2
    assert chosen.limits.gpu_hours_per_method == 24
    assert all(0 < value <= 24 for value in hours.values()), hours
    assert hours["er"] > hours["seqft"]
