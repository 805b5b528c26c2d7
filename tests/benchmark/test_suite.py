from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lifealign_bench.benchmark.session import Overrides, overridden
from lifealign_bench.benchmark.suite import load_suite, parse_suite, suite_names
from lifealign_bench.data.errors import InputError, UnknownNameError

MINIMAL = {"name": "mine", "tasks": ["hc3"], "base": "build:small", "methods": ["seqft"]}


@pytest.mark.parametrize("name", suite_names())
def test_every_built_in_suite_is_valid_and_named_after_its_file(name: str) -> None:
    assert load_suite(name).name == name


def test_the_paper_suite_has_the_papers_budget() -> None:
    budget = load_suite("paper").budget
    assert (budget.lora.r, budget.lora.alpha, budget.lora.targets) == (8, 16, "query_value")
    assert [(phase.kind, phase.epochs, phase.learning_rate) for phase in budget.phases] == [
        ("sft", 3, 1e-4),
        ("preference", 3, 5e-6),
    ]
    assert (budget.beta, budget.max_length, budget.warmup, budget.max_grad_norm) == (0.1, 2048, 0.1, 1.0)


@pytest.mark.parametrize("name", suite_names())
def test_a_built_in_suite_shows_every_default_in_its_file(name: str) -> None:
    file = Path(load_suite.__code__.co_filename).parent / "suites" / f"{name}.yaml"
    assert set(yaml.safe_load(file.read_text("utf-8"))) == set(type(load_suite(name)).model_fields)


@pytest.mark.parametrize(
    ("changes", "field", "near"),
    [
        ({"tsks": ["hc3"]}, "tsks", "tasks"),
        ({"budget": {"beata": 1}}, "budget.beata", "beta"),
        ({"budget": {"lora": {"rank": 8}}}, "budget.lora.rank", "r"),
        ({"evaluation": {"cell": "full"}}, "evaluation.cell", "cells"),
    ],
)
def test_an_unknown_key_is_named_with_its_near_matches(changes: dict[str, object], field: str, near: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        parse_suite({**MINIMAL, **changes}, "mine.yaml")
    assert field in str(caught.value)
    assert near in str(caught.value)
    assert "mine.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget": {"batch_size": 6, "micro_batch_size": 4}}, ["batch_size 6", "multiple"]),
        ({"seeds": [1, 1]}, ["seeds", "twice"]),
        ({"evaluation": {"cells": "some"}}, ["evaluation.cells", "some", "full"]),
        ({"protocol": 99}, ["protocol 99"]),
        ({"base": None}, ["base"]),
        ({"methods": []}, ["methods"]),
        ({"threads": 0}, ["threads", "0"]),
    ],
)
def test_a_wrong_value_names_file_field_and_what_was_found(changes: dict[str, object], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse_suite({**MINIMAL, **changes}, "mine.yaml")
    for word in ["mine.yaml", *words]:
        assert word in str(caught.value)


def test_a_file_that_is_no_yaml_is_one_error_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("name: [unclosed", "utf-8")
    with pytest.raises(InputError, match=r"broken\.yaml: YAML"):
        load_suite(path)


def test_an_unknown_suite_lists_near_matches() -> None:
    with pytest.raises(UnknownNameError, match="did you mean standard"):
        load_suite("standrad")


def test_data_dir_takes_environment_variables_and_is_relative_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, "data_dir": "$SOME_PAIRS"}), "utf-8")
    with pytest.raises(InputError, match="SOME_PAIRS"):
        load_suite(path)
    monkeypatch.setenv("SOME_PAIRS", "pairs")
    assert load_suite(path).data_dir == str(tmp_path / "pairs")


def test_overrides_change_only_what_they_name() -> None:
    suite = parse_suite({**MINIMAL, "tasks": ["a", "b"], "rows": {"train": 5}, "orders": [["a", "b"]]}, "mine.yaml")
    changed = overridden(suite, Overrides(seeds=[3], evaluation_rows=7, orders="b>a"))
    assert changed.seeds == (3,)
    assert (changed.rows.train, changed.rows.evaluation) == (5, 7)
    assert changed.orders == (("b", "a"),)
    assert changed.model_copy(update={"seeds": (0,), "rows": suite.rows, "orders": suite.orders}) == suite


def test_an_order_that_the_suite_does_not_know_is_an_error() -> None:
    suite = parse_suite({**MINIMAL, "tasks": ["a", "b"], "orders": {"up": ["a", "b"]}}, "mine.yaml")
    with pytest.raises(UnknownNameError, match=r"'upp'.*did you mean up"):
        overridden(suite, Overrides(orders="upp"))
