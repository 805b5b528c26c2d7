"""The run graph on a real Ray cluster of two one-thread workers: the same bytes, killed workers, unfit machines."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from computed import compute, manifests
from lifealign_bench.benchmark.cluster.connecting import Machines, connected
from lifealign_bench.benchmark.cluster.engine import ClusterError, run_on_cluster, surroundings
from lifealign_bench.benchmark.engine import Outcome, Unwatched
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.session import Session, session_of
from lifealign_bench.benchmark.store import StoreError
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.data.errors import InputError
from ray_clusters import SETTINGS, a_cluster, free_port, started, until
from support import write_suite

pytest.importorskip("ray", reason="ray is not installed; pip install 'lifealign-bench[ray]'")

ROOT = Path(__file__).resolve().parents[2]
METHOD = """
import os, signal, time
from lifealign_bench.methods import MethodSpec
from lifealign_bench.methods.seqft import SeqFT

class Odd(SeqFT):
    spec = MethodSpec(name="odd", version="1", title="odd", paper="none")

    def before_stage(self, ctx):
        {action}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        with a_cluster(tmp_path_factory.mktemp("ray"), cpus=2) as found:
            yield found


@pytest.fixture(scope="module")
def machines(address: str) -> Iterator[Machines]:
    with pytest.MonkeyPatch.context() as patch:
        # Ray puts the path of whoever asks before its workers': `python -m pytest` would lend them this checkout.
        patch.setattr(sys, "path", [place for place in sys.path if place not in ("", str(ROOT))])
        with connected(address, None) as found:
            yield found


def on_ray(suite: Path, workspace: Path, machines: Machines, listener: Any = None) -> tuple[Session, Outcome]:
    chosen = load_suite(suite)
    session = session_of(chosen, workspace, lambda text: None, surroundings(chosen, machines))
    watching = listener or Unwatched()
    return session, run_on_cluster(session.plan.graph, session.world, session.store, watching, machines)


def odd_suite(tmp_path: Path, data: Path, base: Path, action: str) -> Path:
    (tmp_path / "odd.py").write_text(METHOD.format(action=action), "utf-8")
    odd = {"name": f"{tmp_path / 'odd.py'}:Odd", "label": "odd"}
    return write_suite(tmp_path / "suite.yaml", data, base, methods=["seqft", odd])


class Heard(Unwatched):
    """Keeps which nodes began and ended."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.ends: dict[str, str] = {}
        self.steps = 0

    def started(self, node: Node) -> None:
        self.began.append(node.key)

    def progressed(self, node: Node, what: str, done: int, total: int, loss: float | None) -> None:
        self.steps += 1

    def ended(self, node: Node, state: str) -> None:
        self.ends[node.key] = state


@pytest.mark.long
def test_two_workers_leave_the_bytes_of_one_process_and_the_workspace_moves_to_and_fro(
    tmp_path: Path, tiny_suite: Path, machines: Machines
) -> None:
    alone, _ = compute(tiny_suite, tmp_path / "alone")
    heard = Heard()
    session, outcome = on_ray(tiny_suite, tmp_path / "ray", machines, heard)
    keys = set(session.plan.graph.nodes)
    assert outcome.count("done") == len(keys)
    assert manifests(session) == manifests(alone)
    assert sorted(heard.began) == sorted(keys)
    assert set(heard.ends) == keys
    assert heard.steps > 0
    # What Ray computed is found by the local engine, and what that computed by Ray.
    _, at_home = compute(tiny_suite, tmp_path / "ray")
    _, again = on_ray(tiny_suite, tmp_path / "alone", machines)
    assert at_home.count("cached") == again.count("cached") == len(keys)


@pytest.mark.long
def test_a_node_whose_worker_is_killed_is_computed_again_with_the_same_bytes(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path, machines: Machines
) -> None:
    # A method may write no files, but may make a folder to know that it was here.
    action = f"os.path.exists({str(tmp_path / 'mark')!r}) or "
    action += f"(os.mkdir({str(tmp_path / 'mark')!r}), os.kill(os.getpid(), signal.SIGKILL))"
    suite = odd_suite(tmp_path, synthetic_data, tiny_base, action)
    session, outcome = on_ray(suite, tmp_path / "ray", machines)
    assert [failure.details for failure in outcome.failures] == []
    assert (tmp_path / "mark").is_dir()
    assert outcome.count("done") == len(session.plan.graph.nodes)
    alone, _ = compute(suite, tmp_path / "alone")
    assert manifests(session) == manifests(alone)


@pytest.mark.long
def test_a_node_that_always_loses_its_worker_fails_with_what_hangs_on_it_and_nothing_else(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path, machines: Machines
) -> None:
    suite = odd_suite(tmp_path, synthetic_data, tiny_base, "os.kill(os.getpid(), signal.SIGKILL)")
    session, outcome = on_ray(suite, tmp_path / "ray", machines)
    assert ["its worker died 4 times" in failure.message for failure in outcome.failures] == [True]
    whole, broken = sorted(session.plan.runs, key=lambda run: run.entry.title, reverse=True)
    assert outcome.finished(whole.nodes)
    assert not outcome.finished(broken.nodes)
    assert outcome.count("skipped") > 0


@pytest.mark.long
def test_a_method_that_raises_fails_its_node_with_its_own_words(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path, machines: Machines
) -> None:
    suite = odd_suite(tmp_path, synthetic_data, tiny_base, "raise RuntimeError('no such thing')")
    _, outcome = on_ray(suite, tmp_path / "ray", machines)
    assert [failure.message for failure in outcome.failures] == ["RuntimeError: no such thing"]
    assert "before_stage" in outcome.failures[0].details
    assert outcome.count("skipped") > 0


@pytest.mark.long
def test_a_disk_that_is_full_ends_everything(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path, machines: Machines
) -> None:
    suite = odd_suite(tmp_path, synthetic_data, tiny_base, "raise OSError(28, 'No space left on device')")
    with pytest.raises(StoreError, match="no space is left"):
        on_ray(suite, tmp_path / "ray", machines)


@pytest.mark.long
def test_gpus_that_no_machine_has_are_refused_before_anything_starts(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path, machines: Machines
) -> None:
    suite = write_suite(tmp_path / "suite.yaml", synthetic_data, tiny_base, resources={"gpus": 8})
    with pytest.raises(InputError, match=r"resources.gpus: found 8 for a node of kind train, expected at most 0"):
        on_ray(suite, tmp_path / "ray", machines)


def package_copy(folder: Path) -> Path:
    """A copy of the package in which one line of code is another."""
    for part in ("data", "methods", "judges", "benchmark"):
        ignored = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.jsonl")
        shutil.copytree(ROOT / part, folder / "lifealign_bench" / part, ignore=ignored)
    for file in (ROOT / "lifealign_bench").glob("*.py"):
        shutil.copy(file, folder / "lifealign_bench" / file.name)
    with (folder / "lifealign_bench" / "methods" / "losses.py").open("a", encoding="utf-8") as stream:
        stream.write("\nCHANGED = 1\n")
    return folder


def package_hidden(folder: Path) -> Path:
    """A folder that makes Python find no such package."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'lifealign_bench':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hidden())\n",
        "utf-8",
    )
    return folder


