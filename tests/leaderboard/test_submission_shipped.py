"""The shipped results are themselves submissions: packed by the command, they pass, whatever the method."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lifealign_bench.cli import app
from lifealign_bench.leaderboard.shipped import shipped_results

ALWAYS = "l2p"


LABELS = sorted({path.name.partition("--")[0] for path in shipped_results().glob("*--*--s0")})


@pytest.mark.parametrize(
    "method", [pytest.param(name, marks=() if name == ALWAYS else pytest.mark.long) for name in LABELS]
)
def test_the_shipped_runs_of_a_method_are_a_submission_that_passes(method: str, tmp_path: Path) -> None:
    bundle = tmp_path / f"{method}.zip"
    packed = CliRunner().invoke(
        app, ["submission", "pack", str(shipped_results()), "--method", method, "--out", str(bundle)]
    )
    assert packed.exit_code == 0, packed.output
    done = CliRunner().invoke(app, ["submission", "check", str(bundle), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["clean"]
    assert found["rows"] > 10_000
    assert [finding for finding in found["findings"] if finding["rule"] != "C4"] == []
