"""Answers from a server of adapters are the rows of the built-in backend, and whatever fails is one clear line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from computed import compute
from lifealign_bench.benchmark.engine import Unwatched, run_graph
from lifealign_bench.benchmark.environment import settle_process
from lifealign_bench.benchmark.evaluation.vllm_server import AnswerServer, AnswerServerError
from lifealign_bench.benchmark.serving_base import WHERE_ANSWERED, answering_inputs, serve_command, served_name
from lifealign_bench.benchmark.session import Overrides, Session, open_session
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.benchmark.suite_identity import NOT_DECIDING
from lifealign_bench.data.errors import InputError
from support import BUDGET, write_suite

TESTS = Path(__file__).resolve().parents[1]
EVALUATION = {"cells": "corners", "prompts": 3, "max_new_tokens": 12, "batch_size": 2}
METHODS, TASKS = ["seqft", "olora"], ["mini-truth", "mini-human"]


@dataclass(frozen=True)
class Running:
    """A server process, the suite that asks it, and the workspace that both backends share."""

    url: str
    suite: Path
    workspace: Path
    built_in: Session
    process: subprocess.Popen[str]

    def fail(self, kind: str | None) -> None:
        body = json.dumps({"kind": kind}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/fault", body), timeout=60).close()

    def asked(self) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.url}/asked", timeout=60) as response:
            found: dict[str, int] = json.load(response)
        return found


def suite_with(path: Path, **answers: Any) -> Path:
    changes = {"answers": {"backend": "vllm", **answers}} if answers else {}
    return write_suite(
        path,
        Path(),
        "world:mini",
        data_dir=None,
        methods=METHODS,
        tasks=TASKS,
        orders={"order1": TASKS},
        budget={**BUDGET, "phases": [{"kind": "sft", "epochs": 2, "learning_rate": 2e-2}]},
        evaluation={**EVALUATION, **changes},
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("served")
    session, _ = compute(suite_with(folder / "built-in.yaml"), folder / "w")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "vllm_double", str(session.world.base_folder), served_name(session.world)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    try:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        suite = suite_with(folder / "vllm.yaml", url=url, timeout_s=20.0)
        yield Running(url, suite, folder / "w", session, process)
    finally:
        process.kill()
        process.wait()


def answers_of(session: Session) -> list[tuple[int, str, list[dict[str, Any]]]]:
    """Every run's rows by step and task."""
    return [
        (cell.step, cell.task, pq.read_table(session.store.path(cell.answers.key) / "answers.parquet").to_pylist())
        for run in session.plan.runs
        for cell in run.evaluations
    ]


def test_a_server_of_many_adapters_gives_the_rows_of_the_built_in_backend(running: Running) -> None:
    session, outcome = compute(running.suite, running.workspace)
    assert outcome.count("cached") > 0, "what is not answered is shared by both"
    assert answers_of(session) == answers_of(running.built_in)
    assert len({str(rows) for _, _, rows in answers_of(session)}) > 3, "policies answer differently"
    policies = {node.parents.get("policy") for node in session.plan.graph.in_order() if node.kind == "answers"}
    assert len(running.asked()) == len(policies) > 3, "every policy was asked under a name of its own"


def one_node(running: Running, folder: Path, **answers: Any) -> tuple[Session, str]:
    """The message of a failed answers node, asked in a store that has everything else."""
    text = running.suite.read_text("utf-8")
    suite = folder / "again.yaml"
    suite.write_text(text, "utf-8")
    found = load_suite(suite)
    changed = {**found.evaluation.model_dump(mode="json")}
    changed["answers"] = {**changed["answers"], **answers}
    changed["max_new_tokens"] = 5
    from lifealign_bench.benchmark.session import session_of

    settle_process(1)
    session = session_of(found.with_overrides({"evaluation": changed}), running.workspace, lambda text: None)
    node = next(node for node in session.plan.graph.in_order() if node.kind == "answers" and "policy" in node.parents)
    outcome = run_graph(session.plan.graph.leading_to([node]), session.world, session.store, Unwatched())
    assert not session.store.has(node.key)
    (failure,) = outcome.failures
    assert "\n" not in failure.message
    return session, failure.message


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("broken", ["HTTP 500", "EngineCore died", "3 times"]),
        ("slow", ["no answer within 0.2 s"]),
        ("short", ["cut after 1 tokens", "expected one that ends or has 5"]),
        ("half", ["broken JSON from /v1/completions"]),
        ("no_ids", ["no token ids", "0.10.2"]),
        ("no_adapters", ["no adapters at run time", "--enable-lora", "VLLM_ALLOW_RUNTIME_LORA_UPDATING"]),
    ],
)
def test_a_fault_of_the_server_is_one_line_and_nothing_is_kept(
    running: Running, tmp_path: Path, kind: str, words: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifealign_bench.benchmark.evaluation.vllm_server.AnswerServer.pause_s", 0.0)
    running.fail(kind)
    try:
        _, message = one_node(running, tmp_path, **({"timeout_s": 0.2} if kind == "slow" else {}))
    finally:
        running.fail(None)
    for word in [running.url, *words]:
        assert word in message


def test_a_server_that_is_not_there_is_one_line(running: Running, tmp_path: Path) -> None:
    _, message = one_node(running, tmp_path, url="http://127.0.0.1:9")
    assert "http://127.0.0.1:9" in message
    assert "nobody there" in message


def test_a_server_of_another_base_is_named(running: Running) -> None:
    with pytest.raises(AnswerServerError, match=r"found a server of lifealign-\w{16}, expected lifealign-other"):
        AnswerServer(running.url, 20).require("lifealign-other")


def test_an_unknown_adapter_and_one_that_cannot_be_read_are_named(running: Running, tmp_path: Path) -> None:
    server = AnswerServer(running.url, 20)
    with pytest.raises(AnswerServerError, match=r"model lifealign-adapter-none: The model .* does not exist"):
        server.complete("lifealign-adapter-none", [5, 6], 3, 1)
    with pytest.raises(AnswerServerError, match="No adapter found"):
        server.load_adapter("lifealign-adapter-none", tmp_path / "nothing")


def test_a_method_that_is_no_adapter_over_the_base_is_refused_before_anything_starts(
    running: Running, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"method l2p: evaluation\.answers\.backend: found vllm, but .*built-in"):
        open_session(str(running.suite), Overrides(methods=["l2p"]), tmp_path, lambda text: None)


def test_the_command_serves_this_base_with_adapters_at_run_time(running: Running) -> None:
    session = open_session(str(running.suite), Overrides(), running.workspace, lambda text: None)
    around, words = serve_command(session.world, session.store)
    assert around == {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True"}
    given = " ".join(words)
    assert f"--served-model-name {served_name(session.world)}" in given
    assert f"--port {running.url.rsplit(':', 1)[1]}" in given
    assert "--enable-lora" in words
    # O-LoRA's two adapters of rank 2 are served as one of rank 4.
    assert "--max-lora-rank 8" in given


def test_the_built_in_backend_is_keyed_as_ever(tiny_suite: Path) -> None:
    suite = load_suite(tiny_suite)
    assert answering_inputs(suite) == {}
    assert not {"answers", "batch_tokens"} & set(suite.evaluation.model_dump(mode="json"))


def test_where_answers_come_from_is_no_part_of_what_a_suite_decides(running: Running) -> None:
    suite = load_suite(running.suite)
    left = suite.model_dump(mode="json", exclude={**dict.fromkeys(NOT_DECIDING, True), **WHERE_ANSWERED})
    assert left["evaluation"]["answers"] == {"backend": "vllm"}
    assert answering_inputs(suite) == {"backend": "vllm"}
