"""Group D: what the submitter declares fits the division and the rows."""

from __future__ import annotations

from collections.abc import Iterator

from lifealign_bench.leaderboard.submissions.bundle import Bundle
from lifealign_bench.leaderboard.submissions.findings import Finding, error
from lifealign_bench.leaderboard.submissions.layout import SUBMISSION

SEEN = "in-place"
"""The tuning origin of settings that were chosen on the evaluated stream itself."""


def d1_tuning(bundle: Bundle) -> Iterator[Finding]:
    """D1: the declared tuning origin is every run's; the closed division's settings saw no evaluation row."""
    said = bundle.submission.declarations.tuning_origin
    for run in bundle.runs:
        if run.is_method and run.record.tuning_origin != said:
            yield error("D1", run.file("run.json"), "tuning_origin", run.record.tuning_origin, f"{said}, as declared")
    if bundle.submission.division == "closed" and said == SEEN:
        yield error("D1", SUBMISSION, "declarations.tuning_origin", said, "settings that saw no evaluation row")


def d2_closed_data(bundle: Bundle) -> Iterator[Finding]:
    """D2: the closed division used no data beside the suite's training rows."""
    if bundle.submission.division == "closed":
        for data in bundle.submission.declarations.data:
            yield error("D2", SUBMISSION, "declarations.data", data.name, "none in the closed division")


def d3_contamination(bundle: Bundle) -> Iterator[Finding]:
    """D3: no evaluation rows are among what was trained on, by the hashes that are declared and recorded."""
    evaluated = bundle.known.evaluated | {
        record.evaluation_sha256 for run in bundle.runs for record in run.record.data.values()
    }
    for data in bundle.submission.declarations.data:
        for sha256 in evaluated.intersection(data.sha256):
            field = f"declarations.data.{data.name}.sha256"
            yield error("D3", SUBMISSION, field, sha256, "no hash of evaluation rows")
    for run in bundle.runs:
        for task, record in run.record.data.items():
            if record.train_sha256 in evaluated:
                field = f"data.{task}.train_sha256"
                yield error("D3", run.file("run.json"), field, record.train_sha256, "no hash of evaluation rows")


def d4_label(bundle: Bundle) -> Iterator[Finding]:
    """D4: a submission has runs of the method that it submits."""
    if not any(entry.role == "method" for entry in bundle.submission.runs):
        yield error("D4", SUBMISSION, "runs", "only references", "runs of the submitted method")
