"""What of a suite decides its runs' numbers: its hash, and how answers are generated."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from lifealign_bench.benchmark.bases import BaseIdentity
from lifealign_bench.benchmark.judging import deciding, judges_of
from lifealign_bench.benchmark.serving_base import WHERE_ANSWERED
from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.data.phrasings import find_phrasing
from lifealign_bench.data.rows import digest

NOT_DECIDING = {"data_dir", "methods", "orders", "seeds", "capability", "drift", "safety", "resources"}
"""What of a suite changes no cell of a run, or is said of each run by itself."""
LATER = ("draw", "temperature", "phrasing")
"""Evaluation settings that came later: a suite that says nothing of them keeps the hash that it had."""


def suite_hash(suite: Suite, base: BaseIdentity) -> str:
    """Hash of what the suite decides; where its files lie on this machine is no part of it."""
    left_out: dict[str, Any] = {**dict.fromkeys(NOT_DECIDING, True), **WHERE_ANSWERED}
    values = suite.model_dump(mode="json", exclude=left_out)
    if not suite.condition.changes:
        del values["condition"]
    for name in LATER:
        if not (suite.evaluation.sampling if name != "phrasing" else suite.evaluation.phrasing):
            del values["evaluation"][name]
    values["base"] = base.digest
    values["tasks"] = [task["name"] for task in values["tasks"]]
    values["judge"] = [dict(deciding(judge.identity)) for judge in judges_of(suite)]
    return digest(values)


def generation_of(suite: Suite) -> dict[str, JsonValue]:
    """How answers are generated, as a run's record says it; what is not said is as it always was."""
    evaluation = suite.evaluation
    found: dict[str, JsonValue] = {
        "decoding": "greedy" if evaluation.draw is None else "drawn",
        "max_new_tokens": evaluation.max_new_tokens,
        "prompts": evaluation.prompts,
        "max_length": suite.budget.max_length,
    }
    found |= evaluation.sampling
    if evaluation.phrasing is not None:
        found["phrasing"] = find_phrasing(evaluation.phrasing).label
    return found
