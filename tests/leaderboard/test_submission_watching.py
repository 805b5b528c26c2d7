"""A run that is run again says what it does while it does it, and leaves no process when it is stopped."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lifealign_bench.cli import app, submission_again
from lifealign_bench.leaderboard.submissions import watching

CHILDREN = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
print("at \\x1bwork", file=sys.stderr, flush=True)
time.sleep(600)
"""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked at in /proc")
def test_stopped_in_the_middle_it_leaves_neither_the_process_nor_its_children(tmp_path: Path) -> None:
    heard: list[str] = []

    def say(line: str) -> None:
        heard.append(line)
        if "work" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watching.run_watched([sys.executable, "-c", CHILDREN], tmp_path, dict(os.environ), say)
    child = int(heard[0])
    assert heard[1:] == ["at \ufffdwork"]
    deadline = time.monotonic() + 60
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)


def test_what_it_says_last_and_its_exit_code_are_kept(tmp_path: Path) -> None:
    heard: list[str] = []
    command = [sys.executable, "-c", "import sys; [print(n) for n in range(9)]; print('x' * 9000); sys.exit(3)"]
    ended = watching.run_watched(command, tmp_path, dict(os.environ), heard.append)
    assert ended.code == 3
    assert heard[:9] == [str(number) for number in range(9)]
    assert ended.last == tuple(heard[-watching.KEPT :])
    assert max(map(len, heard)) == watching.LONGEST


def test_a_term_signal_stops_as_ctrl_c_does_and_only_meanwhile() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), watching.stopped_by_term():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_command_that_was_stopped_ends_with_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(submission_again, "unpacked", stopped)
    done = CliRunner().invoke(app, ["submission", "reproduce", str(tmp_path / "x.zip")])
    assert done.exit_code == 130
    assert "nothing runs any more" in done.stderr
