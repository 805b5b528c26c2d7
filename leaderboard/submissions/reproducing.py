"""Running a submitted run again, from its method's code, in a process without network, keys and other files."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.schema import RunRecord, read_run
from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.leaderboard.submissions.format import RunEntry
from lifealign_bench.leaderboard.submissions.isolation import can_isolate, isolated
from lifealign_bench.leaderboard.submissions.known import NORMAL
from lifealign_bench.leaderboard.submissions.layout import DEFAULT
from lifealign_bench.leaderboard.submissions.manifest import sha256_of
from lifealign_bench.leaderboard.submissions.reading import s3_tables
from lifealign_bench.leaderboard.submissions.rules_numbers import KEY
from lifealign_bench.leaderboard.submissions.watching import run_watched

KEPT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "OMP_NUM_THREADS")
"""Variables that the other process gets: none of them is a key."""
SAME_ANSWERS = 0.9
"""The least share of equal answers after training on the same world; another machine's arithmetic takes the rest."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of a run, submitted and run again: Last, its standard errors, and whether they fit together."""

    metric: str
    submitted: float | None
    again: float | None
    room: float
    fits: bool


@dataclass(frozen=True)
class Reproduced:
    """What running again came to. answers: how many after row 0 are the same words, of how many; None on another world.

    isolated: whether the process had a network namespace of its own, with nothing in it.
    """

    metrics: tuple[Compared, ...]
    answers: tuple[int, int] | None
    isolated: bool
    same_source: bool

    @property
    def is_reproduced(self) -> bool:
        """Whether the same code gave numbers that fit, and on the same world the same words."""
        fits = bool(self.metrics) and all(metric.fits for metric in self.metrics)
        return self.same_source and fits and self.has_same_words

    @property
    def has_same_words(self) -> bool:
        """Whether at least `SAME_ANSWERS` of the answers are the same; on another world nothing is to be compared."""
        if self.answers is None:
            return True
        same, total = self.answers
        return total > 0 and same >= SAME_ANSWERS * total


def method_reference(record: RunRecord, file: Path | None, class_name: str | None, sha256: str) -> str:
    """What `lifealign run` finds the method by: its name, or the file here, whose bytes are those of the submission.

    Raises:
        InputError: another file, or a file without its class.
    """
    if file is None:
        return record.method.name
    if not file.is_file() or (found := sha256_of(file)) != sha256:
        shown = "no such file" if not file.is_file() else found
        raise InputError(file, "sha256", shown, f"{sha256}, as submission.json says")
    if class_name is None:
        raise InputError(file, "class", "none in submission.json", "a bundle packed with --file FILE.py:Class")
    return f"{file.absolute()}:{class_name}"


def suite_of(values: Mapping[str, Any], record: RunRecord, method: str) -> dict[str, Any]:
    """A suite file with nothing but this run in it; values: the suite's own."""
    entry = {"name": method, "label": record.identity.method, "config": dict(record.method.config)}
    return {
        **values,
        "methods": [entry],
        "orders": {record.order.name: list(record.order.tasks)},
        "seeds": [record.identity.seed],
        "report_to": [],
    }


