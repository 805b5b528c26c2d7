"""A policy is opened once for all the nodes that evaluate it, and makes room where something is trained."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from computed import compute, manifests
from lifealign_bench.benchmark.engine import Unwatched, run_graph
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.session import Overrides, open_session
from lifealign_bench.benchmark.world import LoadedWorld
from support import write_suite

EVALUATES = ("pairs", "answers", "reference")


def test_a_policy_is_opened_once_for_the_nodes_that_follow_each_other(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, kept_while_training = [], []
    open_base = LoadedWorld.open_base

    def counting(world: LoadedWorld, *rest: object) -> object:
        opened.append(world)
        kept_while_training.append(world.opened)
        return open_base(world, *rest)

    monkeypatch.setattr(LoadedWorld, "open_base", counting)
    session, _ = compute(write_suite(tmp_path / "suite.yaml", synthetic_data, tiny_base), tmp_path / "workspace")
    nodes = list(session.plan.graph.in_order())
    groups = [key for key, _ in groupby(nodes, policy_of)]
    assert len(opened) == len(groups) < len(nodes) / 2
    # Whenever a model is opened, no other one is held.
    assert kept_while_training == [None] * len(opened)


def policy_of(node: Node) -> str | None:
    return node.parents.get("policy") if node.kind in EVALUATES else node.key


METHOD = """
import pathlib
from contextlib import contextmanager
from lifealign_bench.methods import MethodSpec
from lifealign_bench.methods.seqft import SeqFT

class Odd(SeqFT):
    spec = MethodSpec(name="odd", version="1", title="odd", paper="none")

    @contextmanager
    def serve(self, policy, task=None):
        failed = pathlib.Path("failed")
        if not failed.exists():
            failed.touch()
            for parameter in policy.parameters():
                parameter.data.add_(1.0)
            raise RuntimeError("odd")
        yield policy
"""


def test_a_policy_that_a_failed_node_left_half_changed_is_not_used_again(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd.py").write_text(METHOD, "utf-8")
    suite = write_suite(tmp_path / "suite.yaml", synthetic_data, tiny_base, methods=["odd.py:Odd"])
    session = open_session(str(suite), Overrides(), tmp_path / "failing", lambda text: None)
    outcome = run_graph(session.plan.graph, session.world, session.store, Unwatched())
    assert [failure.message for failure in outcome.failures] == ["RuntimeError: odd"]
    whole, _ = compute(suite, tmp_path / "whole")
    left = manifests(session)
    assert left.items() < manifests(whole).items()
    assert len(left) == len(session.plan.graph.nodes) - 1
