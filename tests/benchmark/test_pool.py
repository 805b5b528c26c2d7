"""Nodes computed side by side: the same bytes, real processes that die, a store that breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from computed import compute, manifests
from lifealign_bench.benchmark.engine import Outcome, Unwatched, run_graph
from lifealign_bench.benchmark.session import Overrides, Session, open_session
from lifealign_bench.benchmark.store import StoreError
from support import write_suite

METHOD = """
import os, pathlib, signal
from lifealign_bench.methods import MethodSpec
from lifealign_bench.methods.seqft import SeqFT

class Odd(SeqFT):
    spec = MethodSpec(name="odd", version="1", title="odd", paper="none")

    def before_stage(self, ctx):
        {action}
"""


def side_by_side(suite: Path, workspace: Path) -> tuple[Session, Outcome]:
    session = open_session(str(suite), Overrides(), workspace, lambda text: None)
    return session, run_graph(session.plan.graph, session.world, session.store, Unwatched(), workers=3)


def odd_suite(tmp_path: Path, data: Path, base: Path, action: str) -> Path:
    (tmp_path / "odd.py").write_text(METHOD.format(action=action), "utf-8")
    odd = {"name": f"{tmp_path / 'odd.py'}:Odd", "label": "odd"}
    return write_suite(tmp_path / "suite.yaml", data, base, methods=["seqft", odd])


def test_several_workers_leave_the_bytes_of_one(tmp_path: Path, tiny_suite: Path) -> None:
    alone, _ = compute(tiny_suite, tmp_path / "alone")
    session, outcome = side_by_side(tiny_suite, tmp_path / "beside")
    assert outcome.count("done") == len(session.plan.graph.nodes)
    assert manifests(session) == manifests(alone)
    _, again = side_by_side(tiny_suite, tmp_path / "beside")
    assert again.count("cached") == len(session.plan.graph.nodes)


def test_a_worker_that_dies_fails_its_node_and_what_hangs_on_it(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path
) -> None:
    suite = odd_suite(tmp_path, synthetic_data, tiny_base, "os.kill(os.getpid(), signal.SIGKILL)")
    session, outcome = side_by_side(suite, tmp_path / "workspace")
    assert [(failure.node.kind, "SIGKILL" in failure.message) for failure in outcome.failures] == [("train", True)]
    whole, broken = sorted(session.plan.runs, key=lambda run: run.entry.title, reverse=True)
    assert outcome.finished(whole.nodes)
    assert not outcome.finished(broken.nodes)
    assert outcome.count("skipped") > 0


def test_a_disk_that_is_full_ends_everything(tmp_path: Path, synthetic_data: Path, tiny_base: Path) -> None:
    suite = odd_suite(tmp_path, synthetic_data, tiny_base, "raise OSError(28, 'No space left on device')")
    with pytest.raises(StoreError, match="no space is left"):
        side_by_side(suite, tmp_path / "workspace")
    assert list((tmp_path / "workspace" / "store" / "scratch").iterdir()) == []
