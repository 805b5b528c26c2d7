"""Strangers' code that is run again reaches nothing but what it is given."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lifealign_bench.data.errors import LifeAlignError
from lifealign_bench.leaderboard.submissions import reproducing
from lifealign_bench.leaderboard.submissions.isolation import can_isolate, isolated

REACHING = """
import os, signal, socket, subprocess, sys
secret, port, own, package, pid = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])
said = []
def tried(name, act):
    try:
        act()
        said.append(name)
    except OSError:
        pass
tried('read', lambda: open(secret).read())
tried('connected', lambda: socket.create_connection(('127.0.0.1', port), 2))
tried('wrote', lambda: open(package, 'a'))
tried('signalled', lambda: os.kill(pid, 0))
tried('environment', lambda: open(f'/proc/{pid}/environ').read())
if subprocess.run(['mount', '-o', 'remount,bind,rw', sys.prefix], stderr=subprocess.DEVNULL).returncode == 0:
    said.append('mounted')
import lifealign_bench.benchmark.schema
print(open(own).read(), said)
open('result', 'w').write('left here')
"""


@pytest.mark.skipif(not can_isolate(), reason="this system cannot cut a process off")
def test_it_reads_writes_and_reaches_nothing_of_its_host(tmp_path: Path) -> None:
    secret, own, work = tmp_path / "secret", tmp_path / "given" / "own.py", tmp_path / "scratch" / "work"
    secret.write_text("key", "utf-8")
    own.parent.mkdir()
    own.write_text("given", "utf-8")
    (own.parent / "beside").write_text("key", "utf-8")
    work.mkdir(parents=True)
    package = Path(reproducing.__file__).resolve()
    before = package.read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = (secret, server.getsockname()[1], own, package, os.getpid())
        plain = [sys.executable, "-P", "-c", REACHING, *map(str, arguments)]
        command = isolated(plain, work, [own])
        assert command is not None
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout == "given []\n", done.stderr
    assert (work / "result").read_text("utf-8") == "left here"
    assert package.read_bytes() == before
    beside = isolated(["cat", str(own.parent / "beside")], work, [own]) or []
    assert subprocess.run(beside, capture_output=True, check=False, timeout=300).returncode != 0


def test_links_in_place_of_results_are_not_followed(tmp_path: Path) -> None:
    run = tmp_path / "work" / "workspace" / "results" / "suite" / "a--b--s0"
    run.mkdir(parents=True)
    (run / "run.json").symlink_to("/etc/passwd")
    with pytest.raises(LifeAlignError, match="links"):
        reproducing._looked_at(run, tmp_path / "work")
    (run / "run.json").unlink()
    with pytest.raises(LifeAlignError, match="no readable tables"):
        reproducing._looked_at(run, tmp_path / "work")


def test_a_fresh_world_is_only_of_a_suite_whose_rows_are_made() -> None:
    again = reproducing._of_fresh_world({"data_dir": None, "world_seed": 0}, 7)
    assert again["world_seed"] == 7
    with pytest.raises(LifeAlignError, match="data_dir"):
        reproducing._of_fresh_world({"data_dir": "rows"}, 7)