def run_again(
    suite: Mapping[str, Any],
    folder: Path,
    world_seed: int | None,
    file: Path | None = None,
    *,
    not_isolated: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[Path, bool]:
    """Run a suite of one run in a fresh process below an empty folder; its run folder, and whether it was isolated.

    file: of the method, which the process may read. not_isolated: also where this system cannot cut a process off;
    then its code can reach everything that this process can. say: gets what the run says, line by line.

    Raises:
        InputError: the process cannot be isolated, and nobody allowed that.
        LifeAlignError: the run failed, with the last lines that it said, or left something else than a run.
    """
    can = can_isolate()
    if not can and not not_isolated:
        expected = "a system with `unshare`, a container without network, or --not-isolated for code that you trust"
        raise InputError("reproduce", "isolation", "a process that is not cut off from the network and files", expected)
    work = folder / "work"
    work.mkdir()
    values = dict(suite) if world_seed is None else _of_fresh_world(suite, world_seed)
    (work / "suite.yaml").write_text(yaml.safe_dump(values), "utf-8")
    plain = [sys.executable, "-P", "-m", "lifealign_bench", "run", "suite.yaml"]
    plain += ["--workspace", "workspace", "--workers", "1"]
    command = isolated(plain, work, _needed(values, file)) if can else plain
    ended = run_watched(command or plain, work, scrubbed(os.environ, work), say)
    found = sorted((work / "workspace" / "results").glob("*/*--*/run.json"))
    if ended.code != 0 or len(found) != 1:
        raise LifeAlignError(f"the run failed with {ended.code}: {' | '.join(ended.last)[:500]}")
    return _looked_at(found[0].parent, work), can


def _of_fresh_world(suite: Mapping[str, Any], world_seed: int) -> dict[str, Any]:
    """The same suite on another miniature world.

    Raises:
        InputError: a suite whose rows lie in a folder, and so are the same on any world.
    """
    if suite.get("data_dir"):
        raise InputError("--world-seed", "data_dir", suite["data_dir"], "a suite whose rows are made, not read")
    return {**suite, "world_seed": world_seed}


def _needed(suite: Mapping[str, Any], file: Path | None) -> list[Path]:
    """What a run reads beside this package: the method's file, and data and base where they are folders here."""
    base = suite.get("base")
    named = [suite.get("data_dir"), base.get("source") if isinstance(base, Mapping) else base]
    places = [Path(str(name)) for name in named if name and Path(str(name)).is_dir()]
    return places if file is None else [file.absolute(), *places]


def _looked_at(run: Path, work: Path) -> Path:
    """The folder of a run that strangers' code wrote: neither links that lead elsewhere, nor tables that explode."""
    if run.resolve() != work.resolve() / run.relative_to(work) or any(path.is_symlink() for path in run.rglob("*")):
        raise LifeAlignError("the run left links in place of its results")
    faults = s3_tables(run, RunEntry(folder="again", order="again", seed=0), DEFAULT)
    if faults:
        raise LifeAlignError(f"the run left no readable tables: {faults[0].text}")
    return run


def scrubbed(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """An environment without keys, tokens and settings of whoever runs this; its home is an empty folder."""
    kept = {name: environment[name] for name in KEPT if name in environment}
    own = {"HOME": str(home), "TMPDIR": str(home), "USER": "root", "LOGNAME": "root"}
    return {**kept, **own, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HOME": str(home / "hub")}


def compare_runs(submitted: Path, again: Path, *, fresh: bool, isolated: bool) -> Reproduced:
    """A submitted run beside the same run again; fresh: on another world, where only the size of numbers compares.

    Raises:
        InputError: fresh, and yet a task has the rows that it had.
    """
    one: RunRecord = read_run(submitted)
    two: RunRecord = read_run(again)
    if fresh and (same := [task for task in one.data if one.data[task] == two.data.get(task)]):
        raise InputError("--world-seed", "data", f"the same rows of {', '.join(same)}", "items that nobody has seen")
    same_source = one.method.source_sha256 == two.method.source_sha256 and one.method.config == two.method.config
    metrics = tuple(
        found
        for name in sorted(one.metrics.keys() & two.metrics.keys())
        if (found := _last(name, one, two)) is not None
    )
    answers = None if fresh else _same_answers(read_table(submitted, "samples"), read_table(again, "samples"))
    return Reproduced(metrics, answers, isolated, same_source)


def _last(metric: str, one: RunRecord, two: RunRecord) -> Compared | None:
    """Last of both with the room that their standard errors give: prompts of a fresh world are other prompts."""
    first, second = one.metrics[metric].get("last"), two.metrics[metric].get("last")
    if first is None or second is None or (first.value is None and second.value is None):
        return None
    errors = [measure.standard_error or 0.0 for measure in (first, second)]
    room = NORMAL * math.hypot(*errors)
    if not room and metric != one.primary_metric:
        return None
    both = first.value is not None and second.value is not None
    fits = both and abs(float(first.value or 0) - float(second.value or 0)) <= room + 1e-9
    return Compared(metric, first.value, second.value, room, fits)


def _same_answers(one: pd.DataFrame, two: pd.DataFrame) -> tuple[int, int]:
    # Row 0 is the untouched base, the same whatever was learned.
    trained = (frame[frame["step"] > 0] for frame in (one, two))
    first, second = (frame.set_index(["step", "task", "pair_id"])["answer"] for frame in trained)
    both = second.reindex(first.index)
    return int((both == first).sum()), len(first)


def largest_difference(submitted: Path, again: Path) -> float:
    """The largest difference of a cell's value between two runs, in the cell's unit; NaN where they share none."""
    first, second = (read_table(place, "cells").set_index(KEY)["value"] for place in (submitted, again))
    both = first.index.intersection(second.index)
    return float((first.loc[both] - second.loc[both]).abs().max()) if len(both) else float("nan")
