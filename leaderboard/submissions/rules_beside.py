"""Rules on what a run has beside its cells: capability and divergence. Both are declared: no row here gives them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lifealign_bench.benchmark.columns import OPTIONAL_TABLES, Table
from lifealign_bench.leaderboard.submissions.bundle import RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error
from lifealign_bench.leaderboard.submissions.known import CAPABILITY_KEY, NORMAL, base_of, capability_of

PLACE = ["step", "task", "pair_id"]
LEAST_NATS = -1e-3
"""A divergence is at least 0 but for the arithmetic of single precision, summed over an answer's tokens."""
HALF_AN_EXAMPLE = 0.5
"""Room for row 0 of a task of which every example is answered alike: another machine may turn one of them."""


def has(rows: RunRows, table: Table) -> bool:
    """Whether a run has one of the tables that not every run has."""
    return table in OPTIONAL_TABLES and (rows.run.folder / f"{table}.parquet").is_file()


def trained_tasks(rows: RunRows) -> dict[int, str | None]:
    """The task that each step from 1 on ended with; None where all were learned together."""
    tasks = rows.run.record.order.tasks
    sequential = rows.run.record.method.spec.schedule != "joint"
    return dict(enumerate(tasks, 1)) if sequential else {len(tasks): None}


def c6_divergence(rows: RunRows) -> Iterator[Finding]:
    """C6: divergences are of answers of this run, in a cell that has one of all its answers, once, at least 0."""
    if not has(rows, "divergence"):
        return
    file, own, samples = rows.run.file("divergence.parquet"), rows.table("divergence"), rows.samples
    if len(twice := own[own.duplicated(PLACE)]):
        one = twice.iloc[0]
        yield error("C6", file, f"step {one['step']}, {one['task']}", f"{one['pair_id']} twice", "every answer once")
    if len(strange := _without(own, samples, [*PLACE, "item"])):
        one = strange.iloc[0]
        found = f"{one['pair_id']}, {len(strange):,} such rows"
        yield error("C6", file, f"step {one['step']}, {one['task']}", found, "answers of this run")
    cells = own[["step", "task"]].drop_duplicates()
    for row in _without(samples.merge(cells, on=["step", "task"]), own, PLACE).head(1).to_dict("records"):
        found = f"none of {row['pair_id']}"
        yield error("C6", file, f"step {row['step']}, {row['task']}", found, "every answer of a cell that has one")
    wrong = own[(own["nats"] < LEAST_NATS) | (own["tokens"] < 0)]
    for row in wrong.head(1).to_dict("records"):
        found = f"{row['nats']} nats, {row['tokens']} tokens, {len(wrong):,} such rows"
        yield error("C6", file, f"step {row['step']}, {row['task']}", found, "numbers from 0 on")


def s10_capability(rows: RunRows) -> Iterator[Finding]:
    """S10: capability rows are of steps of the order, each number once, with counts and errors that numbers have."""
    if not has(rows, "capability"):
        return
    file, own = rows.run.file("capability.parquet"), rows.table("capability")
    if len(twice := own[own.duplicated(["step", *CAPABILITY_KEY])]):
        one = twice.iloc[0]
        yield error("S10", file, f"step {one['step']}, {one['task']}", f"{one['metric']} twice", "every number once")
    trained = trained_tasks(rows)
    for row in own.to_dict("records"):
        place = f"step {row['step']}, {row['task']}, {row['metric']}"
        if row["step"] != 0 and row["step"] not in trained:
            yield error("S10", file, place, f"step {row['step']}", f"0, or one of {', '.join(map(str, trained))}")
        elif row["trained_task"] != (expected := trained.get(row["step"])):
            yield error("S10", file, f"{place}: trained_task", row["trained_task"], f"{expected}, as the order says")
        direction = row["higher_is_better"]
        if row["n"] < 1 or row["standard_error"] < 0 or not (direction in (0, 1) or pd.isna(direction)):
            found = f"n {row['n']}, error {row['standard_error']}, higher_is_better {row['higher_is_better']}"
            yield error("S10", file, place, found, "examples, an error from 0 on, 1 or 0")


def t3_capability(rows: RunRows) -> Iterator[Finding]:
    """T3: what the untouched base can do lies in the board's 95 % interval, where the board asked the same examples."""
    if not has(rows, "capability"):
        return
    known = rows.bundle.known.capability.get(base_of(rows.run.record.model), {})
    for key, own in capability_of(rows.table("capability")).items():
        reference = known.get(key)
        if reference is None or reference.n != own.n:
            continue
        room = max(NORMAL * reference.standard_error, HALF_AN_EXAMPLE / reference.n)
        if not abs(own.value - reference.value) <= room:
            place = f"step 0, {', '.join(key)}"
            expected = f"{reference.value:.4f} give or take {room:.4f}, row 0 of this base on the board"
            yield error("T3", rows.run.file("capability.parquet"), place, f"{own.value:.4f}", expected)


def _without(rows: pd.DataFrame, others: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The rows that no other one is like in these columns."""
    merged = rows[columns].merge(others[columns].drop_duplicates(), on=columns, how="left", indicator=True)
    return rows[(merged["_merge"] == "left_only").to_numpy()]
