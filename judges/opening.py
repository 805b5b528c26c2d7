"""Judges by their name: the oracle, those that ship, judge files, and `openai:MODEL`."""

from __future__ import annotations

from pathlib import Path

from lifealign_bench.judges.interface import Judge
from lifealign_bench.judges.oracle import Oracle

ORACLE = "oracle"
REPLIES = "judge-cache.sqlite"
"""The file of a workspace that keeps every paid reply."""


def open_judges(reference: str, world_seed: int, cache: Path) -> tuple[Judge, ...]:
    """The judges of a name: one, or an odd number that judge together; nothing is asked yet.

    cache: where paid replies are kept.

    Raises:
        UnknownNameError: no such judge.
        InputError: a judge file that cannot be used.
    """
    if reference == ORACLE:
        return (Oracle(world_seed),)
    # A suite that the oracle judges needs neither templates nor a client.
    from lifealign_bench.judges.judge_file import read_settings
    from lifealign_bench.judges.llm import LlmJudge

    return tuple(LlmJudge(settings, cache) for settings in read_settings(reference))
