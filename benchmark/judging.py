"""From answers to judgments: the suite's judge, the items it is given and the rows it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.data.cards import TaskCard
from lifealign_bench.data.errors import LifeAlignError
from lifealign_bench.data.rows import Pair
from lifealign_bench.judges.interface import Judge, JudgedItem, JudgeIdentity, Judgment
from lifealign_bench.judges.opening import REPLIES, open_judges

VERDICTS = pa.schema(
    [
        ("pair_id", pa.string()),
        ("judge", pa.string()),
        ("template", pa.string()),
        ("dimension", pa.string()),
        ("against", pa.string()),
        ("position", pa.int64()),
        ("status", pa.string()),
        ("verdict", pa.float64()),
        ("rationale", pa.string()),
        ("raw", pa.string()),
        ("usage", pa.string()),
    ]
)
"""One row per answer and dimension; `usage` is JSON."""


def judges_of(suite: Suite, cache: Path = Path(REPLIES)) -> tuple[Judge, ...]:
    """The suite's judges, none where answers are not judged; cache: where paid replies are kept, once they judge.

    Raises:
        InputError: a judge that is not known, or a judge file that cannot be used.
    """
    return () if suite.judge is None else open_judges(suite.judge, suite.world, cache)


def deciding(identity: JudgeIdentity) -> Mapping[str, object]:
    """What is known of a judge before it has judged: all but the model that will be served."""
    return {name: value for name, value in asdict(identity).items() if name != "model_served"}


def judged_item(pair: Pair, answer: str, card: TaskCard) -> JudgedItem:
    """What a judge is given about one answer to a pair's prompt."""
    return JudgedItem(pair.pair_id, card.name, card.rubric, pair.prompt, answer, pair.chosen, pair.harm, pair.item)


def judge_by(inputs: object, suite: Suite, cache: Path) -> Judge:
    """The suite's judge that a node was planned with, as this machine opens it.

    Raises:
        LifeAlignError: it is not one of the suite's any more.
    """
    for judge in judges_of(suite, cache):
        if deciding(judge.identity) == inputs:
            return judge
    raise LifeAlignError("the judge that these verdicts were planned with is not one of the suite's any more")


def judge_table(judge: Judge, items: Sequence[JudgedItem], progress: Callable[[int, int], None]) -> pa.Table:
    """The `VERDICTS` rows of every item, in the items' order."""
    return pa.Table.from_pylist([verdict_row(judge, found) for found in judge.judge(items, progress)], schema=VERDICTS)


def whole_table(judge: Judge, items: Sequence[JudgedItem], progress: Callable[[int, int], None]) -> pa.Table:
    """As `judge_table`, for what is never rewritten: it waits for every reply.

    Raises:
        LifeAlignError: a question had no reply; those that came are kept and cost nothing again.
    """
    verdicts = judge_table(judge, items, progress)
    if unanswered := verdicts["status"].to_pylist().count("endpoint"):
        raise LifeAlignError(f"{unanswered} questions to the judge had no reply; the same command asks them again")
    return verdicts


def verdict_row(judge: Judge, judgment: Judgment) -> dict[str, Any]:
    """One row of `VERDICTS`."""
    return {
        "pair_id": judgment.pair_id,
        "judge": judge.identity.name,
        "template": judgment.template,
        "dimension": judgment.dimension,
        "against": judgment.against,
        "position": judgment.position,
        "status": judgment.status,
        "verdict": judgment.verdict,
        "rationale": judgment.rationale,
        "raw": judgment.raw,
        "usage": json.dumps(dict(judgment.usage), sort_keys=True),
    }
