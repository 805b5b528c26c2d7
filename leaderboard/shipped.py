"""The board that ships with the package: what a newcomer sees before running anything."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from lifealign_bench.benchmark.compact.opening import opened

SUITE = "mini-all"
NOTE = "the board that ships with the package: a synthetic world, one seed; nothing of yours is in it yet"


def shipped_results() -> Path:
    """The folder of the shipped results, one folder a run; unpacked with the first call where they ship compact."""
    return opened(board_folder() / SUITE)


def shipped_answers() -> Path:
    """The folder of intervals and tests of the shipped board, computed from its rows beforehand."""
    return board_folder() / "answers"


def board_folder() -> Path:
    """The folder of what ships: results and the answers about them."""
    return Path(str(files("lifealign_bench.leaderboard"))) / "board"
