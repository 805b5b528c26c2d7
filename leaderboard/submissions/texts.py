"""Prompts and references by pair id: the board's own, and those that a bundle brings, whose ids are their hashes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lifealign_bench.data.catalogue import find_card
from lifealign_bench.data.errors import LifeAlignError
from lifealign_bench.data.rows import Message, digest, pair_id
from lifealign_bench.leaderboard.submissions.findings import Finding, error

COLUMNS = ("pair_id", "task", "rubric", "prompt", "chosen", "rejected", "harm", "category", "redistributable")


@dataclass(frozen=True)
class Texts:
    """What is known of pairs: references and prompts' turns by pair id, rubrics by task."""

    references: Mapping[str, str] = field(default_factory=dict)
    prompts: Mapping[str, tuple[Message, ...]] = field(default_factory=dict)
    rubrics: Mapping[str, str] = field(default_factory=dict)

    def joined(self, other: Texts) -> Texts:
        """Both; of what both know, this one's."""
        return Texts(
            {**other.references, **self.references},
            {**other.prompts, **self.prompts},
            {**other.rubrics, **self.rubrics},
        )


def texts_of(frame: pd.DataFrame) -> Texts:
    """The texts in the rows of a `texts.parquet`."""
    rows = frame.to_dict("records")
    tasks = frame.drop_duplicates("task").to_dict("records")
    return Texts(
        {str(row["pair_id"]): str(row["chosen"]) for row in rows},
        {str(row["pair_id"]): _turns(row["prompt"]) for row in rows},
        {str(row["task"]): str(row.get("rubric") or _rubric(str(row["task"]))) for row in tasks},
    )


def read_texts(path: Path) -> pd.DataFrame:
    """The rows of a `texts.parquet`; what it says of how pandas should read it is passed over.

    Raises:
        OSError, ValueError, RuntimeError: it is no such file.
    """
    import pyarrow.parquet as pq

    frame: pd.DataFrame = pq.read_table(path, partitioning=None).to_pandas(ignore_metadata=True)
    return frame


def s9_texts(file: str, path: Path) -> Iterator[Finding]:
    """S9: every text is the one that its pair's id is the hash of, and may be passed on."""
    frame = read_texts(path)
    if lacking := [name for name in COLUMNS if name not in frame.columns]:
        yield error("S9", file, "columns", f"no {', '.join(lacking)}", ", ".join(COLUMNS))
        return
    for number, row in enumerate(frame.to_dict("records")):
        try:
            own = pair_id(str(row["task"]), _turns(row["prompt"]), str(row["chosen"]), str(row["rejected"]))
        except (ValueError, TypeError, RecursionError) as fault:
            yield error("S9", file, f"row {number}: prompt", fault, "JSON turns of role and content")
            continue
        if own != row["pair_id"]:
            yield error("S9", file, f"row {number}: pair_id", row["pair_id"], f"{own}, the hash of its texts")
        if row["redistributable"] is not True:
            yield error("S9", file, f"row {number}: redistributable", row["redistributable"], "only texts that may be")


def s9_rubrics(file: str, own: Texts, known: Texts) -> Iterator[Finding]:
    """S9: a task's rubric, by which the board may judge answers, is the board's, or that of its card."""
    for task, rubric in own.rubrics.items():
        expected = known.rubrics.get(task) or _rubric(task)
        if expected and rubric != expected:
            yield error("S9", file, f"{task}: rubric", rubric, f"{expected}, as on the board")


def _turns(prompt: Any) -> tuple[Message, ...]:
    return tuple(Message(role, content) for role, content in json.loads(prompt))


def _rubric(task: str) -> str:
    try:
        return find_card(task, Path()).rubric
    except LifeAlignError:
        return ""


def prompt_hash(turns: tuple[Message, ...]) -> str:
    """The first 16 hex digits of the hash of a prompt's turns, as the rows of every run have it."""
    return digest([[turn.role, turn.content] for turn in turns])[:16]