@pytest.mark.long
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (package_copy, r"worker on \S+: found lifealign_bench version \S+ \(source \w+\), expected version"),
        (package_hidden, r"worker on \S+: found no package lifealign_bench \(No module named .*\), expected"),
    ],
    ids=["another version", "no package"],
)
def test_a_machine_with_other_code_is_named_and_nothing_is_lost(
    make: Any, said: str, tmp_path: Path, tiny_suite: Path, address: str, machines: Machines
) -> None:
    environment = {"PYTHONPATH": str(make(tmp_path / "other"))}
    with started(tmp_path, "--address", address, "--num-cpus", "1", environment=environment):
        import ray

        until(lambda: sum(node["Alive"] for node in ray.nodes()) == 2)
        with connected(None, None) as both, pytest.raises(ClusterError, match=said):
            surroundings(load_suite(tiny_suite), both)
        # Had it joined later, the first node that it is given would find out.
        chosen = load_suite(tiny_suite)
        session = session_of(chosen, tmp_path / "ray", lambda text: None)
        with connected(None, None) as both, pytest.raises(ClusterError, match=said):
            run_on_cluster(session.plan.graph, session.world, session.store, Unwatched(), both)
    until(lambda: sum(node["Alive"] for node in ray.nodes()) == 1)
    _, outcome = on_ray(tiny_suite, tmp_path / "ray", machines)
    assert outcome.count("failed") == 0


def command(*words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "lifealign_bench", *words]


@pytest.mark.long
def test_ctrl_c_stops_the_workers_and_the_same_command_goes_on(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path, address: str
) -> None:
    action = f"os.makedirs(f'{tmp_path}/marks/{{{{os.getpid()}}}}', exist_ok=True); time.sleep({{seconds}})"
    suite = odd_suite(tmp_path, synthetic_data, tiny_base, action.format(seconds=600))
    words = command("run", str(suite), "--engine", "ray", "--address", address, "-w", str(tmp_path / "ray"))
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until(lambda: (tmp_path / "marks").exists() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    assert "type the same command to go on" in output
    (worker,) = [int(mark.name) for mark in (tmp_path / "marks").iterdir()]
    until(lambda: not psutil.pid_exists(worker))
    odd_suite(tmp_path, synthetic_data, tiny_base, action.format(seconds=0))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Last" in done.stdout


def refused(*words: str) -> str:
    done = subprocess.run(command("run", "mini-quick", *words), capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in done.stderr
    return line


def test_an_address_where_nobody_answers_is_one_line_at_once() -> None:
    line = refused("--engine", "ray", "--address", f"127.0.0.1:{free_port()}")
    assert "no answer" in line
    assert "expected a Ray cluster that runs" in line


def test_something_else_behind_an_address_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifealign_bench.benchmark.cluster.connecting.HANDSHAKE_S", 6.0)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        threading.Thread(target=mute.accept, daemon=True).start()
        from lifealign_bench.benchmark.cluster.connecting import _knock

        with pytest.raises(InputError, match="nothing that answers as a Ray cluster does"):
            _knock(f"127.0.0.1:{mute.getsockname()[1]}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engine", "spark"), "--engine: engine: found 'spark'"),
        (("--address", "here:1"), "expected --engine ray"),
        (("--engine", "ray", "--address", "here"), "expected host:port"),
        (("--engine", "ray", "--address", "here:1", "--workers", "2"), "the cluster has its own"),
    ],
)
def test_options_that_make_no_sense_are_refused(words: tuple[str, ...], said: str) -> None:
    assert said in refused(*words)
