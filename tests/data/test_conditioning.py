"""Data conditions: the same bytes twice, nothing without a condition, exact counts, and refusals with their numbers."""

from __future__ import annotations

import dataclasses

import pytest

from lifealign_bench.data.conditioning import (
    TaskRows,
    apply_condition,
    check_evaluation,
    flip_labels,
    sizes_under,
    skewed,
)
from lifealign_bench.data.conditions import Condition
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message, Pair, digest, pair_id

NAMES = ("a", "b", "c")
USUAL = dict.fromkeys(NAMES, 40)


def rows_of(task: str, count: int, split: str = "train") -> tuple[Pair, ...]:
    """So many pairs of different lengths, in their seeded order."""
    found = []
    for number in range(count):
        prompt = (Message("user", f"{split} {task} {number}"),)
        chosen, rejected = "yes " * (1 + number % 17), "no " * (1 + number % 5)
        found.append(Pair(pair_id(task, prompt, chosen, rejected), task, prompt, chosen, rejected))
    return tuple(sorted(found, key=lambda pair: digest([0, pair.pair_id])))


POOLS = {name: TaskRows(rows_of(name, 100), rows_of(name, 20, "evaluation")) for name in NAMES}


def test_the_default_condition_gives_the_very_rows_of_the_suite():
    found = apply_condition(POOLS, USUAL, Condition(), 0)
    assert {name: rows.train for name, rows in found.rows.items()} == {name: POOLS[name].train[:40] for name in NAMES}
    assert all(found.rows[name].evaluation == POOLS[name].evaluation for name in NAMES)


@pytest.mark.parametrize(
    "condition",
    [
        Condition(label_noise=0.2),
        Condition(size_ratio=4),
        Condition(length_skew=1.5),
        Condition(overlap=0.25),
        Condition(recurrence=("b",)),
        Condition(size=0.5, size_ratio=3, label_noise=0.1, length_skew=-1, overlap=0.1, recurrence=("a", "c")),
    ],
)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(condition: Condition):
    def account(seed: int) -> str:
        found = apply_condition(POOLS, USUAL, condition, seed)
        rows = {name: dataclasses.asdict(own) for name, own in found.rows.items()}
        return digest([rows, {name: dataclasses.asdict(own) for name, own in found.applied.items()}])

    assert account(0) == account(0)
    if condition.changes.keys() - {"recurrence", "overlap"}:
        assert account(0) != account(1)


def test_label_noise_swaps_exactly_its_share_and_a_smaller_share_is_a_part_of_a_larger_one():
    rows = POOLS["a"].train[:40]
    swapped = {}
    for share in (0.1, 0.25):
        noisy = flip_labels(rows, share, 0)
        changed = [place for place in range(40) if noisy[place] != rows[place]]
        assert len(changed) == round(40 * share)
        assert all(noisy[place].chosen == rows[place].rejected for place in changed)
        assert all(noisy[place].pair_id != rows[place].pair_id for place in changed)
        swapped[share] = set(changed)
    assert swapped[0.1] < swapped[0.25]


def test_a_size_ratio_keeps_the_total_and_sets_the_largest_over_the_smallest():
    sizes = sizes_under(dict.fromkeys(NAMES, 210), Condition(size_ratio=4), 0)
    assert sum(sizes.values()) == 630
    assert sorted(sizes.values()) == [90, 180, 360]
    dealt = [sizes_under(USUAL, Condition(size_ratio=4), seed) for seed in range(20)]
    assert {max(own, key=lambda name: own[name]) for own in dealt} == set(NAMES), "the seed deals the sizes"


def test_a_length_skew_draws_longer_or_shorter_answers_and_none_leaves_the_order():
    pool = POOLS["a"].train

    def words(skew: float) -> float:
        return sum(len(pair.chosen.split()) for pair in skewed(pool, skew, 0)[:40]) / 40

    assert skewed(pool, 0.0, 0) == pool
    assert words(-2) < words(0) - 1 < words(0) + 1 < words(2)
    assert sorted(pair.pair_id for pair in skewed(pool, 2, 0)) == sorted(pair.pair_id for pair in pool)


def test_overlapping_tasks_share_prompts_that_the_other_keeps_and_carry_their_own_name():
    found = apply_condition(POOLS, USUAL, Condition(overlap=0.25), 0)
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        own = found.rows[name].train
        shared = {pair.prompt for pair in own} & {pair.prompt for pair in found.rows[other].train}
        assert len(own) == 40
        assert len(shared) == 10
        assert {pair.task for pair in own} == {name}
        assert (found.applied[name].shared, found.applied[name].shared_with) == (10, other)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_tasks_share_exactly_so_many_items_and_every_pair_stays_their_own(share: float):
    world = {name: TaskRows(_with_items(POOLS[name].train), POOLS[name].evaluation) for name in POOLS}
    found = apply_condition(world, USUAL, Condition(item_overlap=share, label_noise=0.1), 0)
    for name, other in (("a", "b"), ("b", "c")):
        own, next_ones = found.rows[name].train, {pair.item for pair in found.rows[other].train}
        assert len(own) == 40
        assert sum(pair.item in next_ones for pair in own) == round(40 * share) == found.applied[name].shared
        assert {pair.prompt for pair in own} <= {pair.prompt for pair in world[name].train}
    assert found.rows["c"].train == apply_condition(world, USUAL, Condition(label_noise=0.1), 0).rows["c"].train
    assert found.applied["c"].shared_with is None


def test_items_that_tasks_do_not_have_are_refused_with_the_numbers():
    with pytest.raises(InputError, match=r"0 pairs of items of task c, 100 of others, expected at least 20 and 20"):
        apply_condition(POOLS, USUAL, Condition(item_overlap=0.5), 0)


def _with_items(pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
    return tuple(dataclasses.replace(pair, item=f"item {place}") for place, pair in enumerate(pairs))


def test_a_task_that_comes_back_is_divided_between_its_visits():
    found = apply_condition(POOLS, USUAL, Condition(recurrence=("b",), label_noise=0.2), 0)
    first, second = found.rows["b"], found.rows["b~2"]
    assert tuple(found.rows) == ("a", "b", "c", "b~2")
    assert len(first.train) == len(second.train) == 20
    assert not {pair.prompt for pair in first.evaluation} & {pair.prompt for pair in second.evaluation}
    assert found.applied["b"].flipped + found.applied["b~2"].flipped == 8


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition(size=0.01), r"0\.40 of 40 training rows of task a under size 0\.01"),
        (Condition(size_ratio=1000), r"of 40 training rows of task . under size 1 and size_ratio 1000"),
        (Condition(size=3), r"task a: found 100 training rows, expected at least 120"),
        (Condition(overlap=0.75), r"10 rows of its own in task b, expected 30 rows to share"),
        (Condition(recurrence=("d",)), r"recurrence: found 'd', expected one of a, b, c"),
    ],
)
def test_what_the_rows_cannot_give_is_refused_with_the_numbers(condition: Condition, said: str):
    with pytest.raises(InputError, match=said):
        apply_condition(POOLS, USUAL, condition, 0)


def test_a_training_prompt_that_is_evaluated_is_refused_with_the_numbers():
    leaked = {**POOLS, "b": TaskRows((*POOLS["b"].train[:9], POOLS["c"].evaluation[3]), POOLS["b"].evaluation)}
    with pytest.raises(InputError, match="1 of 10 training rows of task b have a prompt that task c evaluates"):
        check_evaluation(leaked)
