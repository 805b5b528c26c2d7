"""Loading what the first page needs while the reader's browser still loads the page's frame."""

from __future__ import annotations

import gc
import socket
import time
from importlib import import_module
from threading import Thread

LIBRARIES = ("pandas", "pyarrow")
FIRST_PAGES = ("start", "ranking")
PATIENCE_SECONDS = 60.0


def warm_when_listening(host: str, port: int) -> Thread:
    """Begin as soon as somebody listens at the address: the server itself comes first."""
    thread = Thread(target=_warm, args=(host, port), name="warming", daemon=True)
    thread.start()
    return thread


def _warm(host: str, port: int) -> None:
    try:
        if _listening(host, port):
            _load()
    finally:
        gc.freeze()
        gc.enable()


def _load() -> None:
    pages = [f"lifealign_bench.leaderboard.app.page_{page}" for page in FIRST_PAGES]
    for name in (*LIBRARIES, "lifealign_bench.leaderboard.app.shell", *pages):
        import_module(name)
    from lifealign_bench.leaderboard.app.source import named_places, source_of

    source_of(named_places()).board()


def _listening(host: str, port: int) -> bool:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            with socket.create_connection((host, port), timeout=1.0):
                return True
        except OSError:
            time.sleep(0.02)
    return False
