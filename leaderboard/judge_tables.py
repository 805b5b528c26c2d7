"""The judges of a board as instruments: what was asked, what was served, how many verdicts came back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from lifealign_bench.benchmark.judge_records import JudgeRecord
from lifealign_bench.data.rows import digest
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.shown import Column, Table

_COUNTS = """
select judge, dimension, status, count(*) as verdicts, avg(verdict) as mean
from read($judgments) group by judge, dimension, status order by judge, dimension, status
"""


def judges_of(runs: Sequence[BoardRun]) -> tuple[JudgeRecord, ...]:
    """Every judge of these runs once, by name."""
    found: dict[str, JudgeRecord] = {}
    for run in runs:
        for judge in run.judges:
            found.setdefault(digest(judge.model_dump(mode="json")), judge)
    return tuple(sorted(found.values(), key=lambda judge: (judge.name, judge.template)))


def judge_facts(judge: JudgeRecord) -> list[tuple[str, str]]:
    """What pins a judge, as (name, value)."""
    values: dict[str, Any] = judge.model_dump(mode="json")
    parameters = values.pop("parameters", {})
    templates = values.pop("templates", {})
    shown = [(name.replace("_", " "), _value(value)) for name, value in values.items() if name != "name"]
    shown += [(f"template {name}", _value(value)) for name, value in sorted(templates.items())]
    return shown + [(f"parameter {name}", _value(value)) for name, value in sorted(parameters.items())]


def verdict_counts(rows: Rows, runs: Sequence[BoardRun]) -> Table:
    """By judge, question and status, how many verdicts there are and their mean, of these runs.

    Raises:
        InputError: verdicts that cannot be read.
    """
    files = [place for run in runs if (place := run.table("judgments"))]
    names = ["judge", "dimension", "status", "verdicts", "mean"]
    frame = rows.query(_COUNTS, {"judgments": files}) if files else pd.DataFrame(columns=names)
    frame = frame.assign(scale=["0 to 1" if name == "refusal" else "1 to 10" for name in frame["dimension"]])
    columns = (
        Column("judge", "Judge"),
        Column("dimension", "Question"),
        Column("status", "Status"),
        Column("verdicts", "Verdicts", 0),
        Column("mean", "Mean verdict", 2),
        Column("scale", "Scale"),
    )
    return Table("verdicts", frame, columns)


def _value(value: object) -> str:
    text = "–" if value is None else str(value)
    return f"{text[:12]}…" if len(text) == 64 and set(text) <= set("0123456789abcdef") else text
