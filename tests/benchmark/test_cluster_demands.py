"""What nodes ask of machines: fractions, what is not there, and how many fit at once."""

from __future__ import annotations

import pytest

from lifealign_bench.benchmark.cluster.demands import GIB, Demand, at_once, demand_of, refuse_too_much
from lifealign_bench.benchmark.suite import Suite, parse_suite
from lifealign_bench.data.errors import InputError

BOX = {"CPU": 16.0, "GPU": 4.0, "memory": 64.0 * GIB}


def suite(**resources: object) -> Suite:
    values = {"name": "s", "tasks": ["hc3"], "base": "somewhere", "methods": ["seqft"], "threads": 4}
    return parse_suite({**values, "resources": resources}, "s.yaml")


def test_a_node_that_opens_a_model_takes_a_gpu_where_there_is_one_and_a_judge_never() -> None:
    assert demand_of("train", suite(), gpus_there=True) == Demand(4, 1.0, 0)
    assert demand_of("train", suite(), gpus_there=False) == Demand(4, 0.0, 0)
    assert demand_of("verdicts", suite(gpus=2, memory_gb=8), gpus_there=True) == Demand(4, 0, 0)


def test_the_suites_own_resources_are_asked_for() -> None:
    asked = demand_of("answers", suite(gpus=0.5, cpus=2, memory_gb=10), gpus_there=True)
    assert asked == Demand(2, 0.5, 10 * GIB)
    assert at_once(asked, [BOX]) == 6


def test_a_stage_of_several_processes_takes_a_gpu_and_cores_for_each() -> None:
    together = suite(gpus=1).with_overrides({"training": {"processes": 2}})
    assert demand_of("train", together, gpus_there=True) == Demand(8, 2.0, 0)
    assert demand_of("answers", together, gpus_there=True) == Demand(4, 1.0, 0)


def test_as_many_nodes_run_at_once_as_the_scarcest_resource_allows() -> None:
    assert at_once(Demand(4, 1, 0), [BOX, {"CPU": 7.0}]) == 4
    assert at_once(Demand(4, 0, 0), [BOX, {"CPU": 7.0}]) == 5


@pytest.mark.parametrize(
    ("demand", "said"),
    [
        (Demand(1, 8, 0), r"s: resources.gpus: found 8 for a node of kind train, expected at most 4, .* of 2 machines"),
        (Demand(32, 1, 0), r"resources.cpus \(or threads\): found 32 .* at most 16"),
        (Demand(1, 0, 100 * GIB), r"resources.memory_gb: found 100 .* at most 64"),
    ],
)
def test_a_node_that_no_machine_can_hold_is_refused_by_what_it_lacks(demand: Demand, said: str) -> None:
    with pytest.raises(InputError, match=said):
        refuse_too_much({"train": demand}, [BOX, {"CPU": 8.0}], "s")


def test_what_two_machines_have_between_them_is_not_what_one_has() -> None:
    with pytest.raises(InputError, match="what one machine has together"):
        refuse_too_much({"train": Demand(8, 1, 0)}, [{"CPU": 2.0, "GPU": 1.0}, {"CPU": 8.0}], "s")


@pytest.mark.parametrize("gpus", [1.5, -1])
def test_gpus_are_a_fraction_of_one_or_whole(gpus: float) -> None:
    with pytest.raises(InputError, match="gpus"):
        suite(gpus=gpus)
