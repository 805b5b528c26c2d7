"""From answers to judgments: the suite's judge, the items it is given and the rows it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.data.cards import TaskCard
from lifealign_bench.data.rows import Pair
from lifealign_bench.judges.interface import Judge, JudgedItem
from lifealign_bench.judges.oracle import Oracle

JUDGED_TOGETHER = 256

VERDICTS = pa.schema(
    [
        ("pair_id", pa.string()),
        ("judge", pa.string()),
        ("dimension", pa.string()),
        ("position", pa.int64()),
        ("status", pa.string()),
        ("verdict", pa.int64()),
        ("rationale", pa.string()),
        ("raw", pa.string()),
        ("usage", pa.string()),
    ]
)
"""One row per answer and dimension; `usage` is JSON."""


def judge_of(suite: Suite) -> Judge | None:
    """The suite's judge, None where answers are not judged."""
    return Oracle(suite.world) if suite.judge == "oracle" else None


def judged_item(pair: Pair, answer: str, card: TaskCard) -> JudgedItem:
    """What a judge is given about one answer to a pair's prompt."""
    return JudgedItem(pair.pair_id, card.name, card.rubric, pair.prompt, answer, pair.chosen, pair.harm, pair.item)


def judge_table(judge: Judge, items: Sequence[JudgedItem], progress: Callable[[int, int], None]) -> pa.Table:
    """The `VERDICTS` rows of every item, in the items' order."""
    rows: list[dict[str, Any]] = []
    for start in range(0, len(items), JUDGED_TOGETHER):
        rows += [
            {
                "pair_id": judgment.pair_id,
                "judge": judge.identity.name,
                "dimension": judgment.dimension,
                "position": judgment.position,
                "status": judgment.status,
                "verdict": judgment.verdict,
                "rationale": judgment.rationale,
                "raw": judgment.raw,
                "usage": json.dumps(dict(judgment.usage), sort_keys=True),
            }
            for judgment in judge.judge(items[start : start + JUDGED_TOGETHER])
        ]
        progress(min(start + JUDGED_TOGETHER, len(items)), len(items))
    return pa.Table.from_pylist(rows, schema=VERDICTS)
