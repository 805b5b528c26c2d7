"""The process beside the app that computes intervals and tests, so that pages go on being served meanwhile.

It reads a numbered question a line and writes two lines for each: its number and how many of the runs asked about were
there, then the answer. It ends in the midst of a computation when its input ends or its app is gone, however that
ended, and when nothing was asked for a while: the next question starts another.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from time import sleep
from typing import BinaryIO

from pydantic import TypeAdapter

from lifealign_bench.leaderboard.board import BoardReader
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.questions import Question, answer, to_json

IDLE_SECONDS = 600.0
"""Without a question; then its memory is of more use to others."""
WATCH_SECONDS = 1.0


def serve(places: tuple[str, ...], asked: Iterator[bytes], answered: BinaryIO) -> None:
    """Answer every question on the board of these places until there are no more."""
    reader, rows, questions = BoardReader(places), Rows(), TypeAdapter(Question)
    for line in asked:
        number, _, body = line.partition(b" ")
        question = questions.validate_json(body)
        wanted = set(question.folders)
        runs = [run for run in reader.read().runs if run.folder in wanted]
        whole = len(runs) == len(wanted)
        found = to_json(question.kind, answer(question, runs, rows)) if whole else b"null"
        answered.write(b"%d %d\n%b\n" % (int(number), len(runs), found))
        answered.flush()


def until_the_end(asked: BinaryIO) -> Iterator[bytes]:
    """The lines of this input as they come; the process ends at once when the input does, whatever it computes."""
    lines: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(asked, lines), daemon=True).start()
    while True:
        try:
            yield lines.get(timeout=IDLE_SECONDS)
        except Empty:
            os._exit(0)


def end_with(parent: int) -> None:
    """End this process at once when that parent has ended: others may still hold the pipe that it wrote to."""
    Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        sleep(WATCH_SECONDS)
    os._exit(0)


def _listen(asked: BinaryIO, lines: SimpleQueue[bytes]) -> None:
    for line in asked:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    # What a library prints goes to the errors: the pipe to the app is the answers' own.
    own_input, own_output = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    end_with(int(sys.argv[1]))
    serve(tuple(sys.argv[2:]), until_the_end(own_input), own_output)
