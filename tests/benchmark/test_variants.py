"""Variants of a suite: what they share with the untouched one, how they are named, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifealign_bench.benchmark.session import Overrides, open_variant, overridden
from lifealign_bench.benchmark.suite import Suite, load_suite
from lifealign_bench.benchmark.suite_orders import orders_of
from lifealign_bench.benchmark.variants import crossed, grid, one_at_a_time, parse_settings, variant
from lifealign_bench.data.errors import InputError


def quick() -> Suite:
    """The smallest suite that ships, one method and one order."""
    return overridden(load_suite("mini-quick"), Overrides(methods=["seqft"], train_rows=40, evaluation_rows=10))


def test_a_value_that_the_suite_has_already_is_no_change():
    asked = parse_settings(["label_noise=0", "size_ratio=1,4"], "--grid")
    found = grid(quick(), asked)
    assert [own.folder for own in found] == ["mini-quick", "mini-quick+size_ratio-4"]
    assert found[0].suite == quick()
    assert found[1].changed == {"condition.size_ratio": 4}


def test_a_grid_has_every_combination_and_single_changes_stand_alone():
    asked = parse_settings(["label_noise=0,0.2 size_ratio=1,4"], "--grid")
    assert [dict(own.changed) for own in grid(quick(), asked)] == [
        {},
        {"condition.size_ratio": 4},
        {"condition.label_noise": 0.2},
        {"condition.label_noise": 0.2, "condition.size_ratio": 4},
    ]
    single = one_at_a_time(quick(), parse_settings(["draw=1,2", "budget.phases.sft.learning_rate=1e-3"], "--vary"))
    assert [len(own.changed) for own in single] == [0, 1, 1, 1]
    assert single[3].suite.budget.phases[0].learning_rate == 1e-3
    assert single[3].suite.budget.phases[1] == quick().budget.phases[1]
    bases = crossed(single, {"base.source": ("world:mini", "world:mini-neox")})
    assert len({own.folder for own in bases}) == len(bases) == 8


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("label_noise", "field=value"),
        ("label_nois=0.2", "label_nois"),
        ("orders=all", "a field other than"),
        ("label_noise=2", "less than or equal to 1"),
        ("recurrence=mini-nothing", "no task of the suite"),
        ("budget.phases.dpo.epochs=1", "one of sft, preference there"),
    ],
)
def test_what_no_suite_may_have_is_refused(setting: str, said: str):
    with pytest.raises(InputError, match=said):
        grid(quick(), parse_settings([setting], "--grid"))


def keys(suite: Suite, folder: Path) -> dict[str, set[str]]:
    """Keys of a plan's nodes by their kind."""
    (own,) = grid(suite, {})
    found: dict[str, set[str]] = {}
    for node in open_variant(own, folder, lambda text: None).plan.graph.in_order():
        found.setdefault(node.kind, set()).add(node.key)
    return found


def test_variants_share_the_nodes_that_they_do_not_change(tmp_path: Path):
    plain = keys(quick(), tmp_path)
    assert keys(variant(quick(), {"condition.label_noise": 0.0, "condition.size_ratio": 1.0}).suite, tmp_path) == plain
    noisy = keys(variant(quick(), {"condition.label_noise": 0.2}).suite, tmp_path)
    assert not plain["train"] & noisy["train"]
    assert len(plain["pairs"] & noisy["pairs"]) == len(plain["answers"] & noisy["answers"]) == 3, "row 0 is shared"
    drawn = keys(variant(quick(), {"evaluation.draw": 1}).suite, tmp_path)
    assert (drawn["train"], drawn["pairs"]) == (plain["train"], plain["pairs"])
    assert not plain["answers"] & drawn["answers"]
    asked = keys(variant(quick(), {"evaluation.phrasing": "asked"}).suite, tmp_path)
    assert asked["train"] == plain["train"]
    assert not plain["pairs"] & asked["pairs"]


def test_a_task_that_comes_back_ends_every_order_with_rows_of_its_own(tmp_path: Path):
    own = variant(quick(), {"condition.recurrence": "mini-human"})
    assert {order.tasks[-1] for order in orders_of(own.suite)} == {"mini-human~2"}
    session = open_variant(own, tmp_path, lambda text: None)
    assert [len(data.train) for data in session.world.stream.values()] == [40, 20, 40, 20]
    assert session.plan.folder == "mini-quick+recurrence-mini-human"


def test_a_condition_that_leaves_a_task_without_rows_is_refused_before_anything_runs(tmp_path: Path):
    with pytest.raises(InputError, match="of 40 training rows of task mini-"):
        open_variant(variant(quick(), {"condition.size_ratio": 500}), tmp_path, lambda text: None)
    assert not list((tmp_path / "store").glob("*/node.json"))
