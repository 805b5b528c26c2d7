"""Whole graphs computed in this process, for tests that look at what nodes left."""

from __future__ import annotations

from pathlib import Path

from lifealign_bench.benchmark.engine import Outcome, Unwatched, run_graph
from lifealign_bench.benchmark.environment import settle_process
from lifealign_bench.benchmark.session import Overrides, Session, open_session


def compute(suite: Path, workspace: Path) -> tuple[Session, Outcome]:
    settle_process(1)
    session = open_session(str(suite), Overrides(), workspace, lambda text: None)
    outcome = run_graph(session.plan.graph, session.world, session.store, Unwatched())
    assert [failure.details for failure in outcome.failures] == []
    return session, outcome


def weights(session: Session, title: str, step: int) -> bytes:
    (run,) = [run for run in session.plan.runs if run.entry.title == title]
    (stage,) = [stage for stage in run.stages if stage.step == step]
    return (session.store.path(stage.train.key) / "policy" / "weights.safetensors").read_bytes()


def manifests(session: Session) -> dict[str, str]:
    """The manifests of the nodes that were computed, by key."""
    keys = [key for key in session.plan.graph.nodes if session.store.has(key)]
    return {key: (session.store.path(key) / "MANIFEST.sha256").read_text("utf-8") for key in keys}
