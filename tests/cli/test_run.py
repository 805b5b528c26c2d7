"""The command itself, in processes of their own, killed for real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support import write_suite

FULL = {"cells": "full", "prompts": 2, "max_new_tokens": 4, "batch_size": 4}


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "lifealign_bench", *(str(word) for word in words)]


def lifealign(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, cwd=cwd, timeout=300, check=False)


def nodes_of(workspace: Path) -> dict[str, str]:
    """The manifest of every finished node: the hash of every byte of the store."""
    return {path.parent.name: path.read_text("utf-8") for path in workspace.glob("store/nodes/*/*/MANIFEST.sha256")}


def results_of(workspace: Path) -> dict[str, bytes]:
    """Every result file that is determined, by its path."""
    return {
        str(path.relative_to(workspace)): path.read_bytes()
        for path in sorted((workspace / "results").rglob("*"))
        if path.is_file() and path.name != "provenance.json"
    }


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, synthetic_data: Path, tiny_base: Path) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    return write_suite(folder / "tiny.yaml", synthetic_data, tiny_base, evaluation=FULL, methods=["er", "lifealign"])


@pytest.fixture(scope="module")
def straight(suite: Path) -> Path:
    done = lifealign("run", suite, "--workspace", "straight", "--json", cwd=suite.parent)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["nodes"]["failed"] == 0
    assert set(summary["runs"]) == {"er--order1--s0", "lifealign--order1--s0"}
    return suite.parent / "straight"


def kill_when(suite: Path, workspace: str, ready: Callable[[Path], bool], signal_number: int) -> int:
    process = subprocess.Popen(
        command("run", suite, "--workspace", workspace),
        cwd=suite.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    store = suite.parent / workspace / "store"
    deadline = time.monotonic() + 240
    while not ready(store) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal_number)
    process.communicate()
    return process.returncode


def finished(store: Path, kind: str) -> int:
    count = 0
    for path in store.glob("nodes/*/*/node.json"):
        count += json.loads(path.read_text("utf-8"))["kind"] == kind
    return count


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "in training": lambda store: finished(store, "reference") == 3 and any((store / "scratch").glob("*")),
    "in evaluation": lambda store: finished(store, "pairs") >= 4 and any((store / "scratch").glob("*")),
    "in a write": lambda store: any((store / "scratch").glob("*/policy/*")),
}


@pytest.mark.parametrize("moment", list(MOMENTS))
def test_a_run_killed_at_any_moment_resumes_to_the_same_bytes(suite: Path, straight: Path, moment: str) -> None:
    workspace = moment.replace(" ", "-")
    assert kill_when(suite, workspace, MOMENTS[moment], signal.SIGKILL) == -signal.SIGKILL
    kept = nodes_of(suite.parent / workspace)
    assert 0 < len(kept) < len(nodes_of(straight))
    done = lifealign("run", suite, "--workspace", workspace, "--json", cwd=suite.parent)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["nodes"]["cached"] >= len(kept)
    assert nodes_of(suite.parent / workspace) == nodes_of(straight)
    assert results_of(suite.parent / workspace) == results_of(straight)
    assert list((suite.parent / workspace / "store" / "scratch").iterdir()) == []


def test_ctrl_c_stops_cleanly_and_says_what_to_type_next(suite: Path) -> None:
    process = subprocess.Popen(
        command("run", suite, "--workspace", "interrupted"),
        cwd=suite.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    store = suite.parent / "interrupted" / "store"
    while not MOMENTS["in training"](store) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "type the same command to go on" in out
    assert "Traceback" not in out
    assert list((store / "scratch").iterdir()) == []


def test_the_same_command_again_computes_nothing_and_changes_nothing(suite: Path, straight: Path) -> None:
    before = results_of(straight)
    done = lifealign("run", suite, "--workspace", "straight", "--json", cwd=suite.parent)
    assert json.loads(done.stdout)["nodes"]["done"] == 0
    assert results_of(straight) == before


def test_two_processes_share_one_workspace(suite: Path, straight: Path) -> None:
    both = [
        subprocess.Popen(
            command("run", suite, "--workspace", "shared", "--json"),
            cwd=suite.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    summaries = [json.loads(process.communicate(timeout=300)[0]) for process in both]
    assert sum(summary["nodes"]["done"] for summary in summaries) == len(nodes_of(straight))
    assert nodes_of(suite.parent / "shared") == nodes_of(straight)
    assert results_of(suite.parent / "shared") == results_of(straight)


def test_a_loss_that_is_no_number_stops_its_node_names_it_and_keeps_the_rest(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path
) -> None:
    phases = [{"kind": "sft", "epochs": 1, "learning_rate": 1e-2}]
    diverging = tmp_path / "diverging.py"
    diverging.write_text(
        "from lifealign_bench.methods import Method, MethodSpec\n"
        "class Diverging(Method):\n"
        "    spec = MethodSpec(name='diverging', version='1', title='D', paper='none')\n"
        "    def sft_loss(self, ctx, batch):\n"
        "        total, tokens = super().sft_loss(ctx, batch)\n"
        "        return total * float('nan'), tokens\n",
        "utf-8",
    )
    suite = write_suite(
        tmp_path / "nan.yaml",
        synthetic_data,
        tiny_base,
        methods=["seqft", f"{diverging}:Diverging"],
        tasks=["hc3"],
        orders={"order1": ["hc3"]},
        budget={"phases": phases, "batch_size": 4, "micro_batch_size": 2, "max_length": 96},
    )
    done = lifealign("run", suite, "--json", cwd=tmp_path)
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert list(summary["runs"]) == ["seqft--order1--s0"]
    (failure,) = summary["failures"]
    assert "Diverging" in failure["node"]
    assert "task hc3, phase sft, step 1" in failure["message"]
    assert len(list((tmp_path / "workspace" / "results").rglob("run.json"))) == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "nowhere.yaml"], "nowhere.yaml: suite file: found no such file"),
        (["run", "papper"], "did you mean paper, paper-ablation?"),
        (["run", "{suite}", "--methods", "lifealing"], "did you mean lifealign?"),
        (["run", "{suite}", "--orders", "order9"], "'order9'"),
        (["run", "{suite}", "--orders", "hc3>hc3>truthfulqa"], "hh-harmless"),
        (["run", "{suite}", "--seeds", "one"], "--seeds"),
        (["run", "{suite}", "--train-rows", "100000"], "100000"),
        (["run", "{suite}", "--data-dir", "/nowhere"], "/nowhere"),
        (["run", "{suite}", "--base", "./nobase"], "./nobase"),
    ],
)
def test_bad_input_is_one_line_with_an_exit_code(suite: Path, words: list[str], expected: str) -> None:
    done = lifealign(*(word.format(suite=suite) for word in words), "--workspace", "bad", cwd=suite.parent)
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    assert expected in lines[0]
    assert "Traceback" not in done.stderr + done.stdout


def test_a_base_without_a_chat_template_is_refused(suite: Path, tiny_base: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for path in tiny_base.iterdir():
        if path.name != "chat_template.jinja":
            os.link(path, bare / path.name)
    done = lifealign("run", suite, "--base", bare, cwd=tmp_path)
    assert done.returncode == 2
    assert "chat template: found none" in done.stderr


def test_a_store_of_another_version_is_refused(suite: Path, tmp_path: Path) -> None:
    (tmp_path / "workspace" / "store").mkdir(parents=True)
    (tmp_path / "workspace" / "store" / "store.json").write_text('{"layout": 0}', "utf-8")
    done = lifealign("run", suite, cwd=tmp_path)
    assert done.returncode == 2
    assert "store.json: layout: found 0" in done.stderr
