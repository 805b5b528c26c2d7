"""Numbers that a paper reported: shown apart from the board, marked, never reproduced here and never ranked."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pandas as pd

from lifealign_bench.leaderboard.shown import Column, Table

MARK = "reported, not reproduced"
TITLES = {"bleu4": "BLEU-4", "rougeL": "ROUGE-L", "judge": "LLM judge", "avg": "mean of the three"}


def published() -> dict[str, Any]:
    """The content of the data file: source, backbone, order, and by method and metric BWT, Last and AP."""
    found: dict[str, Any] = json.loads((files("lifealign_bench.leaderboard") / "reported.json").read_text("utf-8"))
    return found


def published_table(metric: str = "judge") -> Table:
    """The paper's main table for one of its metrics, highest Last first; each row says that it was only reported."""
    content = published()
    rows = [
        {"method": name, **values[metric], "mark": MARK}
        for name, values in content["methods"].items()
        if metric in values
    ]
    frame = pd.DataFrame(rows).sort_values("last", ascending=False, ignore_index=True)
    columns = (
        Column("method", "Method"),
        Column("last", "Last, points", 2),
        Column("bwt", "BWT, points", 2),
        Column("ap", "AP, points", 2),
        Column("mark", "How it is known"),
    )
    return Table(f"reported-{metric}", frame, columns)
