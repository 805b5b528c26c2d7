"""`lifealign run -w s3://...`: the bytes of a folder, several processes, a board that reads there, plain errors."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3_server import BUCKET, S3Server, free_port, s3_server
from support import write_suite


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as found:
        yield found


def start(folder: Path, *words: str, **changes: str) -> subprocess.Popen[str]:
    around = {**os.environ, "LIFEALIGN_CACHE": str(folder / "cache"), **changes}
    command = [sys.executable, "-m", "lifealign_bench", *words]
    return subprocess.Popen(command, cwd=folder, env=around, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def said(process: subprocess.Popen[str]) -> str:
    out, problems = process.communicate(timeout=600)
    assert process.returncode == 0, problems
    return out


def test_processes_on_one_bucket_share_the_work_and_leave_the_bytes_of_a_folder(
    server: S3Server, tmp_path: Path, synthetic_data: Path, tiny_base: Path
) -> None:
    suite = str(write_suite(tmp_path / "suite.yaml", synthetic_data, tiny_base, methods=["seqft"]))
    place = f"s3://{BUCKET}/{tmp_path.name}"
    run = ("run", suite, "--workers", "1", "--workspace")
    caches = [{"LIFEALIGN_CACHE": str(tmp_path / name)} for name in ("one", "two")]
    outs = [said(process) for process in [start(tmp_path, *run, place, **cache) for cache in caches]]
    assert all("done: " in out for out in outs)
    said(start(tmp_path, *run, "alone"))
    (alone,) = (tmp_path / "alone" / "results" / "tiny").glob("*/run.json")
    for name in ("one", "two"):
        (record,) = (tmp_path / name).glob("workspaces/*/results/tiny/*/run.json")
        assert record.read_bytes() == alone.read_bytes()
    assert "seqft" in said(start(tmp_path, "leaderboard", f"{place}/results", "--table"))


def test_a_workspace_that_does_not_answer_is_one_line(tmp_path: Path, tiny_suite: Path) -> None:
    nobody = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}", "AWS_ACCESS_KEY_ID": "a"}
    process = start(tmp_path, "run", str(tiny_suite), "-w", "s3://bench/w", AWS_SECRET_ACCESS_KEY="b", **nobody)
    _, problems = process.communicate(timeout=600)
    assert process.returncode == 2
    assert problems.count("\n") == 1
    assert "the store does not answer" in problems
