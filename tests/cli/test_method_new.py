"""`lifealign method new`: what it writes works at once, explains every hook, and never overwrites anything."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from computed import compute, weights
from lifealign_bench.benchmark.session import Session
from lifealign_bench.cli import app
from lifealign_bench.cli.method_template import write_method
from lifealign_bench.data.errors import InputError
from lifealign_bench.methods import API_VERSION, Batch, Method, RunContext, StageContext, find_method
from lifealign_bench.methods.tensors import load_tensors
from support import write_suite

ORDER = ["hc3", "hh-harmless"]


def test_the_command_writes_a_method_and_its_test_and_says_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["method", "new", "my_method"])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "wrote my_method.py",
        "wrote test_my_method.py",
        "next: lifealign method check my_method.py:MyMethod",
        "then: lifealign run mini-quick --methods seqft,my_method.py:MyMethod",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my_method.py", "test_my_method.py"]


def test_what_is_written_bears_the_name_everywhere(tmp_path: Path) -> None:
    new = write_method("mean_pull", tmp_path / "made" / "on demand")
    spec = find_method(new.reference).method.spec
    assert (spec.name, spec.title, new.class_name) == ("mean_pull", "Mean pull", "MeanPull")
    for path in (new.method, new.test):
        assert "mymethod" not in path.read_text("utf-8").lower().replace("_", "").replace(" ", "")


def test_what_is_written_passes_ruff_as_it_comes(tmp_path: Path) -> None:
    write_method("mean_pull", tmp_path)
    for words in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *words, "--isolated", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def own_names(cls: type) -> list[str]:
    return [name for name, value in vars(cls).items() if name[0] != "_" and not inspect.isclass(value)]


def test_every_hook_and_all_that_a_hook_is_given_is_explained(tmp_path: Path) -> None:
    text = write_method("mean_pull", tmp_path).method.read_text("utf-8")
    hooks = [name for name in own_names(Method) if inspect.isfunction(vars(Method)[name])]
    assert len(hooks) >= 16
    comments = text[text.index("# All hooks") :]
    assert not [name for name in hooks if f"#   {name}(" not in comments]
    known = [*own_names(StageContext), *StageContext.__annotations__, *own_names(RunContext)]
    tensors = [name for name in Batch.__annotations__ if name != "pairs"]
    assert not [name for name in (*known, *tensors) if not re.search(rf"\b{name}\b", comments)]
    assert not [name for name in ("neutral", "active", "keeps", "first_task_plain") if f"{name}=" not in text]
    assert f"api={API_VERSION}," in text, "written for this version of the method API"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, synthetic_data: Path, tiny_base: Path) -> Session:
    folder = tmp_path_factory.mktemp("written")
    name = write_method("mean_pull", folder).reference
    methods = ["seqft", name]
    for label, setting in (("off", {"strength": 0.0}), ("active", find_method(name).method.spec.active)):
        methods.append({"name": name, "label": label, "config": dict(setting)})
    path = write_suite(
        folder / "own.yaml",
        synthetic_data,
        tiny_base,
        tasks=ORDER,
        orders=[ORDER],
        methods=methods,
        evaluation={"cells": "corners", "prompts": 1, "max_new_tokens": 2, "batch_size": 4},
    )
    session, _ = compute(path, folder / "workspace")
    return session


def test_switched_off_it_is_seqft_bit_for_bit(trained: Session) -> None:
    assert [weights(trained, "off", step) for step in (1, 2)] == [weights(trained, "seqft", step) for step in (1, 2)]


def test_as_it_comes_it_is_another_method_than_seqft(trained: Session) -> None:
    assert len({weights(trained, title, 2) for title in ("seqft", "MeanPull", "active")}) == 3


def first_stage(trained: Session, title: str) -> Path:
    (run,) = [run for run in trained.plan.runs if run.entry.title == title]
    return trained.store.path(run.stages[0].train.key)


def test_it_pulls_and_logs_how_far_the_weights_have_gone(trained: Session) -> None:
    """B starts at zero, so its size after the first task is how far it went."""
    sizes = []
    for title in ("seqft", "MeanPull", "active"):
        state = load_tensors(first_stage(trained, title) / "policy" / "weights.safetensors")
        sizes.append(sum(float(value.square().sum()) for name, value in state.items() if "lora_B" in name))
    assert sizes[0] > sizes[1] > sizes[2] > 0
    rows = pq.read_table(first_stage(trained, "MeanPull") / "losses.parquet").to_pylist()
    distances = [row["value"] for row in rows if row["name"] == "distance"]
    assert len(distances) == 6
    assert distances[-1] ** 2 > sizes[1]


def test_the_test_that_is_written_passes(tmp_path: Path) -> None:
    test = write_method("mean_pull", tmp_path).test
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test.name]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("My-Method", "lower-case letters, digits and '_'"),
        ("1st", "lower-case letters, digits and '_'"),
        ("../up", "lower-case letters, digits and '_'"),
        ("", "lower-case letters, digits and '_'"),
        ("lambda", "lower-case letters, digits and '_'"),
        ("größe", "lower-case letters, digits and '_'"),
        ("er", "a name that no method has yet"),
        ("json", "a name that no installed Python module has"),
        ("torch", "a name that no installed Python module has"),
        ("none", "a name whose class is not None"),
        ("method", "a name whose class is not Method"),
    ],
)
def test_a_name_that_cannot_work_is_refused(tmp_path: Path, name: str, expected: str) -> None:
    with pytest.raises(InputError, match="NAME: found") as caught:
        write_method(name, tmp_path / "new")
    assert expected in str(caught.value)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("taken", ["mine.py", "test_mine.py"])
def test_a_file_that_exists_is_left_alone_and_nothing_is_written(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("precious", "utf-8")
    with pytest.raises(InputError, match=f"{taken}: file: found one that exists"):
        write_method("mine", tmp_path)
    assert [(path.name, path.read_text("utf-8")) for path in tmp_path.iterdir()] == [(taken, "precious")]


def test_a_link_to_nowhere_is_a_file_that_exists(tmp_path: Path) -> None:
    (tmp_path / "mine.py").symlink_to(tmp_path / "elsewhere.py")
    with pytest.raises(InputError, match="one that exists"):
        write_method("mine", tmp_path)
    assert not (tmp_path / "elsewhere.py").exists()


def test_what_cannot_be_written_whole_is_not_written_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def full_disk(path: Path, *words: object, **named: object) -> object:
        if path.name == "test_mine.py":
            raise OSError(28, "No space left on device")
        return opened(path, *words, **named)

    monkeypatch.setattr(Path, "open", full_disk)
    with pytest.raises(InputError, match="--out: found No space left"):
        write_method("mine", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(InputError, match="file: --out: found"):
        write_method("mine", tmp_path / "file")
