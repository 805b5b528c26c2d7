"""Judges by their name: the oracle, those that ship, and judge files."""

from __future__ import annotations

from pathlib import Path

from lifealign_bench.data.errors import UnknownNameError
from lifealign_bench.judges.interface import Judge
from lifealign_bench.judges.oracle import Oracle

ORACLE = "oracle"
REPLIES = "judge-cache.sqlite"
"""The file of a workspace that keeps every paid reply."""


def open_judges(reference: str, world_seed: int, cache: Path | None = None) -> tuple[Judge, ...]:
    """The judges of a name: one, or an odd number that judge together.

    Raises:
        UnknownNameError: no such judge.
    """
    if reference == ORACLE:
        return (Oracle(world_seed),)
    raise UnknownNameError("judge", "name", reference, [ORACLE])
