"""Group S, of what could be read: records, tables and `submission.json` say the same of each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from lifealign_bench.benchmark.schema import DataRecord
from lifealign_bench.leaderboard.submissions.already_there import plain
from lifealign_bench.leaderboard.submissions.bundle import Bundle, BundledRun, RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error
from lifealign_bench.leaderboard.submissions.format import Submission
from lifealign_bench.leaderboard.submissions.layout import RUNS, SUBMISSION
from lifealign_bench.leaderboard.submissions.manifest import sha256_of

COUNTED = ("pairs", "samples", "judgments")


def s4_entries(folders: frozenset[str], submission: Submission) -> Iterator[Finding]:
    """S4: the runs that `submission.json` lists are those that are there, each once."""
    listed = Counter(entry.folder for entry in submission.runs)
    for name in sorted(folders - listed.keys()):
        yield error("S4", f"{RUNS}/{name}", "folder", "a run that is not listed", f"only runs of {SUBMISSION}")
    for name in sorted(listed.keys() - folders):
        yield error("S4", SUBMISSION, "runs", f"{name}, which is not there", "runs that are there")
    for name, count in listed.items():
        if count > 1:
            yield error("S4", SUBMISSION, "runs", f"{name} {count} times", "every run once")


def s5_identities(bundle: Bundle) -> Iterator[Finding]:
    """S5: every record agrees with `submission.json`: order, seed, suite, division, and of its own runs the method."""
    for run in bundle.runs:
        for field, found, expected in _said_twice(run, bundle.submission):
            if found != expected:
                yield error("S5", run.file("run.json"), field, found, f"{expected}, as {SUBMISSION} says")


def _said_twice(run: BundledRun, submission: Submission) -> Iterator[tuple[str, object, object]]:
    record, method = run.record, submission.method
    yield "order.name", record.order.name, run.entry.order
    yield "identity.seed", record.identity.seed, run.entry.seed
    yield "suite.name", record.suite.name, submission.suite
    yield "division", record.division, submission.division
    yield "trust", record.trust, "self-reported"
    if run.is_method:
        yield "identity.method", record.identity.method, method.label
        yield "method.name", record.method.name, method.name
        yield "method.version", record.method.version, method.version
    else:
        yield "role", record.method.spec.schedule == "sequential", False
        yield "identity.method is the method's", plain(record.identity.method) == plain(method.label), False


def s6_one_method(bundle: Bundle) -> Iterator[Finding]:
    """S6: all runs of the method are of one method: the same source, configuration, specification, budget and base."""
    own = [run for run in bundle.runs if run.is_method]
    for run in own[1:]:
        first, record = own[0].record, run.record
        for field, found, expected in (
            ("method.source_sha256", record.method.source_sha256, first.method.source_sha256),
            ("method.config", record.method.config, first.method.config),
            ("method.spec", record.method.spec, first.method.spec),
            ("budget", record.budget, first.budget),
            ("model", record.model, first.model),
            ("data", *_of_common(record.data, first.data)),
            ("generation", record.generation, first.generation),
        ):
            if found != expected:
                yield error("S6", run.file("run.json"), field, found, f"that of {own[0].entry.folder}")


def _of_common(one: Mapping[str, DataRecord], two: Mapping[str, DataRecord]) -> tuple[object, object]:
    """Both on the tasks that both have: which tasks a run has is a matter of its order (P5)."""
    common = sorted(one.keys() & two.keys())
    return {task: one[task] for task in common}, {task: two[task] for task in common}


def s7_counts(bundle: Bundle, rows: dict[str, int]) -> Iterator[Finding]:
    """S7: the counts are those of the runs and of the rows in their tables."""
    there = {"runs": len(bundle.runs), **rows}
    for name, expected in bundle.submission.counts.model_dump().items():
        if expected != there[name]:
            yield error("S7", SUBMISSION, f"counts.{name}", expected, str(there[name]))


def s8_artefacts(rows: RunRows) -> Iterator[Finding]:
    """S8: the record of a run has the hash of each of its tables."""
    run = rows.run
    there = {path.name: sha256_of(path) for path in run.folder.glob("*.parquet")}
    for name in sorted({*there, *run.record.artefacts}):
        written = run.record.artefacts.get(name, "nothing")
        if written != there.get(name, "no such file"):
            expected = there.get(name, "no such file")
            yield error("S8", run.file("run.json"), f"artefacts.{name}", written, expected)
