"""The app's side of the process that computes: started with the first question, started again if it is gone."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from threading import Lock

from pydantic import TypeAdapter

from lifealign_bench.leaderboard.questions import Question


class NoAnswerError(Exception):
    """The process that computes ended without an answer."""


@dataclass
class Helper:
    """One process for the board of these places; safe to share between threads, one question at a time."""

    places: tuple[str, ...]
    _process: subprocess.Popen[bytes] | None = None
    _lock: Lock = field(default_factory=Lock)

    def ask(self, question: Question) -> bytes:
        """The answer as JSON; waits for it.

        Raises:
            NoAnswerError: the process cannot be started, or ended instead of answering.
        """
        with self._lock:
            process = self._running()
            if process.stdin is None or process.stdout is None:
                raise NoAnswerError("no pipe")
            try:
                process.stdin.write(TypeAdapter(Question).dump_json(question) + b"\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except OSError as error:
                raise NoAnswerError(str(error)) from error
            if not line.endswith(b"\n"):
                raise NoAnswerError(f"it ended with {process.wait()}")
            return line

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-P", "-m", "lifealign_bench.leaderboard.helper", *self.places]
            try:
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            except OSError as error:
                raise NoAnswerError(error.strerror or type(error).__name__) from error
        return self._process
