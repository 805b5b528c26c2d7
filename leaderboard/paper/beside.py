"""What the paper printed beside what runs here measured, method by method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import pandas as pd

from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT, metric_name
from lifealign_bench.leaderboard.published import TITLES, published
from lifealign_bench.leaderboard.shown import Column, Table

COUNTERPARTS = {"rubric": "judge", "bleu4_char": "bleu4", "rouge_l": "rougeL", "preference_accuracy": "judge"}
"""Which printed metric stands beside one of ours; preference accuracy has none, and stands beside the judge's."""
NOT_THE_SAME = (
    "Other base, other data, other judge: the numbers beside each other are not estimates of one another. What can be "
    "compared is which method stands above which, and whether it forgets."
)


def means_of(runs: Sequence[BoardRun], metric: str, measure: str) -> dict[str, float]:
    """Each entry's mean over its runs, by label; without those that lack the number in a run."""
    values: dict[str, list[float | None]] = {}
    for run in runs:
        values.setdefault(run.entry.label, []).append(run.number(metric, measure).value)
    means: dict[str, float] = {}
    for label, found in values.items():
        numbers = [value for value in found if value is not None]
        if len(numbers) == len(found):
            means[label] = fmean(numbers)
    return means


def printed_of(metric: str, measure: str) -> dict[str, float]:
    """What the paper printed for a metric of its own, by method; without dashes."""
    methods: Mapping[str, Mapping[str, Mapping[str, float | None]]] = published()["methods"]
    found = {name: values[metric][measure] for name, values in methods.items()}
    return {name: value for name, value in found.items() if value is not None}


def ranked(runs: Sequence[BoardRun]) -> tuple[BoardRun, ...]:
    """The runs that compete."""
    return tuple(run for run in runs if not run.entry.is_reference)


def beside_table(runs: Sequence[BoardRun], metric: str) -> Table:
    """A row per method of the paper, its best Last first: Last, BWT and rank as printed and as measured here.

    Ranks are among the sequential methods that have both numbers; references have none.
    """
    theirs = COUNTERPARTS.get(metric, "judge")
    printed = {name: printed_of(theirs, name) for name in ("last", "bwt")}
    ours = {name: means_of(runs, metric, name) for name in ("last", "bwt")}
    references = {run.entry.label for run in runs if run.entry.is_reference} | {"stl", "mtl"}
    both = [name for name in printed["last"] if name in ours["last"] and name not in references]
    ranks = [
        _ranks({name: values[name] for name in both}) for values in (printed["last"], _better(ours["last"], metric))
    ]
    rows = [
        {
            "method": name,
            "printed_last": printed["last"].get(name),
            "printed_bwt": printed["bwt"].get(name),
            "printed_rank": ranks[0].get(name),
            "last": ours["last"].get(name),
            "bwt": ours["bwt"].get(name),
            "rank": ranks[1].get(name),
        }
        for name in sorted(printed["last"], key=lambda name: (name in references, -printed["last"][name]))
    ]
    title = metric_name(metric)
    columns = (
        Column("method", "Method", pinned=True),
        Column("printed_last", f"Printed: {TITLES[theirs]}, Last, points", 2),
        Column("printed_bwt", f"Printed: BWT, {CHANGE_UNIT}", 2),
        Column("printed_rank", "Printed: rank", 0),
        Column("last", f"Here: {title.title}, Last, {title.unit}", 2),
        Column("bwt", f"Here: BWT, {CHANGE_UNIT}", 2),
        Column("rank", "Here: rank", 0),
    )
    frame = pd.DataFrame(rows, columns=[column.name for column in columns])
    for column in columns[1:]:
        frame[column.name] = pd.to_numeric(frame[column.name])
    return Table(f"paper-beside-{metric}", frame, columns)


def _better(values: Mapping[str, float], metric: str) -> dict[str, float]:
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    return {name: sign * value for name, value in values.items()}


def _ranks(values: Mapping[str, float]) -> dict[str, int]:
    return {name: 1 + sum(other > value for other in values.values()) for name, value in values.items()}
