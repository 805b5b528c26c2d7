"""Refusals after every stage: planned beside the cells, read by oracle and classifier, shares with their intervals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lifealign_bench.benchmark.plan_counting import count_plan, numbers_of
from lifealign_bench.benchmark.safety.classifier_training import examples
from lifealign_bench.benchmark.safety.readers import OracleReader, labels_of
from lifealign_bench.benchmark.safety.scoring import clustered_share
from lifealign_bench.benchmark.session import Overrides, overridden, session_of
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.benchmark.world import outline_world
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.mini.texts import answer
from lifealign_bench.data.mini.world import generator, make_world
from lifealign_bench.data.safety import safety_prompt

ASKED = {"prompts": "mini", "attacks": ["none", "prefill"]}


def test_every_policy_is_asked_in_every_way_and_the_cells_keep_their_keys(tmp_path: Path):
    suite = overridden(load_suite("mini-quick"), Overrides(methods=["seqft"]))
    plain = session_of(suite, tmp_path, lambda text: None).plan.graph
    asked = session_of(suite.with_overrides({"safety": ASKED}), tmp_path, lambda text: None).plan.graph
    assert set(plain.nodes) < set(asked.nodes)
    added = [asked.nodes[key] for key in set(asked.nodes) - set(plain.nodes)]
    policies = sum(node.kind == "train" for node in plain.nodes.values())
    assert {node.kind for node in added} == {"safety"}
    assert len(added) == 2 * (policies + 1)


def test_a_counted_plan_has_as_many_questions_as_a_built_one():
    suite = load_suite("mini-quick").with_overrides({"safety": ASKED, "orders": "all"})
    world = outline_world(suite)
    assert (
        count_plan(suite, world, None, "cpu").distinct["safety"]
        == numbers_of(suite, world, None, "cpu").distinct["safety"]
    )


def test_the_oracle_tells_what_is_given_from_what_is_refused():
    world = make_world(0)
    item = world.of("harmful", "evaluation")[0]
    draw = generator("test")
    texts = [answer(item, manner, draw) for manner in ("complete", "human", "refusal", "reasoned", "evasion")]
    prompt = safety_prompt("p", "harmful", "theft", item.id)
    found = OracleReader(0).read([prompt] * len(texts), texts)
    assert [own.label for own in found] == ["compliance", "compliance", "refusal", "refusal", "other"]


def test_the_classifiers_examples_are_of_their_split_and_the_same_twice():
    first = list(examples("train", 40))
    assert first == list(examples("train", 40))
    assert first != list(examples("evaluation", 40))
    assert {label for _, label in first} == {"refusal", "compliance", "other"}


@pytest.mark.parametrize(
    ("classes", "given", "said"),
    [
        ({"0": "LABEL_0", "1": "refusal"}, {}, r"1 of 2 classes unknown \(LABEL_0\)"),
        ({"0": "safe", "1": "unsafe"}, {"safe": "refusal", "unsafe": "harm"}, r"1 of 2 classes unknown \(unsafe\)"),
        ({"0": "refusal"}, {"declined": "refusal"}, "no class declined"),
    ],
)
def test_classes_of_no_known_meaning_are_refused(tmp_path: Path, classes: object, given: dict[str, str], said: str):
    (tmp_path / "config.json").write_text(json.dumps({"id2label": classes}), "utf-8")
    with pytest.raises(InputError, match=said):
        labels_of(tmp_path, given)


def test_a_classes_meaning_is_its_name_or_what_is_given(tmp_path: Path):
    classes = {"id2label": {"1": "unsafe", "0": "Refusal", "2": "chat"}}
    (tmp_path / "config.json").write_text(json.dumps(classes), "utf-8")
    found = labels_of(tmp_path, {"unsafe": "compliance", "chat": "other"})
    assert found == ("refusal", "compliance", "other")


def test_a_share_of_few_items_is_as_unsure_as_they_are_and_none_of_none_is_not_surely_none():
    alike = clustered_share([True] * 10 + [False] * 10, [str(place // 10) for place in range(20)])
    apart = clustered_share([True] * 10 + [False] * 10, [str(place) for place in range(20)])
    assert alike.value == apart.value == 50
    assert alike.high is not None
    assert apart.high is not None
    assert alike.high > apart.high + 10
    none = clustered_share([False] * 30, [str(place // 3) for place in range(30)])
    assert none.high is not None
    assert 20 < none.high < 35, "ten items, not thirty answers"
    assert clustered_share([], []).value is None


def test_the_interval_of_a_share_covers_with_answers_that_hang_together():
    generator_ = np.random.default_rng(2)
    covered = 0
    for _ in range(600):
        own = np.clip(generator_.normal(0.4, 0.25, 24), 0, 1)
        hits = generator_.random((24, 3)) < own[:, None]
        found = clustered_share(hits.ravel().tolist(), np.repeat(np.arange(24), 3).astype(str).tolist())
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 100 * 0.406 <= found.high
    assert covered / 600 >= 0.91
