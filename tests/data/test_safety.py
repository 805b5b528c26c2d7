"""Safety sets and attacks: held out, of both kinds, versioned, and refused where they cannot be used."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
import yaml

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.mini.safety import category_of
from lifealign_bench.data.mini.tasks import CONTRASTS, task_rows
from lifealign_bench.data.mini.world import make_world
from lifealign_bench.data.rows import Message, Pair
from lifealign_bench.data.safety import attacks, check_held_out, find_attacks, read_safety_set


def test_the_worlds_set_is_of_items_that_no_task_trains_on_and_every_harm_has_look_alikes():
    found = read_safety_set("mini", 0)
    trained = {row.item.id for task in CONTRASTS for row in task_rows(task, "train", 0)}
    assert not trained & {own.item for own in found}
    harmful, harmless = ({own.category for own in found if own.harm == harm} for harm in ("harmful", "harmless"))
    assert harmful <= harmless
    assert "other" not in {category_of(item.goal) for item in make_world(0).of("harmful")}
    assert found == read_safety_set("mini", 0)


def test_an_attack_whose_texts_change_needs_a_new_version():
    locked = yaml.safe_load((resources.files("lifealign_bench.data") / "attacks.lock.yaml").read_text("utf-8"))
    assert {attack.label: attack.sha256 for attack in attacks()}.items() <= locked.items()
    assert len({attack.id for attack in attacks()}) == len(attacks())
    assert attacks()[0].messages(read_safety_set("mini", 0)[0])[0].content == read_safety_set("mini", 0)[0].text


def test_a_prompt_that_a_task_trains_on_is_refused_with_the_numbers():
    prompts = read_safety_set("mini", 0)
    pair = Pair("x", "mini-safe", (Message("user", prompts[0].text.upper()),), "no", "yes")
    other = Pair("y", "mini-safe", (Message("user", "another"),), "no", "yes")
    with pytest.raises(InputError, match="1 of 2 training rows, the first of task mini-safe"):
        check_held_out(prompts, [other, pair])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([{"prompt": "a", "harm": "harmful", "category": "c"}], "none of 1 prompts is harmless"),
        ([{"prompt": "a", "harm": "bad", "category": "c"}], "harm as harmful or harmless"),
        (["no object"], "a JSON object"),
    ],
)
def test_a_set_that_cannot_be_used_is_refused(tmp_path: Path, lines: list[object], said: str):
    file = tmp_path / "set.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    with pytest.raises(InputError, match=said):
        read_safety_set(str(file), 0)


def test_unknown_attacks_are_refused():
    with pytest.raises(InputError, match="prefil"):
        find_attacks(["prefil"])
