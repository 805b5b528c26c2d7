"""Serving the app: one process on this machine, nothing reported to anybody, nothing fetched from elsewhere."""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.places import is_url

VARIABLE = "LIFEALIGN_RESULTS"
"""The environment variable by which the served script learns its places, as a JSON list."""

SWITCH_SECONDS = 0.001

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
    run_script(script(), {VARIABLE: json.dumps(list(places))}, host=host, port=port, open_browser=open_browser)


def run_script(main: Path, environment: Mapping[str, str], *, host: str, port: int, open_browser: bool) -> None:
    """Serve a script until interrupted; environment: variables by which it learns what it shows.

    Raises:
        InputError: the port is taken.
    """
    from streamlit.web import bootstrap

    from lifealign_bench.leaderboard.app.warming import warm_when_listening

    _check_free(host, port)
    os.environ.update(environment)
    options = dict(OPTIONS) | {
        "server.address": host,
        "server.port": port,
        "server.headless": not open_browser or not _has_display(),
    }
    flags = {name.replace(".", "_"): value for name, value in options.items()}
    # Nothing that is loaded is ever garbage; looking for it takes a tenth of the time. `warming` turns it on again.
    gc.disable()
    # Loading holds the interpreter; switching often lets the server hand out its files meanwhile.
    sys.setswitchinterval(SWITCH_SECONDS)
    warm_when_listening(host, port)
    bootstrap.load_config_options(flag_options=flags)
    bootstrap.run(str(main), False, [], flags)


def _has_display() -> bool:
    """Whether this machine can show a browser; without one Streamlit would wait for it in vain."""
    return os.name != "posix" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or _is_mac()


def _is_mac() -> bool:
    return os.uname().sysname == "Darwin"


def _check_free(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        raise InputError("leaderboard", "port", f"{port}: {error.strerror}", "a free one, by --port") from error
