"""Result folders of runs under another judge: the same answers, pairs and losses, new verdicts and numbers."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lifealign_bench import __version__
from lifealign_bench.benchmark.columns import OPTIONAL_TABLES, read_table, write_table
from lifealign_bench.benchmark.durable import explained, sync_tree
from lifealign_bench.benchmark.judge_records import JudgeRecord, JudgeUsage
from lifealign_bench.benchmark.judged_answers import JudgedBy, JudgedRun, judgments_table
from lifealign_bench.benchmark.measuring import measures_of, references_from
from lifealign_bench.benchmark.rescoring import FreshScores, fresh_scores, rescore, scores_of
from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.benchmark.schema import (
    PROVENANCE_FILE,
    RUN_FILE,
    RunRecord,
    read_provenance,
    read_run,
    write_provenance,
    write_run,
)
from lifealign_bench.benchmark.texts import FILE as TEXTS
from lifealign_bench.benchmark.texts import read_references
from lifealign_bench.data.errors import InputError

CARRIED = ("pairs", "samples", "losses")
"""What a judge does not change: linked, not copied, where the file system can."""
Grown = Callable[[tuple[JudgeRecord, ...]], bool]
VERDICT_NODES = "verdicts "
FOLDER = "judged"
RESULTS = "results"


@dataclass(frozen=True)
class _Rewritten:
    """A run that is about to be written."""

    run: JudgedRun
    target: Path
    judgments: pd.DataFrame
    scores: FreshScores


def place_of(runs: Sequence[StoredRun], name: str, elsewhere: Path) -> Path:
    """Where judged runs go by default: `judged/<name>` of the workspace that these runs lie in.

    elsewhere: the workspace for runs that lie in none, as those that ship: nothing is written beside them.
    """
    results = runs[0].folder.absolute().parent.parent
    # What is judged already lies in judged/<name>: another judge's goes beside it.
    if results.parent.name == FOLDER:
        workspace = results.parent.parent
    else:
        workspace = results.parent if results.name == RESULTS else elsewhere
    return workspace / FOLDER / name


def write_judged(
    runs: Sequence[JudgedRun], judges: Sequence[JudgedBy], out: Path, *, grown: Grown | None = None
) -> list[Path]:
    """Write `out/<suite>/<run>/` for every run, each whole or not at all; returns the folders.

    Numbers that compare with STL and MTL take these from the runs of the same folder and seed, as `rescore` does; runs
    that were judged before are scored again with them. grown: whether the judges of a run that lies there are those of
    this call some time ago, so that it may be replaced though judges came in; else they must be the same.

    Raises:
        InputError: two runs of one name, runs of another judge in `out`, or verdicts there that these would replace
            by others or by none.
        StoreError: the disk is full or cannot be written.
    """
    targets = _targets(runs, out)
    records = tuple(JudgeRecord.from_identity(by.judge.identity) for by in judges)
    others = _others(targets, records)
    with explained(out):
        rewritten = [_scored(run, target, judges) for run, target in zip(runs, targets, strict=True)]
        for one in rewritten:
            _check_kept(one, records, grown)
        _carry_texts(runs, targets)
        known = [(other.folder, other.record, fresh_scores(other.folder, other.record).cells) for other in others]
        known += [(one.target, one.run.run.record, one.scores.cells) for one in rewritten]
        for one in rewritten:
            peers: dict[str, pd.DataFrame] = {
                record.method.spec.schedule: cells
                for folder, record, cells in known
                if folder.parent == one.target.parent and record.identity.seed == one.run.run.record.identity.seed
            }
            _write(one, records, peers)
    if others:
        rescore([other.folder.parent for other in others], write=True)
    return targets


def _targets(runs: Sequence[JudgedRun], out: Path) -> list[Path]:
    targets = [out / run.run.folder.absolute().parent.name / run.run.folder.name for run in runs]
    for run, target in zip(runs, targets, strict=True):
        if targets.count(target) > 1:
            raise InputError(target, "run", "two runs of this suite and name", "each run once")
        if target.resolve() == run.run.folder.resolve():
            raise InputError(target, "--out", "the run itself", "another folder: no verdicts are replaced in place")
    return targets


def _others(targets: Sequence[Path], records: tuple[JudgeRecord, ...]) -> list[StoredRun]:
    """Runs that lie where these go and stay; they must be of the same judges."""
    folders = [folder for folder in {target.parent: None for target in targets} if folder.is_dir()]
    there = [path.parent for folder in folders for path in sorted(folder.glob("[!.]*/run.json"))]
    others = [run for run in (find_runs(there) if there else ()) if run.folder not in targets]
    for other in others:
        _check_judges(other.folder, other.record, records)
    return others


def _check_judges(folder: Path, record: RunRecord, records: tuple[JudgeRecord, ...]) -> None:
    if record.judges != records:
        found = ", ".join(judge.name for judge in record.judges) or "nobody"
        raise InputError(folder, "judges", f"verdicts of {found}, or of other templates", "another --out")


def _check_kept(one: _Rewritten, records: tuple[JudgeRecord, ...], grown: Grown | None) -> None:
    """A run that lies there is replaced by one of the same judges with all of its dimensions and comparisons."""
    if not (one.target / RUN_FILE).is_file():
        return
    there = read_run(one.target)
    if grown is None or not grown(there.judges):
        _check_judges(one.target, there, records)
    if lost := _kinds(read_table(one.target, "judgments")) - _kinds(one.judgments):
        raise InputError(one.target, "judgments", f"verdicts on {', '.join(sorted(lost))}, too", "another --out")


def _kinds(judgments: pd.DataFrame) -> set[str]:
    against = judgments["against"].map(lambda name: "" if pd.isna(name) else f" vs {name}")
    return set((judgments["dimension"].astype(str) + against.astype(str)).unique())


def _scored(run: JudgedRun, target: Path, judges: Sequence[JudgedBy]) -> _Rewritten:
    judgments = judgments_table(run, judges)
    pairs = read_table(run.run.folder, "pairs")
    references = read_references(run.run.folder.parent)
    return _Rewritten(run, target, judgments, scores_of(run.run.record, pairs, run.samples, judgments, references))


def _write(one: _Rewritten, judges: tuple[JudgeRecord, ...], peers: Mapping[str, pd.DataFrame]) -> None:
    source, record = one.run.run.folder, one.run.run.record
    with _replacing(one.target) as scratch:
        there = [name for name in OPTIONAL_TABLES if (source / f"{name}.parquet").is_file()]
        for name in (*CARRIED, *there):
            link_or_copy(source / f"{name}.parquet", scratch / f"{name}.parquet")
        written = [write_table(scratch, "judgments", one.judgments), write_table(scratch, "cells", one.scores.cells)]
        references = references_from(peers.get("isolated"), peers.get("joint"))
        changes = {
            "package_version": __version__,
            "judges": judges,
            "coverage": one.scores.coverage,
            "metrics": measures_of(one.scores.cells, record.order.tasks, record.method.spec.schedule, references),
            "node_keys": {label: key for label, key in record.node_keys.items() if not label.startswith(VERDICT_NODES)},
            "artefacts": {**record.artefacts, **{path.name: _sha256(path) for path in written}},
        }
        changed: RunRecord = record.model_copy(update=changes)
        write_run(scratch, changed.model_copy(update={"comparability_key": changed.recomputed_comparability_key()}))
        _write_provenance(source, scratch, one.judgments)


def _write_provenance(source: Path, scratch: Path, judgments: pd.DataFrame) -> None:
    if not (source / PROVENANCE_FILE).is_file():
        return
    before = read_provenance(source)
    nodes = {key: cost for key, cost in before.nodes.items() if cost.kind != "verdicts"}
    write_provenance(scratch, before.model_copy(update={"nodes": nodes, "judging": usage_of(judgments)}))


def usage_of(judgments: pd.DataFrame) -> dict[str, JudgeUsage]:
    """Calls and tokens behind a run's verdicts by judge; judges that count nothing (the oracle) are left out."""
    found: dict[str, JudgeUsage] = {}
    for judge, usages in judgments.groupby("judge", sort=True)["usage"]:
        sums: dict[str, int] = {}
        for usage in usages:
            for name, count in json.loads(usage).items():
                sums[name] = sums.get(name, 0) + int(count)
        if sums:
            found[str(judge)] = JudgeUsage(calls=sums.pop("calls", 0), tokens=sums)
    return found


def _carry_texts(runs: Sequence[JudgedRun], targets: Sequence[Path]) -> None:
    for run, target in zip(runs, targets, strict=True):
        source, place = run.run.folder.parent / TEXTS, target.parent / TEXTS
        if not place.is_file() or (not place.samefile(source) and _sha256(place) != _sha256(source)):
            place.parent.mkdir(parents=True, exist_ok=True)
            scratch = place.with_name(f"{TEXTS}.{os.getpid()}")
            link_or_copy(source, scratch)
            scratch.replace(place)


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """An empty folder that takes the target's place when the context ends well."""
    scratch = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}")
    scratch.mkdir(parents=True)
    try:
        yield scratch
        sync_tree(scratch)
        if target.exists():
            old = target.with_name(f".{target.name}.old.{secrets.token_hex(4)}")
            target.rename(old)
            scratch.rename(target)
            shutil.rmtree(old)
        else:
            scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def link_or_copy(source: Path, target: Path) -> None:
    """The same bytes under another name, without taking room twice where the file system can do that."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
