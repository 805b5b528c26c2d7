"""What a suite asks beside its cells: planned as nodes of their own, left out with a line where it cannot be asked."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from lifealign_bench.benchmark.capability import known_tasks
from lifealign_bench.benchmark.plan import Plan, make_plan
from lifealign_bench.benchmark.plan_counting import count_plan
from lifealign_bench.benchmark.plan_counts import counts_of
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import Suite, load_suite, parse_suite, suite_names
from lifealign_bench.benchmark.world import outline_world
from lifealign_bench.data.errors import InputError

FACTS, STEPS = "lifealign_mini_facts", "lifealign_mini_steps"
TASKS = ["a", "b", "c", "d"]
METHOD = """
from lifealign_bench.methods import MethodSpec
from lifealign_bench.methods.seqft import SeqFT
from torch import nn

class Boxed(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

class Odd(SeqFT):
    spec = MethodSpec(name="odd", version="1", title="odd", paper="none")

    def attach(self, model, ctx):
        return Boxed(super().attach(model, ctx))
"""


def suite(**changes: object) -> Suite:
    values = {"name": "s", "tasks": TASKS, "base": "somewhere", "methods": ["seqft", "er", "stl", "mtl"]}
    return parse_suite({**values, "orders": [TASKS, TASKS[::-1]], "seeds": [0, 1], **changes}, "s.yaml")


def planned(**changes: object) -> Plan:
    chosen = suite(**changes)
    return make_plan(chosen, outline_world(chosen))


def asked(plan: Plan, title: str) -> list[tuple[int, str, str]]:
    run = next(run for run in plan.runs if run.entry.title == title)
    return [(extra.step, extra.kind, extra.name) for extra in run.extras]


def test_nothing_is_asked_and_no_key_differs_where_a_suite_asks_nothing() -> None:
    plain, more = planned(), planned(capability=[FACTS], drift="all")
    assert not [node for node in plain.graph.in_order() if node.kind in ("capability", "divergence")]
    assert set(plain.graph.nodes) < set(more.graph.nodes)
    assert {node.kind for key, node in more.graph.nodes.items() if key not in plain.graph.nodes} == {
        "capability",
        "divergence",
    }


def test_the_base_and_the_last_policy_are_asked_unless_every_row_is() -> None:
    ends, every = planned(capability=[FACTS]), planned(capability={"tasks": [FACTS], "rows": "all"})
    assert [step for step, _, _ in asked(ends, "seqft")] == [0, 4]
    assert [step for step, _, _ in asked(every, "seqft")] == [0, 1, 2, 3, 4]
    assert [step for step, _, _ in asked(ends, "mtl")] == [0, 4]
    # Four runs of SeqFT and ER each, two MTL policies and the base, whatever the number of runs.
    assert ends.graph.counts()["capability"] == 4 + 4 + 2 + 1


def test_policies_that_know_one_task_each_have_no_last_row(tmp_path: Path) -> None:
    from lifealign_bench.benchmark.capability.planning import asked_steps

    assert asked_steps("ends", "isolated", 4, [1, 2, 3, 4]) == [0]
    assert asked_steps("all", "isolated", 4, [1, 2, 3, 4]) == [0, 1, 2, 3, 4]


def test_divergence_is_measured_where_answers_are() -> None:
    plan = planned(drift="ends", evaluation={"cells": "corners"})
    assert asked(plan, "seqft") == [(4, "divergence", task) for task in TASKS]


@pytest.mark.parametrize("asks", [{"capability": [FACTS]}, {"capability": {"tasks": [FACTS, STEPS], "rows": "all"}}])
@pytest.mark.parametrize("drift", ["none", "ends", "all"])
@pytest.mark.parametrize("methods", [["seqft", "er", "lifealign", "stl", "mtl"], ["l2p", "stl"]])
def test_a_counted_plan_has_the_numbers_of_a_built_one(
    asks: dict[str, object], drift: str, methods: list[str], tmp_path: Path
) -> None:
    chosen = suite(orders="all", methods=methods, drift=drift, evaluation={"cells": "seen"}, **asks)
    world = outline_world(chosen)
    made, store = make_plan(chosen, world), Store(tmp_path)
    for run in made.runs[::7]:
        for node in (*run.nodes, *(extra.node for extra in run.extras)):
            store.path(node.key).mkdir(parents=True, exist_ok=True)
    built, counted = counts_of(made, store, "cpu"), count_plan(chosen, world, store, "cpu")
    assert dict(counted.planned) == dict(built.planned)
    assert dict(counted.distinct) == dict(built.distinct)
    assert counted.cached == built.cached
    assert counted.notes == built.notes
    assert counted.guess.total_s == pytest.approx(built.guess.total_s)
    assert counted.guess.gpu_hours_by_method == pytest.approx(built.guess.gpu_hours_by_method)


def test_an_unknown_task_is_left_out_with_a_line_that_names_the_near_ones() -> None:
    plan = planned(capability=["lifealign_mini_fact", "mmluu", FACTS])
    own, other = plan.notes[:2]
    assert "'lifealign_mini_fact'" in own
    assert FACTS in own
    assert "'mmluu'" in other
    assert "mmlu" in other.split("expected")[1]
    assert {name for _, _, name in asked(plan, "seqft")} == {FACTS}


@pytest.mark.parametrize("name", ["mmlu", "hellaswag", "gsm8k", "ifeval", "truthfulqa_mc1"])
def test_tasks_of_lm_eval_are_known_by_their_names(name: str) -> None:
    assert known_tasks.known_task(name, 0).source.startswith("lm-eval ")


def test_without_lm_eval_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr(known_tasks, "version", missing)
    plan = planned(capability=[FACTS, STEPS, "mmlu"])
    assert plan.notes == (
        "left out: capability: lm-eval: found not installed, expected pip install 'lifealign-bench[capability]'",
    )
    assert set(plan.graph.nodes) == set(planned().graph.nodes)


def test_policies_that_only_their_own_module_serves_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "odd.py"
    file.write_text(METHOD, "utf-8")
    plan = planned(capability=[FACTS], methods=["seqft", "l2p", f"{file}:Odd"])
    assert [note.split(":")[1].strip() for note in plan.notes] == ["capability of l2p", "capability of Odd"]
    assert all("serve" in note for note in plan.notes)
    assert not asked(plan, "l2p")
    assert asked(plan, "seqft")


def test_every_built_in_suite_asks_tasks_that_exist() -> None:
    for name in suite_names():
        built_in = load_suite(name)
        for task in built_in.capability.tasks:
            assert known_tasks.known_task(task, built_in.world)


@pytest.mark.parametrize("wrong", [{"task": [FACTS]}, {"tasks": [FACTS, FACTS]}, {"tasks": [FACTS], "rows": "some"}])
def test_a_wrong_field_is_an_error(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="capability"):
        suite(capability=wrong)
