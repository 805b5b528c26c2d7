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

    def infer(self, runs: Sequence[BoardRun], metric: str) -> Inference:
        """The inference on these runs, computed once for as long as the board stays as it is."""
        key = (metric, *(run.folder for run in runs))
        found = self._inferred.get(key)
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
