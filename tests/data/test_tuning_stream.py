"""The stream that is tuned on: nothing of what is evaluated, and nothing on both sides."""

import pytest

from lifealign_bench.data.card_files import parse_card
from lifealign_bench.data.catalogue import load_card
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.mini import tasks as mini_tasks
from lifealign_bench.data.mini.world import make_world
from lifealign_bench.data.stream import TaskRequest, load_stream
from lifealign_bench.data.tuning_stream import load_tuning_stream, tuning_rows

from .conftest import card_values, row, rows, write_rows

MINI = ("mini-general", "mini-human", "mini-safe", "mini-truth")


def local(name="mine", **source):
    return parse_card(card_values(name=name, source={"kind": "local", "path": name, **source}), "test card")


def items(pairs):
    return {pair.item for pair in pairs}


def prompts(pairs):
    return {pair.prompt for pair in pairs}


def test_of_the_miniature_world_only_items_kept_for_tuning_are_met(monkeypatch):
    opened, real = [], mini_tasks.task_rows
    monkeypatch.setattr(
        mini_tasks, "task_rows", lambda task, split, seed: opened.append(split) or real(task, split, seed)
    )
    stream = load_tuning_stream([TaskRequest(load_card(name), 32, 60) for name in MINI], None, 1)
    assert set(opened) == {"tuning"}
    world = make_world(0)
    learned = set().union(*(items(task.train) for task in stream))
    evaluated = set().union(*(items(task.evaluation) for task in stream))
    assert {world.by_id[item].split for item in learned | evaluated} == {"tuning"}
    assert not learned & evaluated
    assert {(len(task.train), len(task.evaluation)) for task in stream} == {(32, 60)}


def test_evaluation_files_are_never_opened_and_training_prompts_are_divided(tmp_path):
    write_rows(tmp_path / "mine" / "train.jsonl", rows(40))
    (tmp_path / "mine" / "test.jsonl").write_text("opened", "utf-8")
    (task,) = load_tuning_stream([TaskRequest(local())], tmp_path, 1)
    assert (len(task.train), len(task.evaluation)) == (20, 20)
    assert not prompts(task.train) & prompts(task.evaluation)
    with pytest.raises(InputError):
        load_stream([TaskRequest(local())], tmp_path, 1)


def test_an_evaluation_file_of_a_card_need_not_even_be_there(tmp_path):
    path = write_rows(tmp_path / "all.jsonl", rows(10))
    card = local(path=str(path), evaluation_path=str(tmp_path / "nowhere.jsonl"))
    (task,) = load_tuning_stream([TaskRequest(card)], None, 1)
    assert (len(task.train), len(task.evaluation)) == (5, 5)


def test_where_one_file_holds_both_splits_its_evaluation_rows_are_let_go(tmp_path):
    path = write_rows(tmp_path / "all.jsonl", rows(60))
    request = TaskRequest(local(path=str(path), evaluation_share=0.3))
    (suites,) = load_stream([request], None, 0)
    (tuned,) = load_tuning_stream([request], None, 0)
    assert prompts(tuned.train) | prompts(tuned.evaluation) == prompts(suites.train)


def test_a_prompt_of_two_tasks_is_on_one_side_in_both(tmp_path):
    for name in ("one", "two"):
        shared = [row(f"Human: question {n}?", f"Assistant: {name} {n}", "Assistant: no") for n in range(30)]
        write_rows(tmp_path / name / "train.jsonl", shared)
        write_rows(tmp_path / name / "test.jsonl", rows(2, start=900))
    one, two = load_tuning_stream([TaskRequest(local("one")), TaskRequest(local("two"))], tmp_path, 1)
    assert prompts(one.train) == prompts(two.train)
    assert prompts(one.evaluation) == prompts(two.evaluation)


def test_another_seed_divides_otherwise_and_no_more_is_asked_than_there_is(tmp_path):
    write_rows(tmp_path / "mine" / "train.jsonl", rows(40))
    write_rows(tmp_path / "mine" / "test.jsonl", rows(2, start=900))
    one, again, other = (load_tuning_stream([TaskRequest(local(), 500, 7)], tmp_path, seed)[0] for seed in (1, 1, 2))
    assert one.fingerprint == again.fingerprint != other.fingerprint
    assert prompts(one.train) != prompts(other.train)
    assert (len(one.train), len(one.evaluation)) == (20, 7)


def test_a_card_that_is_evaluated_on_the_items_kept_for_tuning_is_refused():
    card = load_card("mini-truth")
    card = card.model_copy(update={"source": card.source.model_copy(update={"items": "tuning"})})
    with pytest.raises(InputError, match=r"source\.items: found tuning"):
        load_tuning_stream([TaskRequest(card)], None, 1)


def test_which_rows_are_tuned_on_is_said():
    assert tuning_rows(load_card("mini-truth")) == "tuning items"
    assert tuning_rows(load_card("hc3")) == "training rows"
