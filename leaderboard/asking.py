"""The app's side of the process that computes: started with the first question, started again if it is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from weakref import finalize

from pydantic import TypeAdapter

from lifealign_bench.leaderboard.questions import Question

PATIENCE_SECONDS = 5.0
"""For a process that answers no more to end by itself."""


class NoAnswerError(Exception):
    """The process that computes ended without an answer."""


@dataclass
class Helper:
    """One process for the board of these places; safe to share between threads, one question at a time."""

    places: tuple[str, ...]
    _process: subprocess.Popen[bytes] | None = None
    _number: int = 0
    _lock: Lock = field(default_factory=Lock)

    def ask(self, question: Question) -> bytes:
        """The answer as JSON; waits for it. A process that is gone is replaced once.

        Raises:
            NoAnswerError: the process cannot be started, ended instead of answering, or did not find all the runs.
        """
        with self._lock:
            try:
                return self._asked(question)
            except NoAnswerError:
                return self._asked(question)

    def _asked(self, question: Question) -> bytes:
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise NoAnswerError("no pipe")
        self._number += 1
        try:
            process.stdin.write(b"%d %b\n" % (self._number, TypeAdapter(Question).dump_json(question)))
            process.stdin.flush()
            head, body = process.stdout.readline(), process.stdout.readline()
        except OSError as error:
            self._ended(process)
            raise NoAnswerError(str(error)) from error
        if not body.endswith(b"\n"):
            raise NoAnswerError(f"it ended with {self._ended(process)}")
        number, _, found = head.decode(errors="replace").strip().partition(" ")
        if number != str(self._number):
            self._ended(process)
            raise NoAnswerError("it answered another question")
        if found != str(len(set(question.folders))):
            raise NoAnswerError(f"it found {found} of {len(set(question.folders))} runs")
        return body

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            own = str(os.getpid())
            command = [sys.executable, "-P", "-m", "lifealign_bench.leaderboard.helper", own, *self.places]
            pipe = subprocess.PIPE
            try:
                # An interrupt from the keyboard is for the app alone: the process ends when its input does.
                self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)
            except OSError as error:
                raise NoAnswerError(error.strerror or type(error).__name__) from error
            # Python keeps the pipe of a process that runs, even when nobody can ask it any more.
            finalize(self, _let_go, self._process)
        return self._process

    def _ended(self, process: subprocess.Popen[bytes]) -> int:
        """How the process ended, by force where it does not by itself."""
        self._process = None
        try:
            return process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Let a process end: its input does."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
