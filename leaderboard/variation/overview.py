"""The variants of a suite beside each other: a row per condition and base, Last of every method in a column."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lifealign_bench.benchmark.variant_records import AS_GIVEN
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.shown import Column, Table
from lifealign_bench.leaderboard.visible import named


def variants_of(runs: Sequence[BoardRun], suite: str) -> tuple[BoardRun, ...]:
    """The runs of a suite in every condition and on every base."""
    return tuple(run for run in runs if run.suite == suite)


def kinds_of(runs: Sequence[BoardRun]) -> list[tuple[str, str]]:
    """The conditions and bases of these runs, those with the fewest changes first."""
    found = dict.fromkeys((_without_base(run), run.base) for run in runs)
    return sorted(found, key=lambda kind: (kind[0] != AS_GIVEN, kind[0].count(","), *kind))


def _without_base(run: BoardRun) -> str:
    """The condition; a base that was varied stands in a column of its own."""
    parts = [part for part in run.condition.split(", ") if part != f"base.source {run.base}"]
    return ", ".join(parts) or AS_GIVEN


def overview_table(runs: Sequence[BoardRun], metric: str, name: str = "variants") -> Table:
    """Mean Last over runs; a method without a number in some run of a variant has none there."""
    methods = list(dict.fromkeys(run.entry.label for run in runs if not run.entry.is_reference))
    rows = []
    for condition, base in kinds_of(runs):
        own = [run for run in runs if (_without_base(run), run.base) == (condition, base)]
        row: dict[str, object] = {"condition": condition, "base": base}
        for place, method in enumerate(methods):
            values = [run.number(metric, "last").value for run in own if run.entry.label == method]
            known = [value for value in values if value is not None]
            row[f"last {place}"] = sum(known) / len(known) if known and len(known) == len(values) else None
        rows.append(row | {"runs": len(own)})
    unit = metric_name(metric).unit
    columns = [
        Column("condition", "Condition", pinned=True),
        Column("base", "Base"),
        *(Column(f"last {place}", f"{named(method)}: Last, {unit}", 1) for place, method in enumerate(methods)),
        Column("runs", "Runs", 0),
    ]
    frame = pd.DataFrame(rows, columns=[column.name for column in columns])
    return Table(name, frame, tuple(columns))
