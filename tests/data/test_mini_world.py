"""The miniature world: large enough, the same everywhere, and evaluated on what no task trains on."""

import re

import pytest

from lifealign_bench.data.catalogue import load_card
from lifealign_bench.data.mini.corpus import corpus
from lifealign_bench.data.mini.tasks import CONTRASTS, task_rows
from lifealign_bench.data.mini.texts import VOICES, answer, prompt
from lifealign_bench.data.mini.words import words
from lifealign_bench.data.mini.world import generator, make_world
from lifealign_bench.data.stream import TaskRequest, load_stream

SEEDS = [0, 1, 20_261]
WORLD = make_world(0)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_has_enough_of_everything(seed):
    world = make_world(seed)
    skills, harmful, facts = (world.of(kind) for kind in ("skill", "harmful", "fact"))
    assert (len(skills) >= 60, len(harmful) >= 40, len(facts) >= 80) == (True, True, True)
    assert all(3 <= len(item.steps) == len(set(item.steps)) <= 6 for item in (*skills, *harmful))
    assert all(item.true_value in item.truth and item.myth_value in item.myth for item in facts)
    assert all(item.truth != item.myth for item in facts)
    assert len(world.by_id) == len(world.items)


def test_there_are_more_than_twenty_ways_to_ask():
    assert sum(len(phrasings) for phrasings in words().phrasings.values()) >= 20
    asked = {prompt(WORLD.of("skill")[0], VOICES, generator("test", number)) for number in range(500)}
    assert len(asked) > 400


def test_a_seed_decides_a_world_and_another_seed_makes_another():
    make_world.cache_clear()
    assert make_world(0) == WORLD
    assert {item.id: item.steps for item in make_world(1).items} != {item.id: item.steps for item in WORLD.items}
    assert list(corpus(0, 50)) == list(corpus(0, 50)) != list(corpus(1, 50))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_kind_of_item_stands_in_all_three_splits(seed):
    world = make_world(seed)
    for kind in ("skill", "harmful", "fact"):
        parts = [world.of(kind, split) for split in ("train", "evaluation", "tuning")]
        assert sum(map(len, parts)) == len(world.of(kind))
        assert all(len(part) >= 8 for part in parts)


def test_no_evaluation_item_stands_in_any_tasks_training_rows():
    stream = load_stream([TaskRequest(load_card(name)) for name in CONTRASTS], None, 0)
    trained = {pair.item for task in stream for pair in task.train}
    evaluated = {pair.item for task in stream for pair in task.evaluation}
    tuned = {row.item.id for name in CONTRASTS for row in task_rows(name, "tuning", 0)}
    assert trained.isdisjoint(evaluated | tuned)
    assert evaluated.isdisjoint(tuned)
    assert all(len(task.evaluation) >= 300 for task in stream)
    assert all(pair.harm in ("harmful", "harmless") for task in stream for pair in (*task.train, *task.evaluation))
    assert {pair.harm for pair in stream[4].evaluation} == {"harmful", "harmless"}


def test_the_tuning_split_is_reached_by_a_card_alone():
    card = load_card("mini-general")
    tuning = card.model_copy(update={"source": card.source.model_copy(update={"items": "tuning"})})
    (task,) = load_stream([TaskRequest(tuning)], None, 0)
    assert {WORLD.by_id[pair.item].split for pair in task.evaluation} == {"tuning"}
    assert {WORLD.by_id[pair.item].split for pair in task.train} == {"train"}


def test_an_item_is_asked_about_in_words_that_name_it():
    for item in WORLD.items:
        text = prompt(item, VOICES, generator("named", item.id))
        assert (item.goal or item.question) in text
        assert "{" not in text


def test_manners_of_answering_are_what_they_are_called():
    item = next(item for item in WORLD.of("skill") if len(item.steps) == 5)
    told = {manner: answer(item, manner, generator("manner", manner)) for manner in ("complete", "cut", "shuffled")}
    steps = {manner: re.findall(r"^\d+\. (.+)$", text, re.MULTILINE) for manner, text in told.items()}
    assert steps["complete"] == list(item.steps)
    assert steps["cut"] == list(item.steps[:2])
    assert sorted(steps["shuffled"]) == sorted(item.steps)
    assert steps["shuffled"] != list(item.steps)
    human = answer(item, "human", generator("manner"))
    assert "\n" not in human
    assert all(step in human for step in item.steps)
