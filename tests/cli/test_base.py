from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from lifealign_bench.benchmark.bases import base_identity, open_base


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "lifealign_bench", "base", "build", *(str(word) for word in words)]


def build(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, cwd=cwd, timeout=200, check=False)


def test_a_base_is_built_from_a_suites_training_text_and_opens(tiny_suite: Path) -> None:
    done = build("tiny", "--suite", tiny_suite, "--out", "mine", "--json", cwd=tiny_suite.parent)
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)
    folder = tiny_suite.parent / "mine"
    assert json.loads((folder / "base.json").read_text("utf-8")) == card
    assert base_identity(folder, tiny_suite.parent / "cache").weights_sha256 == card["weights_sha256"]
    open_base(folder, dtype="float32", device="cpu")


def test_a_folder_that_is_there_and_a_recipe_that_is_not_are_one_line_each(tiny_suite: Path) -> None:
    (tiny_suite.parent / "mine").mkdir()
    taken = build("tiny", "--suite", tiny_suite, "--out", "mine", cwd=tiny_suite.parent)
    assert taken.returncode == 2
    assert taken.stderr == "error: mine: --out: found a folder that exists, expected one that does not\n"
    unknown = build("smal", "--suite", tiny_suite, "--out", "other", cwd=tiny_suite.parent)
    assert unknown.returncode == 2
    assert "did you mean small" in unknown.stderr
    assert unknown.stderr.count("\n") == 1


def test_a_killed_build_leaves_no_base_and_does_not_stop_the_next(tiny_suite: Path) -> None:
    folder = tiny_suite.parent / "mine"
    process = subprocess.Popen(
        command("small", "--suite", tiny_suite, "--out", folder), cwd=tiny_suite.parent, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 100
    while not list(tiny_suite.parent.glob(".mine.*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not folder.exists()
    assert build("tiny", "--suite", tiny_suite, "--out", folder, cwd=tiny_suite.parent).returncode == 0
