"""The results that ship with the package: the board that a newcomer sees first, and what own runs are read beside."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from lifealign_bench.benchmark.compact.opening import opened

REFERENCE = "mini-full"
"""The suite of the reference board."""
NOTE = "the board that ships with the package: a synthetic world; nothing of yours is in it yet"


def shipped_results(suite: str = REFERENCE) -> Path:
    """The folder of a shipped suite's results, one folder a run; unpacked by the first call where they ship compact."""
    return opened(board_folder() / suite)


def shipped_answers() -> Path:
    """The folder of intervals and tests of the shipped boards, computed from their rows beforehand."""
    return board_folder() / "answers"


def board_folder() -> Path:
    """The folder of what ships: the results of each suite, and the answers about them."""
    return Path(str(files("lifealign_bench.leaderboard"))) / "board"
