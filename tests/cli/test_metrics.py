"""`lifealign metrics` as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PUBLISHED = Path(__file__).parents[1] / "benchmark" / "published_matrix.csv"


def lifealign(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lifealign_bench", "metrics", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_published_matrix_gives_every_metric_or_its_reason() -> None:
    done = lifealign(PUBLISHED)
    assert done.returncode == 0, done.stderr
    lines = {line.split("  ")[0].strip(): line for line in done.stdout.splitlines()}
    assert "57.42" in lines["Last"]
    assert "53.91" in lines["AP"]
    assert "0.37" in lines["BWT"]
    assert "– FWT: R[1, 2] (HC3 after 1 task) is missing" in done.stdout


def test_json_has_values_reasons_and_formulas(tmp_path: Path) -> None:
    stl, mtl = tmp_path / "stl.csv", tmp_path / "mtl.csv"
    header = PUBLISHED.read_text().splitlines()[0]
    stl.write_text(f"{header}\n50,50,50,50,50,50\n")
    mtl.write_text(f"{header}\n60,60,60,60,60,60\n")
    done = lifealign(PUBLISHED, "--stl", stl, "--mtl", mtl, "--json")
    metrics = json.loads(done.stdout)["metrics"]
    assert round(metrics["plasticity"]["value"], 4) == round(
        (52.52 + 55.62 + 40.69 + 50.74 + 69.71 + 73.37) / 6 - 50, 4
    )
    assert round(metrics["avoidable_forgetting"]["value"], 4) == round(60 - 344.5 / 6, 4)
    assert metrics["gap_closed"]["value"] is None
    assert "R[0, 1]" in metrics["gap_closed"]["reason"]
    assert metrics["bwt"]["formula"]


def test_an_isolated_matrix_has_last_alone(tmp_path: Path) -> None:
    path = tmp_path / "stl.csv"
    path.write_text("a,b\n1,\n,3\n")
    metrics = json.loads(lifealign(path, "--schedule", "isolated", "--json").stdout)["metrics"]
    assert [name for name, measure in metrics.items() if measure["value"] is not None] == ["last"]
    assert metrics["last"]["value"] == 2.0


def test_a_file_that_is_no_matrix_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("a,b\n1,\n3,x\n")
    done = lifealign(path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "line 3, column 2 (b)" in done.stderr
