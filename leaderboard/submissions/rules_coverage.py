"""Group C: every cell that there must be, every prompt in it, and verdicts on enough of the answers."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lifealign_bench.benchmark.judge_records import ENOUGH
from lifealign_bench.data.rows import digest
from lifealign_bench.leaderboard.submissions.bundle import Bundle, RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error, warning
from lifealign_bench.leaderboard.submissions.known import Cell, cells_of

SOME = 3
"""How many of many missing things are named."""


def c1_cells(rows: RunRows) -> Iterator[Finding]:
    """C1: the run has the cells that its suite has on the board, or those of one of the three kinds of suites."""
    record = rows.run.record
    tables = ["samples"] if rows.pairs.empty and rows.bundle.submission.division == "open" else ["pairs", "samples"]
    for table in tables:
        own = cells_of(rows.table(table), record.order.tasks)  # type: ignore[arg-type]
        expected = _expected(rows)
        if own not in expected:
            nearest = min(expected, key=lambda shape: len(shape ^ own))
            yield error("C1", rows.run.file(f"{table}.parquet"), "step, task", _difference(own, nearest), "every cell")


def c2_prompts(rows: RunRows) -> Iterator[Finding]:
    """C2: every cell has all evaluation pairs in their order, and answers to as many of the first as the suite asks."""
    record, asked = rows.run.record, rows.run.record.generation.get("prompts")
    for (step, task), own in rows.cells_of_pairs.items():
        expected = record.data[task].evaluation_sha256 if task in record.data else ""
        if digest(list(own["pair_id"])) != expected:
            found = f"{len(own)} pairs, which are not the evaluation rows"
            yield error("C2", rows.run.file("pairs.parquet"), f"step {step}, {task}", found, "all evaluation rows")
    for (step, task), own in rows.cells_of_samples.items():
        expected_ids = _asked(rows, step, task, asked)
        if expected_ids is not None and list(own["pair_id"]) != expected_ids:
            gone = [pair for pair in expected_ids if pair not in set(own["pair_id"])]
            found = f"no answer to {', '.join(gone[:SOME])}" if gone else "other answers, or in another order"
            place = f"step {step}, {task}"
            yield error("C2", rows.run.file("samples.parquet"), place, found, f"{len(expected_ids)} answers in order")


def c3_verdicts(rows: RunRows) -> Iterator[Finding]:
    """C3: enough answers have a verdict to be ranked; a bundle that asks for none has none."""
    record, requested = rows.run.record, rows.bundle.submission.judging == "requested"
    file = rows.run.file("judgments.parquet")
    if requested and (len(rows.judgments) or record.judges):
        yield error("C3", file, "judging", f"{len(rows.judgments)} judgments", "none where judging is requested")
    if not requested and not record.judges:
        expected = "verdicts; or `judging: requested`, and the board judges the answers"
        yield error("C3", file, "judging", "no judge", expected)
    for dimension, coverage in record.coverage.items():
        if coverage.share < ENOUGH:
            found = f"{100 * coverage.share:.1f} % of the answers judged"
            expected = f"{100 * ENOUGH:.0f} %; below, the run is shown and not ranked"
            yield warning("C3", rows.run.file("run.json"), f"coverage.{dimension}", found, expected)


def c4_blocks(bundle: Bundle) -> Iterator[Finding]:
    """C4: the method ran every order and seed that the board's other methods did, or is shown and not ranked."""
    suite = bundle.known.suites.get(bundle.submission.suite)
    own = {(run.record.order.tasks, run.record.identity.seed) for run in bundle.runs if run.is_method}
    if suite and (lacking := suite.blocks - own):
        found = f"{len(own)} orders and seeds, {len(lacking)} of the board's are missing"
        yield warning("C4", "submission.json", "runs", found, f"{len(suite.blocks)}; else shown, not ranked")


def _expected(rows: RunRows) -> list[frozenset[Cell]]:
    """The shapes that a run may have: that of its suite on the board, else full, seen or corners."""
    record = rows.run.record
    schedule, last = record.method.spec.schedule, len(record.order.tasks)
    suite = rows.bundle.known.suites.get(rows.bundle.submission.suite)
    if suite and schedule in suite.cells:
        return [suite.cells[schedule]]
    first = {(0, place) for place in range(1, last + 1)}
    if schedule == "isolated":
        return [frozenset(first | {(place, place) for place in range(1, last + 1)})]
    if schedule == "joint":
        return [frozenset(first | {(last, place) for place in range(1, last + 1)})]
    inside = [(step, place) for step in range(1, last + 1) for place in range(1, last + 1)]
    seen = {(step, place) for step, place in inside if place <= step}
    corners = {(step, place) for step, place in inside if step in (place, last)}
    return [frozenset(first | more) for more in (set(inside), seen, corners)]


def _difference(own: frozenset[Cell], expected: frozenset[Cell]) -> str:
    lacking = [f"R[{step}, {place}]" for step, place in sorted(expected - own)]
    more = [f"R[{step}, {place}]" for step, place in sorted(own - expected)]
    parts = [f"no {', '.join(lacking[:SOME])}"] if lacking else []
    return "; ".join(parts + ([f"also {', '.join(more[:SOME])}"] if more else []))


def _asked(rows: RunRows, step: int, task: str, asked: object) -> list[str] | None:
    """The pairs whose prompts had to be answered, None where nobody knows them."""
    pairs = rows.cells_of_pairs.get((step, task))
    if not isinstance(asked, int):
        return None
    if pairs is not None:
        return [str(pair) for pair in pairs["pair_id"]][:asked]
    record = rows.run.record.data.get(task)
    prompts: pd.DataFrame | None = rows.bundle.known.prompts.get((task, record.evaluation_sha256)) if record else None
    return None if prompts is None else [str(pair) for pair in prompts.index][:asked]
