"""Adding a submission to a results repository: after a clean check, whole or not at all, and written into the log."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lifealign_bench.benchmark.compact.opening import below
from lifealign_bench.benchmark.durable import explained, sync_tree
from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.benchmark.schema import RUN_FILE, RunRecord, Trust, read_run, write_run
from lifealign_bench.benchmark.strict_json import write_json
from lifealign_bench.benchmark.texts import FILE as TEXTS_FILE
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.submissions.already_there import (
    findings_on_likeness,
    have_same_rows,
    refuse_label,
    refuse_reference_label,
)
from lifealign_bench.leaderboard.submissions.archives import opened
from lifealign_bench.leaderboard.submissions.decisions import FILE as DECISIONS
from lifealign_bench.leaderboard.submissions.decisions import Decision, append_decision, read_decisions
from lifealign_bench.leaderboard.submissions.findings import Finding, Verdict
from lifealign_bench.leaderboard.submissions.format import RunEntry, Submission
from lifealign_bench.leaderboard.submissions.known import identity_of
from lifealign_bench.leaderboard.submissions.layout import DEFAULT, MANIFEST, RUNS, SUBMISSION, TEXTS, Limits
from lifealign_bench.leaderboard.submissions.manifest import sha256_of
from lifealign_bench.leaderboard.submissions.placing import place_of
from lifealign_bench.leaderboard.submissions.texts import read_texts

SUBMISSIONS = "submissions"
Checker = Callable[[Path], Verdict]
"""What is said of an unpacked bundle that nobody changes meanwhile."""


@dataclass(frozen=True)
class Added:
    """What `add` came to: the checker's verdict, and the folders of the runs that are on the board now."""

    verdict: Verdict
    folders: tuple[Path, ...] = ()


def results_runs(results: Path) -> tuple[StoredRun, ...]:
    """The runs of a results repository, none where it is new."""
    return find_runs(results) if any(any(place.rglob(RUN_FILE)) for place in below(results)) else ()


def add(place: Path, results: Path, checker: Checker, when: str, why: str, limits: Limits = DEFAULT) -> Added:
    """Check a bundle by `checker` and copy its runs to `results/<suite>/<run>/`, trust `recomputed`; the log says so.

    A bundle with an error adds nothing. Stopped half-way, the same command goes on.

    Raises:
        InputError: no such bundle, a submission or a run of it is on the board already, or a log that is damaged.
        StoreError: the disk is full or cannot be written.
    """
    if not why.strip():
        raise InputError("--why", "why", "nothing", "a reason, for the public log")
    with opened(place, limits) as bundle:
        if bundle.folder is None:
            return Added(Verdict(bundle.findings))
        verdict = checker(bundle.folder)
        if not verdict.is_clean:
            return Added(verdict)
        submission = submission_in(bundle.folder)
        beside = _nearly_there(bundle.folder, submission, results_runs(results))
        folders = _copied(bundle.folder, submission, results)
        if len(folders) < len(submission.runs) or not any(entry.role == "reference" for entry in submission.runs):
            _read_against_the_boards_own(folders, results / submission.suite)
        with explained(results):
            (results / SUBMISSIONS).mkdir(exist_ok=True)
            write_json(_entry(results, submission.name), submission.model_dump(mode="json"))
        append_decision(
            results,
            Decision(
                when=when,
                what="added",
                submission=submission.name,
                runs=tuple(f"{folder.parent.name}/{folder.name}" for folder in folders),
                trust="recomputed",
                division=submission.division,
                why=why,
                bundle_sha256=sha256_of(bundle.folder / MANIFEST),
            ),
        )
        return Added(replace(verdict, findings=(*verdict.findings, *beside)), tuple(folders))


def _read_against_the_boards_own(folders: Sequence[Path], suite: Path) -> None:
    """Numbers that compare with STL and MTL take these from the board where it has its own."""
    others = [run.folder for run in find_runs(suite) if run.record.method.spec.schedule != "sequential"]
    rescore(list(dict.fromkeys([*folders, *others])), write=True)


def submission_in(folder: Path) -> Submission:
    """The `submission.json` of a bundle that was checked."""
    found: Submission = Submission.model_validate_json((folder / SUBMISSION).read_text("utf-8"))
    return found


def _entry(results: Path, name: str) -> Path:
    return results / SUBMISSIONS / f"{name}.json"


def _copied(bundle: Path, submission: Submission, results: Path) -> list[Path]:
    standing = _standing(results)
    if any(one.submission == submission.name for one in standing):
        raise InputError(results / DECISIONS, "submission", submission.name, "a name that is not on the board yet")
    there = results_runs(results)
    suite = results / submission.suite
    places = {entry.folder: place_of(results, f"{submission.suite}/{entry.folder}") for entry in submission.runs}
    # What a killed `add` left of this bundle stands in no line of the log, and is its own.
    owned = [run for run in there if _is_owned(run, standing) or run.folder.name not in _folders(submission)]
    chosen = [entry for entry in submission.runs if not _is_there_as_reference(bundle, entry, owned)]
    copies = [(entry, _trusted(bundle, entry)) for entry in chosen]
    for entry, record in copies:
        if entry.role == "method":
            refuse_label(record.identity.method, record, owned)
        else:
            refuse_reference_label(record.identity.method, owned)
        _refuse_twice(bundle / RUNS / entry.folder, places[entry.folder], record, there)
    with explained(results):
        suite.mkdir(parents=True, exist_ok=True)
        if (bundle / TEXTS).is_file() and not (suite / TEXTS_FILE).exists():
            # Written anew: only its rows were checked, not what else a Parquet file can say.
            scratch = suite / f".{TEXTS_FILE}.{os.getpid()}"
            read_texts(bundle / TEXTS).to_parquet(scratch, index=False)
            scratch.rename(suite / TEXTS_FILE)
        return [_placed(bundle / RUNS / entry.folder, places[entry.folder], record) for entry, record in copies]


