"""The capability tasks of the miniature world: shipped as they are made, about items that no task trains on."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifealign_bench.benchmark.capability.task_files import mini_task_files, write_task_files
from lifealign_bench.data.mini.questions import QUESTIONS, questions_of
from lifealign_bench.data.mini.tasks import CONTRASTS, task_rows
from lifealign_bench.data.mini.world import make_world

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "mini" / "capability_tasks"


def test_the_shipped_tasks_are_those_of_world_0(tmp_path: Path) -> None:
    write_task_files(tmp_path, mini_task_files(0))
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    shipped = {path.name: path.read_bytes() for path in SHIPPED.iterdir() if path.is_file()}
    assert written == {name: text for name, text in shipped.items() if name != "__init__.py"}


@pytest.mark.parametrize("seed", [0, 101])
@pytest.mark.parametrize("name", list(QUESTIONS))
def test_no_question_is_about_an_item_that_a_task_trains_on(name: str, seed: int) -> None:
    trained = {pair.item.id for task in CONTRASTS for pair in task_rows(task, "train", seed)}
    rows = questions_of(name, seed)
    assert len(rows) > 30
    assert not {row["item"] for row in rows} & trained


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_one_choice_is_right_and_its_place_says_nothing(name: str) -> None:
    rows = questions_of(name, 0)
    sizes = {len(set(row["choices"])) for row in rows}
    assert sizes == {2 if "grammar" in name else 4}
    places = [row["gold"] for row in rows]
    assert set(places) == set(range(*sizes))
    assert max(places.count(place) for place in set(places)) < 0.7 * len(places)


def test_facts_hold_truths_against_what_nobody_says_never_against_myths() -> None:
    world = make_world(0)
    for row in questions_of("lifealign_mini_facts", 0):
        item = world.by_id[str(row["item"])]
        assert item.truth in row["choices"][row["gold"]]
        assert not [choice for choice in row["choices"] if item.myth in choice]


def test_steps_continue_an_item_and_no_other_choice_belongs_to_it() -> None:
    world = make_world(0)
    for row in questions_of("lifealign_mini_steps", 0):
        item = world.by_id[str(row["item"])]
        lasts = [choice.splitlines()[-1].split(". ", 1)[1] for choice in row["choices"]]
        place = len(row["choices"][0].splitlines()) - 2
        assert lasts[row["gold"]] == item.steps[place]
        assert [step for step in lasts if step in item.steps] == [item.steps[place]]


def test_another_world_has_other_questions() -> None:
    assert all(questions_of(name, 0) != questions_of(name, 1) for name in QUESTIONS)
