"""A process whose words are passed on as they come, and of which nothing is left when it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lifealign_bench.leaderboard.visible import visible

KEPT, LONGEST = 3, 4_000
"""Last lines that are kept, and bytes of a line that are read as one."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Its exit code, and the last lines that it said, hidden characters made visible."""

    code: int
    last: tuple[str, ...]


def run_watched(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], say: Callable[[str], None]
) -> Ended:
    """Run a command in a folder to its end; `say` gets every line of its two outputs.

    Whatever ends the wait before that (Ctrl-C, `say` that fails) ends the process and those that it started, too.
    """
    last: deque[str] = deque(maxlen=KEPT)
    with subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # A group of its own: the terminal's Ctrl-C ends this process, which then ends that one whole.
        start_new_session=True,
    ) as process:
        try:
            for line in _lines(process.stdout):
                last.append(line)
                say(line)
            return Ended(process.wait(), tuple(last))
        finally:
            _end(process)


def _lines(stream: IO[bytes] | None) -> Iterator[str]:
    while stream is not None and (line := stream.readline(LONGEST)):
        if text := visible(line.decode("utf-8", "replace")).rstrip():
            yield text


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        except PermissionError:  # some systems say so of a group of which all have ended
            process.kill()
    else:
        process.kill()


@contextmanager
def stopped_by_term() -> Iterator[None]:
    """While this is open, a SIGTERM stops as Ctrl-C does, so that what was begun is cleared away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
