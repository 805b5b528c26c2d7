"""The texts behind a suite's rows, kept once per suite: prompts and both answers of every evaluation pair."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lifealign_bench.data.stream import TaskData

FILE = "texts.parquet"


def write_texts(folder: Path, stream: Mapping[str, TaskData]) -> Path:
    """Write `texts.parquet`: pair_id, task, rubric, prompt (JSON turns), chosen, rejected, harm, category,
    redistributable."""
    rows = [
        {
            "pair_id": pair.pair_id,
            "task": task,
            "rubric": data.card.rubric,
            "prompt": json.dumps([[turn.role, turn.content] for turn in pair.prompt], ensure_ascii=False),
            "chosen": pair.chosen,
            "rejected": pair.rejected,
            "harm": pair.harm,
            "category": pair.category,
            "redistributable": data.card.redistributable,
        }
        for task, data in stream.items()
        for pair in data.evaluation
    ]
    path = folder / FILE
    scratch = path.with_name(f"{FILE}.{os.getpid()}")
    pd.DataFrame(rows).to_parquet(scratch, index=False)
    scratch.replace(path)
    return path


def read_references(folder: Path) -> Mapping[str, str] | None:
    """Chosen answers by pair id, or None where the suite's texts are not beside its runs."""
    path = folder / FILE
    if not path.is_file():
        return None
    frame = pd.read_parquet(path, columns=["pair_id", "chosen"])
    return dict(zip(frame["pair_id"], frame["chosen"], strict=True))
