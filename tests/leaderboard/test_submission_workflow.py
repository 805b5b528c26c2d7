"""The workflow of a results repository, step by step on real repositories: what a pull request may do, and what not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

FILE = Path(__file__).parents[2] / "docs" / "check-submissions.yml"
GATE = "nothing else is changed"


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))["jobs"]["check"]["steps"]
    return found


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    return git(folder, "rev-parse", "HEAD")


def gate(folder: Path, base: str, scratch: Path) -> subprocess.CompletedProcess[str]:
    (run,) = (step["run"] for step in steps() if step.get("name") == GATE)
    values = {**os.environ, "BASE": base, "RUNNER_TEMP": str(scratch)}
    return subprocess.run(
        ["bash", "-e", "-c", run], cwd=folder, env=values, capture_output=True, text=True, check=False
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    (folder / "incoming").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "incoming" / "old.zip").write_bytes(b"old" * 100)
    (folder / "README.md").write_text("results\n", "utf-8")
    return folder


def moved(folder: Path) -> None:
    git(folder, "mv", "incoming/old.zip", "incoming/new.zip")


def linked(folder: Path) -> None:
    (folder / "incoming" / "new.zip").symlink_to("/etc/passwd")


def own_pip(folder: Path) -> None:
    (folder / "pip").mkdir()
    (folder / "pip" / "__main__.py").write_text("raise SystemExit(0)\n", "utf-8")


def changed(folder: Path) -> None:
    (folder / "incoming" / "old.zip").write_bytes(b"other")


@pytest.mark.parametrize("change", [moved, linked, own_pip, changed])
def test_a_pull_request_that_does_more_than_add_archives_fails(
    change: Callable[[Path], None], repository: Path, tmp_path: Path
) -> None:
    base = commit(repository)
    change(repository)
    commit(repository)
    assert gate(repository, base, tmp_path).returncode != 0


def test_new_archives_are_listed_and_a_git_that_fails_ends_the_job(repository: Path, tmp_path: Path) -> None:
    base = commit(repository)
    shutil.copy(repository / "incoming" / "old.zip", repository / "incoming" / "copy.zip")
    commit(repository)
    done = gate(repository, base, tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert (tmp_path / "bundles").read_text("utf-8") == f"{repository}/incoming/copy.zip\0"
    assert gate(repository, "0" * 40, tmp_path).returncode != 0


def test_it_may_only_read_has_no_secret_and_names_what_it_uses_by_commit() -> None:
    text = FILE.read_text("utf-8")
    workflow = yaml.safe_load(text)
    # YAML reads the key `on` as true. `pull_request_target` would run with the rights of the repository.
    assert set(workflow[True]) == {"pull_request"}
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert "permissions" not in job
    assert "secrets." not in text
    assert "github.token" not in text
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name) for name in used)
    (checkout,) = (step for step in steps() if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["persist-credentials"] is False
    (install,) = (step["run"] for step in steps() if "pip install" in step.get("run", ""))
    assert re.search(r"lifealign-bench==\d+\.\d+\.\d+", install)
    # What a pull request names reaches a script only through the environment, never as a part of its text.
    assert all("${{" not in step.get("run", "") for step in steps())


def test_nothing_is_run_from_the_pull_request_and_the_gate_is_the_first() -> None:
    names = [step.get("name", "") for step in steps()]
    python = [step for step in steps() if "python" in step.get("run", "")]
    assert names.index(GATE) < min(steps().index(step) for step in python)
    for step in python:
        assert step["working-directory"] == "${{ runner.temp }}"
        assert "python -P -m" in step["run"]
