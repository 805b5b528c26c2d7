"""Judging answers that exist: which judges, with what, and what it comes to before it begins. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lifealign_bench.benchmark.judged_answers import JudgedBy, by_item
from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.judges.interface import DIMENSIONS, Comparison, Dimension, Judge, JudgedItem, compared_in
from lifealign_bench.judges.opening import ORACLE, REPLIES

WORLD_SEED = "world_seed"


def dimensions_of(text: str | None) -> tuple[Dimension, ...]:
    """The dimensions of a comma-separated list, in their own order; all of them where there is none.

    Raises:
        UnknownNameError: a dimension that does not exist.
    """
    names = DIMENSIONS if text is None else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in DIMENSIONS:
            raise UnknownNameError("--dimensions", "dimension", name, DIMENSIONS)
    return tuple(name for name in DIMENSIONS if name in names)


def check_compared(dimensions: Sequence[Dimension], pairwise: str | None) -> None:
    """Raise InputError where a comparison is asked for and none of the dimensions has one."""
    if pairwise is not None and not compared_in(dimensions):
        known = ", ".join(compared_in(DIMENSIONS))
        raise InputError("--pairwise", "--dimensions", ",".join(dimensions), f"one that is compared: {known}")


def world_of(runs: Sequence[StoredRun]) -> int:
    """The miniature world that an oracle judged these runs in; the shipped one where none did."""
    for run in runs:
        for judge in run.record.judges:
            seed = judge.parameters.get(WORLD_SEED)
            if judge.name == ORACLE and isinstance(seed, int):
                return seed
    return 0


def name_of(reference: str, judges: Sequence[Judge]) -> str:
    """What a folder of these judges' runs is called: the judge, or a panel's file."""
    return judges[0].identity.name if len(judges) == 1 else Path(reference).stem


def replies_beside(place: Path) -> Path:
    """The file of paid replies of the workspace that `judged/<name>` is in."""
    return place.parent.parent / REPLIES


def judged_by(judge: Judge, items: Sequence[JudgedItem], comparisons: Sequence[Comparison] = ()) -> JudgedBy:
    """A judge's judgments of these items and comparisons.

    Raises:
        LifeAlignError: as the judge does; what was answered is kept.
    """
    return by_item(judge, items, judge.judge(items), comparisons, judge.compare(comparisons) if comparisons else [])
