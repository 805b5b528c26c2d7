"""Where the app gets its board from: places named by the environment, read once and again where something changed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

import streamlit as st

from lifealign_bench.leaderboard.board import Board, BoardReader
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.inference import Inference, infer
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.serving import VARIABLE
from lifealign_bench.leaderboard.shipped import shipped_results

FRESH_SECONDS = 15.0
MOST_KEPT = 24
"""Inferences that are kept: a metric and a choice of filters each."""


PENDING = Inference(notes=("Intervals and tests are being computed …",))


@dataclass
class Source:
    """A board that is looked at again at most every `FRESH_SECONDS`; all readers share it."""

    places: tuple[str, ...]
    rows: Rows = field(default_factory=Rows)
    _reader: BoardReader = field(init=False)
    _board: Board = field(default_factory=Board)
    _inferred: dict[tuple[object, ...], Inference] = field(default_factory=dict)
    _read_at: float | None = None
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._reader = BoardReader(self.places)

    def board(self, *, now: bool = False) -> Board:
        """The board, at most `FRESH_SECONDS` old; as it is this moment where `now` asks for that."""
        with self._lock:
            if now or self._read_at is None or time.monotonic() - self._read_at > FRESH_SECONDS:
                found = self._reader.read()
                if found != self._board:
                    self._board, self._inferred = found, {}
                self._read_at = time.monotonic()
            return self._board

    def known(self, runs: Sequence[BoardRun], metric: str) -> Inference | None:
        """The inference on these runs where it was computed before, for as long as the board stays as it is."""
        return self._inferred.get((metric, *(run.folder for run in runs)))

    def infer(self, runs: Sequence[BoardRun], metric: str) -> Inference:
        """The inference on these runs, computed once."""
        key = (metric, *(run.folder for run in runs))
        found = self.known(runs, metric)
        if found is None:
            found = infer(self.rows, runs, metric)
            while len(self._inferred) >= MOST_KEPT:
                self._inferred.pop(next(iter(self._inferred)))
            self._inferred[key] = found
        return found


def named_places() -> tuple[str, ...]:
    """The folders and URLs in the environment, else the board that ships."""
    text = os.environ.get(VARIABLE)
    return tuple(str(place) for place in json.loads(text)) if text else (str(shipped_results()),)


@st.cache_resource(show_spinner=False, max_entries=4)
def source_of(places: tuple[str, ...]) -> Source:
    """The one source of these places in this process."""
    return Source(places)


@dataclass
class Later:
    """Hands out the inference that is known; what is not is computed once the page is drawn, which is then drawn again.

    A reader sees the numbers at once, and their intervals a moment later.
    """

    source: Source
    _asked: list[tuple[tuple[BoardRun, ...], str]] = field(default_factory=list)

    def infer(self, runs: Sequence[BoardRun], metric: str) -> Inference:
        """The inference on these runs, or for now a note that it is being computed."""
        found = self.source.known(runs, metric)
        if found is None:
            self._asked.append((tuple(runs), metric))
            return PENDING
        return found

    def compute(self) -> bool:
        """Compute what was asked for and not known; whether there was any."""
        for runs, metric in self._asked:
            self.source.infer(runs, metric)
        return bool(self._asked)
