"""How mutations are made: a change of one file, and what is sealed again after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from small_bundle import (
    ONE,
    edit_json,
    edit_table,
    seal_counts,
    seal_record,
    seal_scores,
)

from lifealign_bench.leaderboard.submissions.packing import seal

Mutation = Callable[[Path], None]
HASH = "ab" * 32


def sealed(change: Mutation) -> Mutation:
    """A change, then the manifest."""

    def mutate(folder: Path) -> None:
        change(folder)
        seal(folder)

    return mutate


def rescored(change: Mutation) -> Mutation:
    """A change of rows, then every number, the counts and the manifest."""

    def mutate(folder: Path) -> None:
        change(folder)
        seal_scores(folder)
        seal_counts(folder)

    return mutate


def said(change: Callable[[dict[str, Any]], object]) -> Mutation:
    """A change of `submission.json`."""
    return sealed(lambda folder: edit_json(folder / "submission.json", change))


def recorded(change: Callable[[dict[str, Any]], object], *runs: str) -> Mutation:
    """A change of the record of one run, or of these."""
    chosen = runs or (ONE,)
    return sealed(lambda folder: [edit_json(folder / "runs" / run / "run.json", change) for run in chosen] and None)


def fields(*runs: str, **changes: Any) -> Mutation:
    """Fields of records, whose comparability key follows."""
    chosen = runs or (ONE,)
    return sealed(lambda folder: [seal_record(folder / "runs" / run, **changes) for run in chosen] and None)


def rows(table: str, change: Callable[[pd.DataFrame], pd.DataFrame | None], *runs: str) -> Mutation:
    """A change of a table of one run, or of these."""
    chosen = runs or (ONE,)
    return lambda folder: [edit_table(folder / "runs" / run, table, change) for run in chosen] and None  # type: ignore[arg-type, return-value]


def text(name: str, old: str, new: str) -> Mutation:
    """A change of the first such words in a file."""

    def change(folder: Path) -> None:
        path = folder / name
        before = path.read_text("utf-8")
        assert old in before
        path.write_text(before.replace(old, new, 1), "utf-8")

    return change


def first(column: str, value: object) -> Callable[[pd.DataFrame], None]:
    """Another value in the first row."""

    def change(frame: pd.DataFrame) -> None:
        frame.loc[0, column] = value

    return change
