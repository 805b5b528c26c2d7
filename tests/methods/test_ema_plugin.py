"""A method of somebody else's package: installed for real, found by its entry point, run by its name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from computed import compute, weights
from lifealign_bench.benchmark.session import Session
from lifealign_bench.data.errors import InputError
from lifealign_bench.methods import Method, find_method
from lifealign_bench.methods.tensors import load_tensors
from support import write_suite

PLUGIN = Path(__file__).resolve().parents[1] / "plugins" / "lifealign-ema"
EMA = f"{PLUGIN / 'lifealign_ema.py'}:Ema"
ORDER = ["hc3", "hh-harmless"]
CORNERS = {"cells": "corners", "prompts": 1, "max_new_tokens": 2, "batch_size": 4}


def contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that sees the installed package; it was built from a copy."""
    before, folder = contents(PLUGIN), tmp_path_factory.mktemp("plugin")
    source, target = folder / "source", folder / "site"
    shutil.copytree(PLUGIN, source, ignore=shutil.ignore_patterns("__pycache__"))
    flags = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *flags, str(source)], check=True, capture_output=True)
    assert contents(PLUGIN) == before
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(target), os.environ.get("PYTHONPATH")]))}


def lifealign(*words: object, cwd: Path, env: dict[str, str]) -> Any:
    command = [sys.executable, "-m", "lifealign_bench", *(str(word) for word in words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_installed_package_is_found_by_its_entry_point(installed: dict[str, str], tmp_path: Path) -> None:
    rows = {row["name"]: row for row in lifealign("method", "list", cwd=tmp_path, env=installed)}
    assert rows["ema"]["source"] == "entry point"
    assert (rows["ema"]["fidelity"], rows["ema"]["stores"]) == ("adapted", "statistics")
    assert rows["seqft"]["source"] == "built in"


def test_an_installed_method_holds_every_property(installed: dict[str, str], tmp_path: Path) -> None:
    report = lifealign("method", "check", "ema", cwd=tmp_path, env=installed)["ema"]
    assert len(report) == 12
    assert [line for line in report if line["state"] == "fail"] == []


def test_an_installed_method_runs_by_its_name_in_worker_processes_too(
    installed: dict[str, str], tmp_path: Path, synthetic_data: Path, tiny_base: Path
) -> None:
    path = write_suite(
        tmp_path / "s.yaml", synthetic_data, tiny_base, tasks=ORDER, orders={"order1": ORDER}, evaluation=CORNERS
    )
    summary = lifealign("run", path, "--methods", "seqft,ema", "--workers", 2, cwd=tmp_path, env=installed)
    assert summary["failures"] == []
    assert set(summary["runs"]) == {"seqft--order1--s0", "ema--order1--s0"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, synthetic_data: Path, tiny_base: Path) -> Session:
    folder, spec = tmp_path_factory.mktemp("ema"), find_method(EMA).method.spec
    settings = {"off": spec.neutral, "active": spec.active}
    methods = ["seqft", EMA, *({"name": EMA, "label": key, "config": dict(settings[key])} for key in settings)]
    path = write_suite(
        folder / "s.yaml", synthetic_data, tiny_base, tasks=ORDER, orders=[ORDER], methods=methods, evaluation=CORNERS
    )
    session, _ = compute(path, folder / "workspace")
    return session


def test_without_decay_it_is_seqft_bit_for_bit(trained: Session) -> None:
    assert [weights(trained, "off", step) for step in (1, 2)] == [weights(trained, "seqft", step) for step in (1, 2)]


def test_with_decay_other_weights_are_kept(trained: Session) -> None:
    assert weights(trained, "Ema", 2) != weights(trained, "seqft", 2)
    assert weights(trained, "active", 2) != weights(trained, "seqft", 2)


def test_its_age_goes_from_task_to_task(trained: Session) -> None:
    (run,) = [run for run in trained.plan.runs if run.entry.title == "Ema"]
    ages = [
        int(load_tensors(trained.store.path(node.key) / "memory" / "average.safetensors")["steps"])
        for stage in run.stages
        for node in (stage.train, stage.memory)
    ]
    assert ages == [6, 6, 12, 12]


def walked(method: Method, path: list[torch.Tensor]) -> Iterator[float]:
    """One stage in which the optimiser leaves these weights one after the other; the logged decays, then the end."""
    weight = torch.nn.Parameter(path[0].clone())
    logged: list[float] = []
    ctx: Any = SimpleNamespace(trainable={"w": weight}, log=lambda name, value: logged.append(value))
    method.before_stage(ctx)
    for value in path[1:]:
        weight.data.copy_(value)
        method.after_step(ctx)
    method.after_stage(ctx)
    path.append(weight.data.clone())
    yield from logged


def test_it_is_the_formula_over_the_whole_run(tmp_path: Path) -> None:
    """m <- d m + (1 - d) p with d = min(decay, 1 - 1 / (t + 1)), in float64, over two stages and a save between."""
    draw, decay, expected, decays = torch.Generator().manual_seed(5), 0.7, torch.zeros(3, dtype=torch.float64), []
    method = find_method(EMA).method.from_mapping({"decay": decay})
    for stage in range(2):
        path = [expected.float(), *torch.randn(4, 3, generator=draw)]
        for step, value in enumerate(path[1:], 1):
            decays.append(min(decay, 1 - 1 / (4 * stage + step + 1)))
            expected = decays[-1] * expected + (1 - decays[-1]) * value.double()
        assert list(walked(method, path)) == pytest.approx(decays[-4:])
        assert path[-1].double().numpy() == pytest.approx(expected.numpy(), abs=1e-6)
        folder = tmp_path / str(stage)
        folder.mkdir()
        method.save(folder)
        method = find_method(EMA).method.from_mapping({"decay": decay})
        method.load(folder)
    assert decays[:3] == pytest.approx([1 / 2, 2 / 3, 0.7])


def test_a_young_average_is_the_plain_mean() -> None:
    path = [torch.tensor([0.0]), torch.tensor([3.0]), torch.tensor([6.0])]
    list(walked(find_method(EMA).method.from_mapping({"decay": 0.999}), path))
    assert path[-1].item() == pytest.approx(3.0)


@pytest.mark.parametrize("decay", [-0.1, 1.0, 2])
def test_a_decay_that_is_none_is_refused(decay: float) -> None:
    with pytest.raises(InputError, match="decay: found"):
        find_method(EMA).method.from_mapping({"decay": decay})
