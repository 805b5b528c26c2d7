"""Where the app gets its board from: places named by the environment, read once and again where something changed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock, Thread

import streamlit as st

from lifealign_bench.leaderboard.asking import Helper, NoAnswerError
from lifealign_bench.leaderboard.board import Board, BoardReader
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.questions import Answer, Question, from_json
from lifealign_bench.leaderboard.serving import VARIABLE
from lifealign_bench.leaderboard.shelf import Shelf, named_answer, named_by_code, own_shelf, rows_name
from lifealign_bench.leaderboard.shipped import board_folder

FRESH_SECONDS = 15.0
MOST_KEPT = 48
"""Answers that are kept in memory."""
FAILED_SECONDS = 30.0
"""A failure is shown for so long; then the question is asked again."""


@dataclass
class Source:
    """A board that is looked at again at most every `FRESH_SECONDS`, and answers about it; all readers share it."""

    places: tuple[str, ...]
    rows: Rows = field(default_factory=Rows)
    shelf: Shelf = field(default_factory=own_shelf)
    _reader: BoardReader = field(init=False)
    _helper: Helper = field(init=False)
    _board: Board = field(default_factory=Board)
    _answers: dict[Question, Future[Answer]] = field(default_factory=dict)
    _failed: dict[Question, float] = field(default_factory=dict)
    _read_at: float | None = None
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._reader = BoardReader(self.places)
        self._helper = Helper(self.places)

    def adopt(self, reader: BoardReader, board: Board) -> None:
        """Begin with what another has read just now of the same places, and read on with its reader."""
        with self._lock:
            if self._read_at is None:
                self._reader, self._board, self._read_at = reader, board, time.monotonic()

    def board(self, *, now: bool = False) -> Board:
        """The board, at most `FRESH_SECONDS` old; as it is now, failures forgotten, where `now` asks for that."""
        with self._lock:
            if now:
                self._forget(list(self._failed))
            if now or self._read_at is None or time.monotonic() - self._read_at > FRESH_SECONDS:
                found = self._reader.read()
                if found != self._board:
                    self._board, self._answers, self._failed = found, {}, {}
                self._read_at = time.monotonic()
            return self._board

    def ask(self, question: Question, runs: Sequence[BoardRun]) -> Future[Answer]:
        """The answer to a question about these runs, for as long as the board stays as it is: now or later."""
        with self._lock:
            self._forget([one for one, at in self._failed.items() if time.monotonic() - at > FAILED_SECONDS])
            found = self._answers.get(question)
            if found is None:
                found = self._begun(question, runs)
                while len(self._answers) >= MOST_KEPT:
                    self._answers.pop(next(iter(self._answers)))
                self._answers[question] = found
            return found

    def _forget(self, questions: Sequence[Question]) -> None:
        for question in questions:
            self._answers.pop(question, None)
            self._failed.pop(question, None)

    def _begun(self, question: Question, runs: Sequence[BoardRun]) -> Future[Answer]:
        name = rows_name(question, runs)
        kept = None if name is None else named_answer(name, question, self.shelf)
        found: Future[Answer] = Future()
        if kept is None:
            # The interpreter does not wait for a daemon: the app ends whatever is being computed.
            Thread(target=self._compute, args=(found, question, runs, name), name="asking", daemon=True).start()
        else:
            found.set_result(kept)
        return found

    def _compute(self, found: Future[Answer], question: Question, runs: Sequence[BoardRun], name: str | None) -> None:
        failed: Answer = "the process that computes them failed"
        try:
            body = self._helper.ask(question)
            known = from_json(question.kind, body)
            # Rows that changed meanwhile have another name, and nobody knows which of them were read.
            if name is not None and name == rows_name(question, runs):
                self.shelf.keep(named_by_code(name), body)
            found.set_result(known)
        except (NoAnswerError, ValueError) as error:
            failed = f"{failed}: {error}"
        finally:
            if not found.done():
                with self._lock:
                    if self._answers.get(question) is found:
                        self._failed[question] = time.monotonic()
                found.set_result(failed)


def named_places() -> tuple[str, ...]:
    """The folders and URLs in the environment, else the board that ships."""
    text = os.environ.get(VARIABLE)
    return tuple(str(place) for place in json.loads(text)) if text else (str(board_folder()),)


@st.cache_resource(show_spinner=False, max_entries=4)
def source_of(places: tuple[str, ...]) -> Source:
    """The one source of these places in this process."""
    return Source(places)
