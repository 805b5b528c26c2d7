"""A board's order design is told by the orders that its runs have."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifealign_bench.benchmark.orders import Order, resolve_orders
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.benchmark.statistics.design import design_name, design_of
from lifealign_bench.data.errors import InputError
from stored_runs import TASKS, store_run

SIX = tuple(f"t{i}" for i in range(6))


@pytest.mark.parametrize("size", range(2, 13))
def test_williams_design_is_known_for_every_number_of_tasks(size: int) -> None:
    orders = resolve_orders("williams", [f"t{i}" for i in range(size)])
    assert design_name(orders) == ("all" if size in (2, 3) else "williams")
    assert len(orders) == 2 or design_name(orders[:-1]) == "custom"


@pytest.mark.parametrize(("asked", "name"), [("paper", "paper"), ("random:4", "random:4"), ("order2", "custom")])
def test_other_designs_are_known_by_what_is_in_them(asked: str, name: str) -> None:
    assert design_name(resolve_orders(asked, SIX)) == name


def test_a_name_alone_does_not_make_a_design() -> None:
    orders = [Order(f"random-{i}", order.tasks) for i, order in enumerate(resolve_orders("paper", SIX), 1)]
    assert design_name(orders) == "custom"
    shuffled = [Order(name, SIX[i:] + SIX[:i]) for i, name in enumerate(("order1", "order2", "order3"))]
    assert design_name(shuffled) == "custom"


def test_balance_seeds_and_missing_runs_are_those_of_the_runs(tmp_path: Path) -> None:
    for method, seed in (("seqft", 0), ("seqft", 1), ("er", 0)):
        store_run(tmp_path, method, seed=seed)
    found = design_of(find_runs(tmp_path))
    assert found.orders == (Order("order1", TASKS),)
    assert found.seeds == (0, 1)
    assert found.missing == ("er has no run of order1, seed 1",)
    assert found.balance.positions[TASKS[0]] == (1, 0, 0)
    assert found.balance.adjacent[TASKS[0], TASKS[1]] == 1
    assert found.summary == "custom: 1 order, not balanced; seeds 0, 1; 1 runs missing"


def test_no_runs_and_one_name_for_two_orders_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one run"):
        design_of([])
    store_run(tmp_path, "seqft")
    folder = store_run(tmp_path, "er")
    text = (folder / "run.json").read_text("utf-8")
    first, last = (f'      "{TASKS[i]}"' for i in (0, 2))
    swapped = text.replace(first, "@").replace(last, first).replace("@", last)
    (folder / "run.json").write_text(swapped, "utf-8")
    with pytest.raises(InputError, match="one order a name"):
        design_of(find_runs(tmp_path))
