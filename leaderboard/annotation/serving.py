"""Serving the page of one study."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from lifealign_bench.leaderboard.serving import run_script

VARIABLE = "LIFEALIGN_STUDY"
"""The environment variable by which the served script learns its study, as JSON."""


@dataclass(frozen=True, slots=True)
class Served:
    """What is served. study: path of its file. tokens_only: whether a name alone lets nobody in."""

    study: str
    tokens_only: bool = False

    def text(self) -> str:
        """As it stands in the environment."""
        return json.dumps(asdict(self))


def served() -> Served:
    """What this process serves."""
    return Served(**json.loads(os.environ[VARIABLE]))


def script() -> Path:
    """The script that Streamlit runs."""
    return Path(str(files("lifealign_bench.leaderboard"))) / "annotation" / "main.py"


def serve(what: Served, *, host: str = "localhost", port: int = 8502, open_browser: bool = True) -> None:
    """Serve the page until interrupted.

    Raises:
        InputError: the port is taken.
    """
    run_script(script(), {VARIABLE: what.text()}, host=host, port=port, open_browser=open_browser)
