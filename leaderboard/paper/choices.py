"""What a choice of the protocol changes: runs that differ in it alone, beside those of the protocol as defined."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

import pandas as pd

from lifealign_bench.benchmark.compact.opening import opened
from lifealign_bench.benchmark.statistics.quantiles import t_quantile
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT, metric_name
from lifealign_bench.leaderboard.shown import Column, Table

AS_DEFINED = "as-defined"


@dataclass(frozen=True, slots=True)
class Choice:
    """A suite of docs/choices: how it differs from the protocol as defined, and which methods that can touch."""

    suite: str
    title: str
    methods: tuple[str, ...]


EVERY = ("seqft", "er", "lifealign")
CHOICES = (
    Choice("reference-previous", "reference policy: the previous one", EVERY),
    Choice("consolidate-phase", "consolidation: after every phase", ("lifealign",)),
    Choice("saved-before", "saved: the policy before consolidation", ("lifealign",)),
    Choice("replay-first", "replayed: each task's first pairs", ("er", "lifealign")),
    Choice("short-answers", "decoding, and what a judge reads: 16 tokens", EVERY),
)
Runs = Mapping[str, Sequence[BoardRun]]


def runs_of_choices(results: Path) -> Runs:
    """The runs of each suite in a folder of results, by the suite's name; none of a suite that was not run.

    Each suite is read by itself: a method has the same name in all of them, with another configuration.
    """
    place = opened(results)
    names = [AS_DEFINED, *(choice.suite for choice in CHOICES)]
    return {name: load_board([place / name]).runs for name in names if (place / name).is_dir()}


def choices_table(runs: Runs, metric: str) -> Table:
    """A row per choice and method: Last and BWT as defined, and their change, means over the seeds that both have.

    The interval of a change is Student's t over the differences of the seeds, at 95 %.
    """
    rows = [
        row
        for choice in CHOICES
        for label in choice.methods
        for row in _row(choice.title, _pairs(runs[AS_DEFINED], runs.get(choice.suite, ()), label), label, metric)
    ]
    name = metric_name(metric)
    columns = (
        Column("choice", "Choice"),
        Column("method", "Method"),
        Column("last", f"{name.title}: Last as defined, {name.unit}", 1),
        Column("last_change", f"Change, {CHANGE_UNIT}", 1),
        Column("last_interval", "95 % interval over seeds"),
        Column("bwt", f"BWT as defined, {CHANGE_UNIT}", 1),
        Column("bwt_change", f"Change of BWT, {CHANGE_UNIT}", 1),
        Column("bwt_interval", "95 % interval over seeds"),
        Column("seeds", "Seeds", 0),
    )
    return Table(f"choices-{metric}", pd.DataFrame(rows, columns=[column.name for column in columns]), columns)


Pairs = Sequence[tuple[BoardRun, BoardRun]]


def _pairs(defined: Sequence[BoardRun], changed: Sequence[BoardRun], label: str) -> Pairs:
    """Runs of one method, order and seed: as defined, and with the choice."""
    others = {(run.tasks, run.seed): run for run in changed if run.entry.label == label}
    own = [run for run in defined if run.entry.label == label]
    return [(run, others[run.tasks, run.seed]) for run in own if (run.tasks, run.seed) in others]


def _row(choice: str, pairs: Pairs, label: str, metric: str) -> list[dict[str, object]]:
    if not pairs:
        return []
    row: dict[str, object] = {"choice": choice, "method": label, "seeds": len(pairs)}
    for measure in ("last", "bwt"):
        numbers = [
            (first.number(metric, measure).value, second.number(metric, measure).value) for first, second in pairs
        ]
        known = [(first, second) for first, second in numbers if first is not None and second is not None]
        whole = len(known) == len(pairs)
        row[measure] = fmean(first for first, _ in known) if whole else None
        changes = [second - first for first, second in known]
        row[f"{measure}_change"] = fmean(changes) if whole else None
        row[f"{measure}_interval"] = interval_over_seeds(changes) if whole else ""
    return [row]


def interval_over_seeds(changes: Sequence[float]) -> str:
    """Where the mean of these differences lies, of independent seeds; empty of one seed."""
    if len(changes) < 2:
        return ""
    mean = fmean(changes)
    reach = t_quantile(0.975, len(changes) - 1) * stdev(changes) / math.sqrt(len(changes))
    return f"{mean - reach:.1f} to {mean + reach:.1f}".replace("-", "−")
