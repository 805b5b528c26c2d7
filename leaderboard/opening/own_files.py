"""Files that lie beside the leaderboard's modules."""

from __future__ import annotations

from importlib.resources import files


def own_text(folder: str, name: str) -> str:
    """The text of a file in a folder of the leaderboard."""
    return (files("lifealign_bench.leaderboard") / folder / name).read_text("utf-8")
