"""Runs on disk as variants of one suite: what differs between them, and each one's board of a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.benchmark.statistics.board import Board, Measured, measured
from lifealign_bench.benchmark.statistics.reading import PROMPT_METRICS, read_board
from lifealign_bench.benchmark.variant_records import in_words
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.leaderboard.analysis.selection import boards_of

DATA = "condition."
BASE = "base.source"


@dataclass(frozen=True, eq=False)
class VariantBoard:
    """The runs of one variant of a suite on one metric.

    fields: what differs from the suite as written, by dotted field, the data condition's among them. words: the same
    for people, the base apart.
    """

    suite: str
    base: str
    words: str
    fields: Mapping[str, JsonValue]
    runs: tuple[StoredRun, ...]
    last: Measured

    @property
    def board(self) -> Board:
        """Every number of these runs."""
        return self.last.board

    @property
    def without_base(self) -> dict[str, JsonValue]:
        """What differs, less the base."""
        return {name: value for name, value in self.fields.items() if name != BASE}


def read_variants(places: Sequence[Path], metric: str | None = None) -> tuple[VariantBoard, ...]:
    """The variants among the runs of these folders, the one as written first; all of one suite.

    metric: by default the runs' primary one.

    Raises:
        InputError: no runs, runs of several suites or primary metrics, or rows that cannot be read.
        UnknownNameError: a metric that has no number per prompt.
    """
    runs = find_runs(list(places))
    suites = sorted({run.record.suite.name for run in runs})
    if len(suites) > 1:
        raise InputError("variants", "suite", ", ".join(suites), "folders of one suite's results")
    chosen = metric or _primary(runs)
    if chosen not in PROMPT_METRICS:
        raise UnknownNameError("variants", "metric", chosen, PROMPT_METRICS)
    found = [_variant(own, chosen) for own in boards_of(runs).values()]
    return tuple(sorted(found, key=lambda own: (len(own.fields), own.words, own.base)))


def _primary(runs: Sequence[StoredRun]) -> str:
    names = sorted({run.record.primary_metric for run in runs})
    if len(names) > 1:
        raise InputError("variants", "metric", f"runs with primary metrics {', '.join(names)}", "--metric NAME")
    return names[0]


def _variant(runs: Sequence[StoredRun], metric: str) -> VariantBoard:
    record = runs[0].record
    data = {} if record.condition is None else record.condition.fields
    fields = {**record.varied, **{f"{DATA}{name}": value for name, value in data.items()}}
    words = in_words(record.condition, {name: value for name, value in record.varied.items() if name != BASE})
    board = read_board([run.folder for run in runs], metric)
    return VariantBoard(record.suite.name, record.model.source, words, fields, tuple(runs), measured(board, "last"))
