"""An unpacked bundle as the rules see it: records that could be read, tables one run at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from lifealign_bench.benchmark.columns import Table, read_table
from lifealign_bench.benchmark.rescoring import FreshScores
from lifealign_bench.benchmark.schema import RunRecord
from lifealign_bench.leaderboard.submissions.format import RunEntry, Submission
from lifealign_bench.leaderboard.submissions.known import Known
from lifealign_bench.leaderboard.submissions.layout import DEFAULT, RUNS, Limits
from lifealign_bench.leaderboard.submissions.texts import Texts


@dataclass(frozen=True)
class BundledRun:
    """One run of a bundle: its entry, its folder and its record. `file(name)` is a path as findings name it."""

    entry: RunEntry
    folder: Path
    record: RunRecord

    def file(self, name: str) -> str:
        """The path of one of its files inside the bundle."""
        return f"{RUNS}/{self.entry.folder}/{name}"

    @property
    def is_method(self) -> bool:
        """Whether it is a run of the submitted method, and not one that it is read against."""
        return self.entry.role == "method"


@dataclass(frozen=True)
class Bundle:
    """All that could be read of a bundle. texts: of its own `texts.parquet` and of the board, by pair id."""

    folder: Path
    submission: Submission
    runs: tuple[BundledRun, ...]
    known: Known
    texts: Texts
    limits: Limits = DEFAULT


@dataclass
class RunRows:
    """The rows of one run, each table read once, and what they give; thrown away before the next run is looked at."""

    run: BundledRun
    bundle: Bundle
    _tables: dict[Table, pd.DataFrame] = field(default_factory=dict)

    def table(self, name: Table) -> pd.DataFrame:
        """One of its tables. Raises InputError where it cannot be read."""
        if name not in self._tables:
            self._tables[name] = read_table(self.run.folder, name)
        return self._tables[name]

    @property
    def pairs(self) -> pd.DataFrame:
        """The `pairs` rows."""
        return self.table("pairs")

    @property
    def samples(self) -> pd.DataFrame:
        """The `samples` rows."""
        return self.table("samples")

    @property
    def judgments(self) -> pd.DataFrame:
        """The `judgments` rows."""
        return self.table("judgments")

    @cached_property
    def cells_of_samples(self) -> Mapping[tuple[int, str], pd.DataFrame]:
        """The `samples` rows by step and task."""
        return by_cell(self.samples)

    @cached_property
    def cells_of_pairs(self) -> Mapping[tuple[int, str], pd.DataFrame]:
        """The `pairs` rows by step and task."""
        return by_cell(self.pairs)

    @cached_property
    def scores(self) -> FreshScores:
        """What the rows give, by the code that scores every run."""
        from lifealign_bench.benchmark.rescoring import scores_of

        references = self.bundle.texts.references
        return scores_of(self.run.record, self.pairs, self.samples, self.judgments, references)


def by_cell(rows: pd.DataFrame) -> dict[tuple[int, str], pd.DataFrame]:
    """Rows by step and task."""
    found: dict[tuple[int, str], pd.DataFrame] = {}
    for key, own in rows.groupby(["step", "task"], sort=False):
        step, task = key if isinstance(key, tuple) else (key, "")
        found[int(str(step)), str(task)] = own
    return found


def peers_of(run: BundledRun, cells: Mapping[str, pd.DataFrame], runs: Sequence[BundledRun]) -> dict[str, pd.DataFrame]:
    """The cells of the runs of one seed by schedule, as `lifealign run` and `lifealign score` take STL and MTL."""
    seed = run.record.identity.seed
    return {
        other.record.method.spec.schedule: cells[other.entry.folder]
        for other in sorted(runs, key=lambda other: other.entry.folder)
        if other.record.identity.seed == seed and other.entry.folder in cells
    }
