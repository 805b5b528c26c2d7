"""The replay buffer: what it keeps, how it is trimmed, and that a damaged file is refused."""

import json
from itertools import pairwise

import pytest

from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.replay import ReplayBuffer


def names(task, count):
    return [f"{task}-{index}" for index in range(count)]


def by_task(buffer):
    return {sample.task: sample.pair_ids for sample in buffer.samples}


def filled(tasks, size, fraction=1.0, cap=3000):
    buffer = ReplayBuffer()
    for index in range(tasks):
        buffer = buffer.add(f"t{index}", names(f"t{index}", size), fraction, cap, generator_seed=index)
    return buffer


def test_a_fifth_of_every_task_is_kept_without_repetition_in_the_order_of_learning():
    buffer = filled(tasks=3, size=100, fraction=0.2)
    assert len(buffer) == 60
    assert len(set(buffer.pair_ids)) == 60
    assert [name.split("-")[0] for name in buffer.pair_ids] == ["t0"] * 20 + ["t1"] * 20 + ["t2"] * 20


def test_a_sample_never_is_the_first_rows_and_reaches_the_whole_file():
    positions = [int(name.split("-")[1]) for name in filled(tasks=1, size=1000, fraction=0.2).pair_ids]
    assert positions != list(range(200))
    assert 400 < sum(positions) / len(positions) < 600
    assert max(positions) > 900


def test_every_pair_is_drawn_about_equally_often():
    counts = dict.fromkeys(names("a", 20), 0)
    for seed in range(1000):
        for name in ReplayBuffer().add("a", names("a", 20), 0.25, 3000, seed).pair_ids:
            counts[name] += 1
    # 1000 draws of a quarter: 250 with a standard deviation of 13.7.
    assert min(counts.values()) > 250 - 5 * 13.7
    assert max(counts.values()) < 250 + 5 * 13.7


def test_the_seed_decides_and_the_rows_order_does_not():
    rows = names("a", 50)
    first = ReplayBuffer().add("a", rows, 0.2, 3000, 1)
    assert ReplayBuffer().add("a", rows[::-1], 0.2, 3000, 1) == first
    assert ReplayBuffer().add("a", rows, 0.2, 3000, 2) != first


@pytest.mark.parametrize(("fraction", "cap"), [(0.0, 3000), (0.2, 0)])
def test_a_buffer_of_nothing_stays_empty(fraction, cap):
    assert filled(tasks=2, size=50, fraction=fraction, cap=cap) == ReplayBuffer()


def test_a_small_task_is_not_forgotten_by_rounding():
    assert len(filled(tasks=1, size=2, fraction=0.2)) == 1
    assert filled(tasks=1, size=0, fraction=0.2) == ReplayBuffer()


def test_the_cap_is_shared_equally_and_used_up():
    buffer = filled(tasks=3, size=100, cap=100)
    assert [len(ids) for ids in by_task(buffer).values()] == [33, 33, 34]
    assert len(filled(tasks=3, size=10, cap=100)) == 30


def test_what_a_small_task_does_not_need_goes_to_the_others():
    buffer = ReplayBuffer().add("small", names("small", 4), 1.0, 100, 0).add("large", names("large", 500), 1.0, 100, 0)
    assert {task: len(ids) for task, ids in by_task(buffer).items()} == {"small": 4, "large": 96}


def test_older_tasks_are_trimmed_to_a_prefix_of_what_they_held():
    steps = [by_task(filled(tasks=tasks, size=60, cap=100)) for tasks in (1, 2, 3, 4)]
    for earlier, later in pairwise(steps):
        for task, held in earlier.items():
            assert held[: len(later[task])] == later[task]
            assert len(later[task]) <= len(held)


def test_adding_leaves_the_earlier_buffer_as_it_was():
    buffer = filled(tasks=1, size=100, cap=50)
    before = buffer.pair_ids
    buffer.add("new", names("new", 100), 1.0, 50, 0)
    assert buffer.pair_ids == before


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("new", ["a"], 1.5, 10), "fraction"),
        (("new", ["a"], float("nan"), 10), "fraction"),
        (("new", ["a"], 0.5, -1), "cap"),
        (("new", ["a", "a"], 0.5, 10), "pair_ids"),
        (("t0", ["a"], 0.5, 10), "task"),
    ],
)
def test_what_cannot_be_added_is_named(arguments, field):
    with pytest.raises(InputError) as caught:
        filled(tasks=1, size=5).add(*arguments, generator_seed=0)
    assert caught.value.field == field


def test_a_saved_buffer_is_read_back_equal_and_written_the_same_bytes(tmp_path):
    buffer = filled(tasks=3, size=40, fraction=0.2)
    buffer.save(tmp_path / "first.json")
    ReplayBuffer.load(tmp_path / "first.json").save(tmp_path / "second.json")
    assert ReplayBuffer.load(tmp_path / "second.json") == buffer
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.json", "second.json"]


def test_a_restored_buffer_goes_on_as_an_uninterrupted_one(tmp_path):
    filled(tasks=2, size=60, cap=100).save(tmp_path / "buffer.json")
    restored = ReplayBuffer.load(tmp_path / "buffer.json").add("t2", names("t2", 60), 1.0, 100, 2)
    assert restored == filled(tasks=3, size=60, cap=100)


def damaged(text, kind):
    content = json.loads(text)
    if kind == "cut short":
        return text[: len(text) // 2]
    if kind == "an id changed":
        content["tasks"][0]["pair_ids"][0] += "x"
    elif kind == "an id that is a number":
        content["tasks"][0]["pair_ids"][0] = 7
    elif kind == "a key too many":
        content["tasks"][0]["note"] = "x"
    elif kind == "another format":
        content["format"] = 99
    elif kind == "no tasks":
        del content["tasks"]
    elif kind == "a list":
        content = [content]
    elif kind == "no text":
        return "\udcff"
    return json.dumps(content)


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("cut short", "file"),
        ("an id changed", "digest"),
        ("an id that is a number", "tasks"),
        ("a key too many", "tasks"),
        ("another format", "format"),
        ("no tasks", "tasks"),
        ("a list", "file"),
        ("no text", "file"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, kind, field):
    path = tmp_path / "buffer.json"
    filled(tasks=2, size=10).save(path)
    path.write_bytes(damaged(path.read_text(), kind).encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError) as caught:
        ReplayBuffer.load(path)
    assert caught.value.field == field
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.json"):
        ReplayBuffer.load(tmp_path / "nowhere.json")
