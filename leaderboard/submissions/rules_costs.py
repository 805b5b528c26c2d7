"""Rule R7: what a run says it cost fits its order; what is beyond that only its submitter knows."""

from __future__ import annotations

from collections.abc import Iterator

from lifealign_bench.benchmark.schema import RunRecord
from lifealign_bench.leaderboard.submissions.bundle import RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error


def r7_costs(rows: RunRows) -> Iterator[Finding]:
    """R7: stages are those of the order, and no pair was learned from that did not go through the model."""
    record, file = rows.run.record, rows.run.file("run.json")
    own = [(stage.step, stage.task) for stage in record.stages]
    expected = _stages(record)
    # A policy that was trained elsewhere has no stages.
    if (own or rows.bundle.submission.division == "closed") and own != expected:
        yield error("R7", file, "stages", own or "none", f"{expected}, as the order says")
    for stage in record.stages:
        if stage.with_gradient < stage.steps_on:
            found = f"{stage.with_gradient:,} pairs with gradient, steps on {stage.steps_on:,}"
            yield error("R7", file, f"stages, step {stage.step}", found, "at least the pairs that steps were taken on")


def _stages(record: RunRecord) -> list[tuple[int, str | None]]:
    tasks = record.order.tasks
    return [(len(tasks), None)] if record.method.spec.schedule == "joint" else list(enumerate(tasks, 1))
