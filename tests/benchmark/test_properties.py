"""What holds for every method: `methods.md` calls these the properties; each is checked on real trainings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from computed import compute, weights
from lifealign_bench.benchmark.engine import Outcome
from lifealign_bench.benchmark.session import Session
from lifealign_bench.methods.registry import BUILT_IN, find_method
from lifealign_bench.methods.tensors import load_tensors
from support import write_suite

ORDER = ("hc3", "hh-harmless", "truthfulqa")


def entries() -> Iterator[Mapping[str, object]]:
    """Every built-in method as it is, in its neutral and in its active setting."""
    for name in BUILT_IN:
        spec = find_method(name).method.spec
        yield {"name": name}
        if spec.neutral:
            yield {"name": name, "config": dict(spec.neutral), "label": f"{name}-neutral"}
        if spec.active:
            yield {"name": name, "config": dict(spec.active), "label": f"{name}-active"}


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, synthetic_data: Path, tiny_base: Path
) -> tuple[Session, Outcome, Path]:
    folder = tmp_path_factory.mktemp("properties")
    evaluation = {"cells": "corners", "prompts": 1, "max_new_tokens": 2, "batch_size": 4}
    path = write_suite(
        folder / "all.yaml", synthetic_data, tiny_base, methods=list(entries()), orders=[ORDER], evaluation=evaluation
    )
    return *compute(path, folder / "workspace"), path


def sequential(setting: str) -> list[str]:
    return [
        name
        for name in BUILT_IN
        if name != "seqft"
        and find_method(name).method.spec.schedule == "sequential"
        and getattr(find_method(name).method.spec, setting) is not None
    ]


@pytest.mark.parametrize("name", sequential("neutral"))
def test_a_neutral_setting_is_seqft_bit_for_bit(trained: tuple[Session, Outcome, Path], name: str) -> None:
    session, _, _ = trained
    for step in (1, 2, 3):
        assert weights(session, f"{name}-neutral", step) == weights(session, "seqft", step)


# GEM acts only where tasks conflict, and these hardly do: the conformance check looks at it where they do.
@pytest.mark.parametrize("name", sorted(set(sequential("active")) - {"gem"}))
def test_a_method_that_is_on_changes_the_weights_of_task_2(trained: tuple[Session, Outcome, Path], name: str) -> None:
    session, _, _ = trained
    active = find_method(name).method.spec.active
    title = f"{name}-active" if active else name
    assert weights(session, title, 2) != weights(session, "seqft", 2)


def test_a_plain_first_task_is_trained_once_for_all_methods_and_is_stl(
    trained: tuple[Session, Outcome, Path],
) -> None:
    session, _, _ = trained
    first = {run.entry.title: run.stages[0].train.key for run in session.plan.runs if run.entry.title != "mtl"}
    assert first["er"] == first["seqft"] == first["stl"] == first["er-active"]
    assert first["lifealign"] != first["seqft"]


def test_the_adapter_that_a_stage_starts_from_is_the_one_that_was_evaluated(
    trained: tuple[Session, Outcome, Path],
) -> None:
    session, _, _ = trained
    for run in session.plan.runs:
        if run.method.spec.schedule != "sequential":
            continue
        for before, after in zip(run.stages, run.stages[1:], strict=False):
            assert after.train.parents["policy"] == before.train.key
        evaluated = {cell.step: cell.pairs.parents.get("policy") for cell in run.evaluations if cell.step}
        assert evaluated == {stage.step: stage.train.key for stage in run.stages}


def test_consolidated_weights_are_the_saved_ones(trained: tuple[Session, Outcome, Path]) -> None:
    """After task 1 the adapter is its start plus the one entry of the history, to the bit."""
    session, _, _ = trained
    (run,) = [run for run in session.plan.runs if run.entry.title == "lifealign"]
    folder = session.store.path(run.stages[0].train.key)
    history = load_tensors(folder / "memory" / "history.safetensors")
    saved = load_tensors(folder / "policy" / "weights.safetensors")
    for name, entries_of in history.items():
        assert entries_of.shape[0] == 1
        if "lora_B" in name:
            assert saved[name].equal(entries_of[0])
    last = load_tensors(session.store.path(run.stages[2].train.key) / "memory" / "history.safetensors")
    assert {value.shape[0] for value in last.values()} == {3}


def test_mtl_on_one_task_is_stl(tmp_path: Path, synthetic_data: Path, tiny_base: Path) -> None:
    path = write_suite(
        tmp_path / "one.yaml", synthetic_data, tiny_base, tasks=["hc3"], orders=[["hc3"]], methods=["stl", "mtl"]
    )
    session, _ = compute(path, tmp_path / "workspace")
    assert weights(session, "mtl", 1) == weights(session, "stl", 1)


def test_training_is_the_same_whatever_the_evaluation_rows_are(
    trained: tuple[Session, Outcome, Path], tmp_path: Path, synthetic_data: Path, tiny_base: Path
) -> None:
    """Training never opens evaluation data: with other evaluation rows every weight is the same."""
    session, _, _ = trained
    data = tmp_path / "pairs"
    shutil.copytree(synthetic_data, data)
    for file in data.glob("*/test.jsonl"):
        lines = file.read_text("utf-8").splitlines()
        file.write_text("\n".join(lines[8:]) + "\n", "utf-8")
    path = write_suite(tmp_path / "other.yaml", data, tiny_base, methods=["lifealign"], orders=[ORDER])
    other, _ = compute(path, tmp_path / "workspace")
    assert other.world.evaluation_fingerprint("hc3") != session.world.evaluation_fingerprint("hc3")
    assert weights(other, "lifealign", 3) == weights(session, "lifealign", 3)


def test_all_state_of_a_method_lives_in_what_it_saves(trained: tuple[Session, Outcome, Path]) -> None:
    """The same nodes computed again in a fresh store, a fresh object per node, are the same bytes."""
    session, _, path = trained
    again, _ = compute(path, path.parent / "again")
    for node in session.plan.graph.in_order():
        one, two = (store.path(node.key) / "MANIFEST.sha256" for store in (session.store, again.store))
        assert one.read_bytes() == two.read_bytes(), node.label
