"""Packing runs into one archive: the same runs and words give the same bytes, written whole or not at all."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from pydantic import ValidationError

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.durable import explained
from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.benchmark.schema import RUN_FILE
from lifealign_bench.benchmark.strict_json import write_json
from lifealign_bench.benchmark.texts import FILE as TEXTS_FILE
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.submissions.format import (
    Code,
    Counts,
    DataUsed,
    Declarations,
    RunEntry,
    Submission,
    SubmittedMethod,
)
from lifealign_bench.leaderboard.submissions.layout import (
    FILES_OF_RUN,
    MANIFEST,
    NEEDED_OF_RUN,
    README,
    RUNS,
    SUBMISSION,
    TEXTS,
)
from lifealign_bench.leaderboard.submissions.manifest import hashes_below, manifest_text

EPOCH = (1980, 1, 1, 0, 0, 0)
PLAIN_FILE = 0o100644 << 16
MADE_ON_UNIX = 3


@dataclass(frozen=True)
class Said:
    """What the submitter says beside the runs."""

    name: str
    code: Code
    declarations: Declarations
    class_name: str | None = None


def slug_of(method: str) -> str:
    """What a submission is called by default: the method's name in small letters, other signs as dashes."""
    return re.sub(r"[^a-z0-9._-]+", "-", method.casefold()).strip("-._") or "submission"


