"""Two runs of the reference board, drawn by chance, computed again with this code: the same answers and numbers."""

from __future__ import annotations

import random
import secrets
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.cli import app
from lifealign_bench.leaderboard.shipped import REFERENCE, shipped_results
from lifealign_bench.leaderboard.submissions import reproducing

DRAWN = 2


def test_runs_drawn_by_chance_are_the_same_again(tmp_path: Path) -> None:
    seed = secrets.randbits(32)
    shipped = find_runs(shipped_results())
    differing = []
    for run in random.Random(seed).sample(shipped, DRAWN):
        values = load_suite(REFERENCE).model_dump(mode="json")
        suite = tmp_path / f"{run.folder.name}.yaml"
        again = reproducing.suite_of(values, run.record, run.record.method.name)
        suite.write_text(yaml.safe_dump({**again, "name": REFERENCE}), "utf-8")
        done = CliRunner().invoke(app, ["run", str(suite), "--workspace", str(tmp_path / "workspace")])
        assert done.exit_code == 0, done.output
        own = tmp_path / "workspace" / "results" / REFERENCE / run.folder.name
        found = reproducing.compare_runs(run.folder, own, fresh=False, isolated=False)
        if not found.is_reproduced:
            differing.append(f"{run.folder.name}: {found}")
    if differing:
        pytest.fail(f"drawn with seed {seed}: {differing}")
