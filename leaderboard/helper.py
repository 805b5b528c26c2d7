"""The process beside the app that computes intervals and tests, so that pages go on being served meanwhile.

It reads a numbered question a line and writes two lines for each: its number and how many of the runs asked about were
there, then the answer. It ends in the midst of a computation when its input ends, and so with the app.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from pydantic import TypeAdapter

from lifealign_bench.leaderboard.board import BoardReader
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.questions import Question, answer, to_json


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
        yield lines.get()


def _listen(asked: BinaryIO, lines: SimpleQueue[bytes]) -> None:
    for line in asked:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    # What a library prints goes to the errors: the pipe to the app is the answers' own.
    own_input, own_output = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(tuple(sys.argv[1:]), until_the_end(own_input), own_output)
