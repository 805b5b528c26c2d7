"""The process beside the app that computes intervals and tests, so that pages go on being served meanwhile.

It reads a question a line from its input and writes an answer a line; it ends when its input does, and so with the app.
"""

from __future__ import annotations

import sys
from typing import BinaryIO

from pydantic import TypeAdapter

from lifealign_bench.leaderboard.board import BoardReader
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.questions import Question, answer, to_json


def serve(places: tuple[str, ...], asked: BinaryIO, answered: BinaryIO) -> None:
    """Answer every question on the board of these places until there are no more."""
    reader, rows, questions = BoardReader(places), Rows(), TypeAdapter(Question)
    for line in asked:
        question = questions.validate_json(line)
        wanted = set(question.folders)
        runs = [run for run in reader.read().runs if run.folder in wanted]
        answered.write(to_json(question.kind, answer(question, runs, rows)) + b"\n")
        answered.flush()


if __name__ == "__main__":
    serve(tuple(sys.argv[1:]), sys.stdin.buffer, sys.stdout.buffer)
