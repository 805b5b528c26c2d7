"""What a run's record says of how its suite was varied: the data condition, and the fields that a command changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from lifealign_bench.benchmark.strict_record import Count, Name, Record

# A board reads these records without the tasks' own sources.
if TYPE_CHECKING:
    from lifealign_bench.data.conditioning import Applied
    from lifealign_bench.data.conditions import Condition


class AppliedRecord(Record):
    """What a data condition made of one task's training pairs, see `data.conditioning.Applied`."""

    available: Count
    usual: Count
    rows: Count
    flipped: Count
    shared: Count
    shared_with: Name | None
    mean_words: float = Field(ge=0)


class ConditionRecord(Record):
    """A data condition: its fields that differ from the untouched tasks, the seed, and what it did, by task."""

    fields: dict[Name, JsonValue]
    seed: int
    tasks: dict[Name, AppliedRecord]


def condition_record(condition: Condition, seed: int, applied: Mapping[str, Applied]) -> ConditionRecord | None:
    """The record of a suite's data condition, None where it has none."""
    if not condition.changes:
        return None
    tasks = {name: AppliedRecord(**asdict(found)) for name, found in applied.items()}
    return ConditionRecord(fields=condition.changes, seed=seed, tasks=tasks)


def in_words(condition: ConditionRecord | None, varied: Mapping[str, JsonValue]) -> str:
    """The data condition and the varied fields of a run in one text, `as given` where there are none."""
    fields = {} if condition is None else dict(condition.fields)
    fields |= {name: value for name, value in varied.items() if name.removeprefix("condition.") not in fields}
    return ", ".join(f"{name} {_shown(value)}" for name, value in sorted(fields.items())) or AS_GIVEN


AS_GIVEN = "as given"


def _shown(value: JsonValue) -> str:
    if isinstance(value, list):
        return "+".join(str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
