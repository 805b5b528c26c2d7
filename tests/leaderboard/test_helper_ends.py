"""The process that computes beside the app never outlives it, and is not kept for nothing."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from stored_boards import store_board

from lifealign_bench.leaderboard.asking import Helper
from lifealign_bench.leaderboard.board import Board, load_board
from lifealign_bench.leaderboard.questions import Question, from_json


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_board(tmp_path_factory.mktemp("answers"), seeds=(0, 1))


def asked(board: Board, metric: str = "rubric") -> Question:
    return Question("inference", tuple(run.folder for run in board.runs), metric)


SLOW_HELPER = """
import sys, time
from lifealign_bench.leaderboard import helper
helper.answer = lambda *_: print("computing", file=sys.stderr, flush=True) or time.sleep(600)
helper.serve((sys.argv[1],), helper.until_the_end(sys.stdin.buffer), sys.stdout.buffer)
"""


def test_the_process_ends_in_the_midst_of_a_computation_when_the_app_does(results: Path) -> None:
    question = TypeAdapter(Question).dump_json(asked(load_board([results])))
    command = [sys.executable, "-P", "-c", SLOW_HELPER, str(results)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"1 " + question + b"\n")
        process.stdin.flush()
        assert b"computing" in process.stderr.readline()
        process.stdin.close()
        assert process.wait(timeout=300) == 0


KILLED_APP = """
import os, sys, time
from lifealign_bench.leaderboard.asking import Helper
helper = Helper((sys.argv[1],))
process = helper._running()
if os.fork() == 0:
    # A child that lives on has the app's end of the pipe, too.
    time.sleep(600)
    os._exit(0)
print(process.pid, flush=True)
time.sleep(600)
"""


def test_the_process_ends_when_the_app_is_killed_even_where_another_holds_its_pipe(results: Path) -> None:
    command = [sys.executable, "-P", "-c", KILLED_APP, str(results)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as app:
        assert app.stdout is not None
        number = int(app.stdout.readline())
        assert is_there(number)
        app.kill()
        try:
            assert gone(number)
        finally:
            os.killpg(app.pid, signal.SIGKILL)


def test_a_helper_that_nobody_can_ask_any_more_leaves_no_process(results: Path) -> None:
    helper = Helper((str(results),))
    helper.ask(asked(load_board([results])))
    process = helper._running()
    del helper
    gc.collect()
    assert process.wait(timeout=300) == 0


IDLE_HELPER = """
import sys
from lifealign_bench.leaderboard import helper
helper.IDLE_SECONDS = 0.2
helper.serve((sys.argv[1],), helper.until_the_end(sys.stdin.buffer), sys.stdout.buffer)
"""


def test_a_process_that_is_asked_nothing_for_long_ends_and_is_started_again(results: Path) -> None:
    command = [sys.executable, "-P", "-c", IDLE_HELPER, str(results)]
    helper = Helper((str(results),))
    helper._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert helper._process.wait(timeout=300) == 0
    assert from_json("inference", helper.ask(asked(load_board([results]))))


def is_there(number: int) -> bool:
    """Whether a process runs; one that ended and was not asked how is none."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(number: int, seconds: float = 300.0) -> bool:
    end = time.monotonic() + seconds
    while is_there(number) and time.monotonic() < end:
        time.sleep(0.1)
    return not is_there(number)


ENDING_APP = """
import sys, time
from lifealign_bench.leaderboard.app.source import Source
source = Source((sys.argv[1],))
runs = source.board().runs
source._helper.ask = lambda question: time.sleep(600)
from lifealign_bench.leaderboard.questions import Question
source.ask(Question("inference", tuple(run.folder for run in runs), "rubric"), runs)
"""


def test_the_app_ends_while_a_computation_runs(results: Path, tmp_path: Path) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-P", "-c", ENDING_APP, str(results)], env=environment, timeout=300)
    assert done.returncode == 0


def test_an_interrupt_from_the_keyboard_is_not_for_the_process_beside_the_app(results: Path) -> None:
    helper = Helper((str(results),))
    process = helper._running()
    assert os.getpgid(process.pid) != os.getpgid(0)
    process.kill()
    process.wait()
