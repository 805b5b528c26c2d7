"""Order designs: what each promises about the orders that it gives."""

from __future__ import annotations

import math
from itertools import permutations

import pytest

from lifealign_bench.benchmark.orders import (
    Order,
    all_orders,
    count_orders,
    design_balance,
    random_orders,
    resolve_orders,
    williams_orders,
)
from lifealign_bench.data.errors import InputError

SIX = ("capybara", "hc3", "hh-harmless", "hh-helpful", "safe-rlhf", "truthfulqa")


def named(count: int) -> tuple[str, ...]:
    return tuple(f"t{index}" for index in range(count))


def test_the_papers_orders_are_the_papers() -> None:
    one, two, three = resolve_orders("paper", SIX)
    assert one == Order("order1", SIX)
    assert two == Order("order2", SIX[::-1])
    assert three.tasks == ("hh-harmless", "capybara", "truthfulqa", "hh-helpful", "hc3", "safe-rlhf")


@pytest.mark.parametrize("size", range(1, 13))
def test_williams_balances_positions_and_neighbours(size: int) -> None:
    orders = williams_orders(named(size))
    each = 1 if size % 2 == 0 or size == 1 else 2
    balance = design_balance(orders)
    assert len(orders) == size * each == len({order.tasks for order in orders})
    assert all(counts == (each,) * size for counts in balance.positions.values())
    assert set(balance.adjacent.values()) <= {each}
    assert len(balance.adjacent) == size * (size - 1)
    assert balance.balanced


def test_the_papers_orders_are_not_balanced() -> None:
    assert not design_balance(resolve_orders("paper", SIX)).balanced


def test_all_lists_every_order_once_in_lexicographic_order() -> None:
    orders = resolve_orders("all", named(4))
    assert [order.tasks for order in orders] == list(permutations(named(4)))
    assert orders[0].name == "all-0001"


def test_all_is_counted_and_begun_without_listing() -> None:
    tasks = named(20)
    assert count_orders("all", tasks) == math.factorial(20)
    assert next(all_orders(tasks)).tasks == tasks
    with pytest.raises(InputError, match="random:n"):
        resolve_orders("all", tasks)


@pytest.mark.parametrize(("size", "count"), [(3, 6), (4, 7), (6, 24), (30, 5)])
def test_random_orders_do_not_repeat(size: int, count: int) -> None:
    orders = resolve_orders(f"random:{count}", named(size))
    assert len({order.tasks for order in orders}) == count
    assert all(sorted(order.tasks) == sorted(named(size)) for order in orders)


def test_random_orders_stay_the_same_for_ever() -> None:
    golden = [("a", "c", "b", "d"), ("b", "c", "a", "d"), ("a", "b", "d", "c")]
    assert [order.tasks for order in random_orders(("a", "b", "c", "d"), 3)] == golden
    assert random_orders(("d", "c", "b", "a"), 3) == random_orders(("a", "b", "c", "d"), 3)
    assert random_orders(named(6), 3) != random_orders(named(6), 4)[:3]


def test_random_orders_favour_no_order() -> None:
    firsts = [random_orders((f"x{draw}", "a", "b", "c"), 1)[0].tasks.index("a") for draw in range(400)]
    assert all(60 <= firsts.count(place) <= 140 for place in range(4))


@pytest.mark.parametrize(
    "design", ["random:7", "random:0", "random:", "random:-1", "random:x", "random:1.5", "random:99999999999"]
)
def test_an_impossible_number_of_random_orders_is_an_error(design: str) -> None:
    with pytest.raises(InputError, match="random"):
        resolve_orders(design, named(3))


def test_a_mapping_keeps_its_names_and_a_list_gets_some() -> None:
    assert resolve_orders({"easy-first": ["b", "a"]}, ("a", "b")) == (Order("easy-first", ("b", "a")),)
    assert resolve_orders([["b", "a"], ["a", "b"]], ("a", "b")) == (
        Order("custom-1", ("b", "a")),
        Order("custom-2", ("a", "b")),
    )


def test_a_list_may_mix_designs_and_leaves_out_what_is_there_already() -> None:
    names = [order.name for order in resolve_orders(["order2", "williams-1", list(SIX), "paper"], SIX)]
    assert names == ["order2", "williams-1", "custom-3", "order3"]


@pytest.mark.parametrize(
    ("design", "words"),
    [
        ({"x": ["a", "b"]}, ["x", "no 'cc'"]),
        ({"x": ["a", "b", "cc", "a"]}, ["'a' 2 times"]),
        ({"x": ["a", "b", "ccc"]}, ["unknown 'ccc'", "did you mean cc", "no 'cc'"]),
        ({"x": "a"}, ["a list of task names"]),
        ({"../x": ["a", "b", "cc"]}, ["name"]),
        ({"x": ["a", "b", "cc"], "y": ["a", "b", "cc"]}, ["y", "the same order as x"]),
        ([], ["nothing"]),
        ("wiliams", ["did you mean williams"]),
        ("williams-9", ["williams-"]),
        ("paper", ["3 tasks", "six tasks"]),
        ("order1", ["3 tasks", "six tasks"]),
    ],
)
def test_a_design_that_does_not_fit_is_one_error_that_says_why(design: object, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        resolve_orders(design, ("a", "b", "cc"))  # type: ignore[arg-type]
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("tasks", [(), ("a", "a")])
def test_tasks_are_each_named_once(tasks: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="each task once"):
        resolve_orders("all", tasks)
