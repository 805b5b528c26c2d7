"""Serving the app: one process on this machine, nothing reported to anybody, nothing fetched from elsewhere."""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.places import is_url

if TYPE_CHECKING:
    from lifealign_bench.leaderboard.board import Board, BoardReader
    from lifealign_bench.leaderboard.opening.server import Opening

VARIABLE = "LIFEALIGN_RESULTS"
"""The environment variable by which the served script learns its places, as a JSON list."""

SWITCH_SECONDS = 0.001
GRACE_SECONDS = 1
"""How long pages that are open may go on when the server is to end."""
WAITING = 2048
"""Readers who may wait for an answer at once."""
WEBSOCKETS = "websockets-sansio"

OPTIONS: Mapping[str, str | bool] = {
    "browser.gatherUsageStats": False,
    "server.showEmailPrompt": False,
    "server.fileWatcherType": "none",
    "server.enableStaticServing": False,
    "runner.magicEnabled": False,
    "client.toolbarMode": "minimal",
    # Its own export of tables would not defuse formulas.
    "client.disableDataExport": True,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    # Set for each ground by itself: a colour of the theme as a whole would end following the reader's light or dark.
    "theme.light.primaryColor": "#0072B2",
    "theme.dark.primaryColor": "#56B4E9",
}


def script() -> Path:
    """The script that Streamlit runs."""
    return Path(str(files("lifealign_bench.leaderboard"))) / "app" / "main.py"


def absolute(places: Sequence[str | Path]) -> list[str]:
    """Places that mean the same from every folder.

    Raises:
        InputError: a path that is not there.
    """
    found = []
    for place in map(str, places):
        if not is_url(place) and not Path(place).is_dir():
            raise InputError(place, "results", "no such folder", "a folder of runs, as `lifealign run` writes it")
        found.append(place if is_url(place) else str(Path(place).absolute()))
    return found


def serve(places: Sequence[str], *, host: str = "localhost", port: int = 8501, open_browser: bool = True) -> None:
    """Serve the board of these places until interrupted.

    Raises:
        InputError: the port is taken.
    """
    with _listening(host, port) as listening:
        _load_at_full_speed()
        # What lies elsewhere takes as long as it takes: the app itself says that it is being read.
        opening = None if any(map(is_url, places)) else _opened(listening)
        if open_browser:
            _open_browser(listening)
        first = None if opening is None else _first_board(opening, tuple(places))
        _run(script(), {VARIABLE: json.dumps(list(places))}, host, listening, opening, first)


def run_script(main: Path, environment: Mapping[str, str], *, host: str, port: int, open_browser: bool) -> None:
    """Serve a script until interrupted; environment: variables by which it learns what it shows.

    Raises:
        InputError: the port is taken.
    """
    with _listening(host, port) as listening:
        _load_at_full_speed()
        if open_browser:
            _open_browser(listening)
        _run(main, environment, host, listening)


def _opened(listening: socket.socket) -> Opening | None:
    """What answers until the app does; None where it cannot stand before the installed Streamlit."""
    from lifealign_bench.leaderboard.opening.server import Opening, can_open

    return Opening(listening) if can_open() else None


def _first_board(opening: Opening, places: tuple[str, ...]) -> tuple[BoardReader, Board]:
    """Read the board and show it at once."""
    from lifealign_bench.leaderboard.board import BoardReader
    from lifealign_bench.leaderboard.opening.page import board_page

    reader = BoardReader(places)
    board = reader.read()
    opening.show(board_page(board))
    return reader, board


def _run(
    main: Path,
    environment: Mapping[str, str],
    host: str,
    listening: socket.socket,
    opening: Opening | None = None,
    first: tuple[BoardReader, Board] | None = None,
) -> None:
    import uvicorn
    from streamlit.starlette import App
    from streamlit.web import bootstrap

    from lifealign_bench.leaderboard.app.warming import warm

    os.environ.update(environment)
    options = dict(OPTIONS) | {"server.address": host, "server.port": listening.getsockname()[1]}
    bootstrap.load_config_options(flag_options={name.replace(".", "_"): value for name, value in options.items()})
    config = uvicorn.Config(App(main), ws=WEBSOCKETS, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS)
    server = uvicorn.Server(config)
    warm(first)
    if opening is not None:
        opening.hand_over()
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])


def _load_at_full_speed() -> None:
    # Nothing that is loaded is ever garbage; looking for it takes a tenth of the time. `warming` turns it on again.
    gc.disable()
    # Loading holds the interpreter; switching often lets the server hand out its files meanwhile.
    sys.setswitchinterval(SWITCH_SECONDS)


def _open_browser(listening: socket.socket) -> None:
    """Open the board in the reader's browser, beside what is being loaded: finding a browser may take a while."""
    if _has_display():
        address = f"http://localhost:{listening.getsockname()[1]}"
        Thread(target=webbrowser.open, args=(address,), name="browser", daemon=True).start()


def _has_display() -> bool:
    """Whether this machine can show a browser; a text browser would take the terminal."""
    return os.name != "posix" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or _is_mac()


def _is_mac() -> bool:
    return os.uname().sysname == "Darwin"


def _listening(host: str, port: int) -> socket.socket:
    """A socket on which readers wait until somebody answers."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=WAITING)
    except OSError as error:
        raise InputError("leaderboard", "port", f"{port}: {error.strerror}", "a free one, by --port") from error