def _nearly_there(bundle: Path, submission: Submission, there: Sequence[StoredRun]) -> list[Finding]:
    own = _folders(submission)
    return [
        finding
        for entry in submission.runs
        if entry.role == "method"
        for finding in findings_on_likeness(
            bundle / RUNS / entry.folder,
            submission.method.label,
            [run for run in there if run.folder.name not in own and run.record.order.name == entry.order],
        )
    ]


def _folders(submission: Submission) -> set[str]:
    return {entry.folder for entry in submission.runs}


def _is_owned(run: StoredRun, standing: Sequence[Decision]) -> bool:
    return any(f"{run.folder.parent.name}/{run.folder.name}" in one.runs for one in standing)


def _standing(results: Path) -> list[Decision]:
    """Decisions that no later one took back."""
    standing: list[Decision] = []
    for one in read_decisions(results):
        if one.what == "removed":
            standing = [other for other in standing if other.submission != one.submission]
        else:
            standing.append(one)
    return standing


def _trusted(bundle: Path, entry: RunEntry) -> RunRecord:
    record: RunRecord = read_run(bundle / RUNS / entry.folder)
    return record.model_copy(update={"trust": "recomputed"})


def _is_there_as_reference(bundle: Path, entry: RunEntry, there: Sequence[StoredRun]) -> bool:
    """Whether an STL or MTL run of this seed is on the board: the board's own stays the one that is read against."""
    if entry.role == "method":
        return False
    record = read_run(bundle / RUNS / entry.folder)
    return any(_is_same_reference(run.record, record) for run in there)


def _is_same_reference(one: RunRecord, two: RunRecord) -> bool:
    kinds = ((each.suite.name, each.identity.seed, each.method.spec.schedule) for each in (one, two))
    return next(kinds) == next(kinds)


def _refuse_twice(source: Path, target: Path, record: RunRecord, there: Sequence[StoredRun]) -> None:
    for run in there:
        # A half-added submission goes on: what is there already is exactly what would be written.
        if run.folder.resolve() == target.resolve() and run.record == record:
            continue
        if run.folder.resolve() == target.resolve() or identity_of(run.record) == identity_of(record):
            expected = "a method, order and seed that are not on the board yet"
            raise InputError(run.folder, "run", f"{record.identity.method}, {record.order.name}", expected)
        if record.method.spec.schedule != "sequential" and _is_same_reference(run.record, record):
            # What is read against is the board's: another one would move the numbers of everybody.
            raise InputError(run.folder, "reference", record.identity.method, "one of each kind and seed on a board")
        if record.method.spec.schedule == "sequential" and have_same_rows(run.folder, source):
            raise InputError(run.folder, "rows", f"those of {target.name}", "rows that no other run has")


def _placed(source: Path, target: Path, record: RunRecord) -> Path:
    if target.exists():
        return target
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copytree(source, scratch)
        write_run(scratch, record)
        sync_tree(scratch)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def with_trust(results: Path, name: str, trust: Trust, when: str, why: str) -> tuple[Path, ...]:
    """Give the method's runs of a submission another trust level, and say so in the log; returns their folders.

    Raises:
        InputError: no such submission on the board.
    """
    added = _added(results, name)
    records: dict[Path, RunRecord] = {
        folder: read_run(folder) for folder in (place_of(results, run) for run in added.runs)
    }
    label = Submission.model_validate_json(_entry(results, name).read_text("utf-8")).method.label
    folders = tuple(folder for folder, record in records.items() if record.identity.method == label)
    for folder in folders:
        write_run(folder, records[folder].model_copy(update={"trust": trust}))
    changes = {"when": when, "what": "changed", "trust": trust, "why": why}
    append_decision(results, added.model_copy(update=changes))
    return folders


def remove(results: Path, name: str, when: str, why: str) -> tuple[Path, ...]:
    """Take a submission off the board, and say so in the log; returns the folders that are gone.

    Raises:
        InputError: no such submission on the board.
    """
    added = _added(results, name)
    folders = tuple(place_of(results, run) for run in added.runs)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    _entry(results, name).unlink(missing_ok=True)
    append_decision(results, added.model_copy(update={"when": when, "what": "removed", "why": why}))
    return folders


def require_same_bundle(results: Path, name: str, bundle: Path) -> None:
    """That an unpacked bundle is the one that stands on the board under this name, by the hash of its manifest.

    Raises:
        InputError: no such submission on the board, or another bundle of the same name.
    """
    standing, found = _added(results, name).bundle_sha256, sha256_of(bundle / MANIFEST)
    if standing != found:
        expected = f"{standing}, the bundle that was added" if standing else "a submission whose log has its hash"
        raise InputError(bundle / MANIFEST, "sha256", found, expected)


def _added(results: Path, name: str) -> Decision:
    found = [one for one in _standing(results) if one.submission == name]
    if not found:
        known = ", ".join(sorted({one.submission for one in _standing(results)})) or "none"
        raise InputError(results / DECISIONS, "submission", name, f"one of {known}")
    return found[-1]
