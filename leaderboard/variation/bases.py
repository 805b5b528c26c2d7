"""Whether rankings hold on another base: a method x base table, and how far bases rank the methods alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.benchmark.statistics.agreement import Agreement, agreement
from lifealign_bench.benchmark.statistics.comparison import method_intervals
from lifealign_bench.benchmark.statistics.crossed import Interval
from lifealign_bench.leaderboard.variation.reading import VariantBoard


@dataclass(frozen=True, eq=False)
class BaseTable:
    """Mean Last of each method (row) on each base (column), in points, with intervals; references are rows too.

    agreement: of the bases about the sequential methods, `orders` being the bases.
    """

    bases: tuple[str, ...]
    methods: tuple[str, ...]
    cells: tuple[tuple[Interval | None, ...], ...]
    agreement: Agreement


def base_table(variants: Sequence[VariantBoard]) -> BaseTable | None:
    """The table of the variants that differ in their base alone; None where there is one base."""
    own = {variant.base: variant for variant in variants if not variant.without_base}
    if len(own) < 2:
        return None
    bases = tuple(sorted(own))
    intervals = {base: method_intervals(own[base].last) for base in bases}
    methods = tuple(dict.fromkeys(name for base in bases for name in own[base].board.methods))
    ranked = [name for name in methods if any(name in own[base].board.sequential for base in bases)]
    cells = tuple(tuple(intervals[base].get(name) for base in bases) for name in methods)
    sign = -1.0 if own[bases[0]].board.metric in LOWER_IS_BETTER else 1.0
    scores = np.array([[_score(intervals[base].get(name)) for name in ranked] for base in bases])
    return BaseTable(bases, methods, cells, agreement(sign * scores, bases, ranked))


def _score(found: Interval | None) -> float:
    return float("nan") if found is None or found.value is None else found.value
