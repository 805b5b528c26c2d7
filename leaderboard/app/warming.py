"""Loading what the first page needs while the reader's browser still loads the page's frame."""

from __future__ import annotations

import gc
from importlib import import_module
from threading import Thread

from lifealign_bench.leaderboard.board import Board, BoardReader

LIBRARIES = ("pandas", "pyarrow")
FIRST_PAGES = ("start", "ranking")


def warm(first: tuple[BoardReader, Board] | None = None) -> Thread:
    """Begin beside the server; first: the board where it was read already, and what read it."""
    thread = Thread(target=_warm, args=(first,), name="warming", daemon=True)
    thread.start()
    return thread


def _warm(first: tuple[BoardReader, Board] | None) -> None:
    try:
        _load(first)
    finally:
        gc.freeze()
        gc.enable()


def _load(first: tuple[BoardReader, Board] | None) -> None:
    from lifealign_bench.leaderboard.app.source import named_places, source_of

    if first is not None:
        source_of(named_places()).adopt(*first)
    pages = [f"lifealign_bench.leaderboard.app.page_{page}" for page in FIRST_PAGES]
    for name in (*LIBRARIES, "lifealign_bench.leaderboard.app.shell", *pages):
        import_module(name)
    source_of(named_places()).board()