def declared(tuning_origin: str, licence: str, contact: str | None, data_used: Sequence[str]) -> Declarations:
    """The declarations of a command line; data_used: `NAME=LICENCE` each.

    Raises:
        InputError: one that a bundle may not hold.
    """
    data = [text.partition("=") for text in data_used]
    try:
        return Declarations(
            tuning_origin=tuning_origin,  # type: ignore[arg-type]
            data=tuple(DataUsed(name=name, licence=terms) for name, _, terms in data),
            licence=licence,
            contact=contact,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError("declarations", place, repr(first["input"])[:80], str(first["msg"])) from None


def chosen_runs(runs: Sequence[StoredRun], method: str) -> tuple[list[StoredRun], list[StoredRun]]:
    """The runs of a method, and of STL and MTL one for each of its seeds: what it is read against.

    Raises:
        InputError: no run of that method, or runs of several suites.
    """
    own = [run for run in runs if run.record.identity.method == method]
    if not own:
        known = ", ".join(sorted({run.record.identity.method for run in runs}))
        raise InputError("--method", "method", method, f"one of {known}")
    suites = sorted({run.record.suite.name for run in own})
    if len(suites) > 1:
        raise InputError("RUNS", "suite", ", ".join(suites), "runs of one suite; name its folder")
    peers: dict[tuple[str, int], StoredRun] = {}
    seeds = {run.record.identity.seed for run in own}
    for run in sorted(runs, key=lambda run: run.folder.name):
        schedule, seed = run.record.method.spec.schedule, run.record.identity.seed
        beside = run.folder.parent in {each.folder.parent for each in own}
        if schedule != "sequential" and beside and seed in seeds and run not in own:
            # The last one is the one that scoring takes, should there be several.
            peers[schedule, seed] = run
    return own, list(peers.values())


def submission_of(own: Sequence[StoredRun], peers: Sequence[StoredRun], said: Said) -> Submission:
    """The `submission.json` of these runs.

    Raises:
        InputError: a name that a bundle may not hold.
    """
    try:
        return _submission_of(own, peers, said)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise InputError("submission.json", place, repr(fault["input"])[:80], str(fault["msg"])) from None


def _submission_of(own: Sequence[StoredRun], peers: Sequence[StoredRun], said: Said) -> Submission:
    first = own[0].record
    rows = {"pairs": 0, "samples": 0, "judgments": 0}
    for run in (*own, *peers):
        for name in rows:
            rows[name] += len(read_table(run.folder, name))  # type: ignore[arg-type]
    return Submission(
        name=said.name,
        suite=first.suite.name,
        division=first.division,
        judging="included" if first.judges else "requested",
        method=SubmittedMethod(
            name=first.method.name,
            version=first.method.version,
            label=first.identity.method,
            class_name=said.class_name,
            code=said.code,
        ),
        declarations=said.declarations,
        runs=tuple(
            RunEntry(
                folder=run.folder.name, order=run.record.order.name, seed=run.record.identity.seed,
                role="method" if run in own else "reference",
            )
            for run in sorted((*own, *peers), key=lambda run: run.folder.name)
        ),
        counts=Counts(runs=len(own) + len(peers), **rows),
    )  # fmt: skip


def write_bundle(folder: Path, submission: Submission, runs: Sequence[StoredRun]) -> None:
    """Write a bundle's files below an empty folder: the runs as they are, texts that may be passed on, the manifest."""
    for run in runs:
        target = folder / RUNS / run.folder.name
        target.mkdir(parents=True)
        for name in FILES_OF_RUN:
            if (run.folder / name).is_file():
                (target / name).write_bytes((run.folder / name).read_bytes())
            elif name in NEEDED_OF_RUN:
                raise InputError(run.folder / name, "file", "no such file", f"all of {RUN_FILE} and its tables")
    _write_texts(folder, runs)
    write_json(folder / SUBMISSION, submission.model_dump(mode="json"))
    (folder / README).write_text(readme(submission), "utf-8")
    seal(folder)


def seal(folder: Path) -> None:
    """Write the manifest of what lies in a folder now."""
    (folder / MANIFEST).write_text(manifest_text(hashes_below(folder)), "utf-8")


def _write_texts(folder: Path, runs: Iterable[StoredRun]) -> None:
    path = next(iter(runs)).folder.parent / TEXTS_FILE
    if path.is_file():
        frame = pd.read_parquet(path)
        frame[frame["redistributable"]].reset_index(drop=True).to_parquet(folder / TEXTS, index=False)


def readme(submission: Submission) -> str:
    """The bundle's README: what it is, for people."""
    method, code = submission.method, submission.method.code
    place = code.package or f"{code.repository} at {code.commit}"
    runs = "".join(f"- {entry.folder} ({entry.role})\n" for entry in submission.runs)
    return (
        f"# {submission.name}\n\nRuns of `{method.label}` (method {method.name}, version {method.version}) on suite "
        f"{submission.suite}, {submission.division} division.\n\nCode: {place}, file {code.file}.\n"
        f"Licence of these rows: {submission.declarations.licence}.\n\nCheck it with "
        f"`lifealign submission check`; every number in it follows from its rows.\n\n## Runs\n\n{runs}"
    )


def write_archive(folder: Path, out: Path) -> Path:
    """Zip a bundle's folder into `out`: names sorted, no times, no owners; whole or not at all.

    Raises:
        StoreError: the disk is full or cannot be written.
    """
    scratch = out.with_name(f".{out.name}.{os.getpid()}")
    with explained(out.absolute().parent):
        try:
            with zipfile.ZipFile(scratch, "w") as archive:
                for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                    _add(archive, path.relative_to(folder).as_posix(), path)
            scratch.replace(out)
        finally:
            scratch.unlink(missing_ok=True)
    return out


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    member = zipfile.ZipInfo(name, EPOCH)
    member.external_attr, member.create_system = PLAIN_FILE, MADE_ON_UNIX
    # Parquet is compressed already.
    member.compress_type = zipfile.ZIP_STORED if path.suffix == ".parquet" else zipfile.ZIP_DEFLATED
    archive.writestr(member, path.read_bytes(), compresslevel=9)


def pack(runs: Sequence[StoredRun], method: str, said: Said, out: Path) -> Submission:
    """Write the archive of a method's runs; returns its `submission.json`.

    Raises:
        InputError: no runs of that method, or some of another suite, division or judge.
        StoreError: `out` cannot be written.
    """
    own, peers = chosen_runs(runs, method)
    submission = submission_of(own, peers, said)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="lifealign-") as scratch:
        folder = Path(scratch)
        write_bundle(folder, submission, [*own, *peers])
        write_archive(folder, out)
    return submission
