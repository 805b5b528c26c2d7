"""Judges by their name: the oracle, those that ship, judge files, and `openai:MODEL`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lifealign_bench.judges.interface import DIMENSIONS, Dimension, Judge
from lifealign_bench.judges.oracle import Oracle

if TYPE_CHECKING:
    from lifealign_bench.judges.llm import Watch
    from lifealign_bench.judges.purse import Purse

ORACLE = "oracle"
REPLIES = "judge-cache.sqlite"
"""The file of a workspace that keeps every paid reply."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How judges are asked, beside what their files say; None leaves that alone.

    base_url: another address. api_key_env: the environment variable of its key. joint: all dimensions in one call.
    purse: what all of them may spend together. watch: called with what a client does.
    """

    dimensions: tuple[Dimension, ...] = DIMENSIONS
    base_url: str | None = None
    api_key_env: str | None = None
    joint: bool = False
    purse: Purse | None = None
    watch: Watch | None = None


def open_judges(reference: str, world_seed: int, cache: Path, asked: Asked = Asked()) -> tuple[Judge, ...]:
    """The judges of a name: one, or an odd number that judge together; nothing is asked yet.

    cache: where paid replies are kept.

    Raises:
        UnknownNameError: no such judge.
        InputError: a judge file that cannot be used.
    """
    if reference == ORACLE:
        return (Oracle(world_seed, asked.dimensions),)
    # A suite that the oracle judges needs neither templates nor a client.
    from lifealign_bench.judges.judge_file import jointly, read_settings
    from lifealign_bench.judges.llm import LlmJudge

    return tuple(
        LlmJudge(jointly(found) if asked.joint else found, cache, asked.dimensions, asked.purse, asked.watch)
        for found in read_settings(reference, asked.base_url, asked.api_key_env)
    )
