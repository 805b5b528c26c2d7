"""Intervals of methods and of differences between two methods of a board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.board import Measured
from lifealign_bench.benchmark.statistics.crossed import Interval, clipped, crossed_interval, missing_interval
from lifealign_bench.benchmark.statistics.measures import RANGES
from lifealign_bench.benchmark.statistics.run_part import Runs
from lifealign_bench.benchmark.statistics.sign_flip import holm, sign_flip_p, smallest_p

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`first` less `second`, over the blocks (order, seed) in which both ran.

    p: of the sign-flip test over blocks; p_holm: corrected for the family that was asked for; both None where no block
    is shared. smallest_p: the smallest p that so many blocks can give. n_blocks: how many they are.
    """

    first: str
    second: str
    difference: Interval
    p: float | None
    p_holm: float | None
    smallest_p: float
    n_blocks: int


def method_intervals(measured: Measured) -> dict[str, Interval]:
    """The mean of each method over its runs, with its interval; one that has no run or lacks one says so.

    A missing run leaves the mean of the others with their interval, and `reason` names it. Isolated and joint methods
    learn in no order: their runs are their seeds.
    """
    found = {}
    for m, method in enumerate(measured.board.methods):
        reason = measured.why_missing(method)
        ran = measured.ran[m]
        if not ran.any():
            found[method] = missing_interval(reason or "no run", 0, measured.board.prompts)
            continue
        values, runs = measured.values[m, ran], measured.board.runs.of(ran)
        if measured.board.schedules[m] != "sequential":
            values, runs = _by_seed(values, runs)
        interval = crossed_interval(values, measured.board.prompts, runs, measured.board.draws)
        interval = clipped(interval, *RANGES[measured.measure])
        reasons = [text for text in (interval.reason, reason) if text]
        found[method] = replace(interval, reason="; ".join(reasons) or None)
    return found


def compare_methods(measured: Measured, methods: Sequence[str] | None = None) -> tuple[Comparison, ...]:
    """Every pair of these methods, by default of all sequential ones; their p-values are corrected as one family."""
    names = measured.board.sequential if methods is None else tuple(methods)
    places = {name: measured.board.methods.index(name) for name in names}
    pairs = tuple(combinations(names, 2))
    p_values = _p_values(measured, [(places[a], places[b]) for a, b in pairs])
    known = [p for p in p_values if p is not None]
    corrected = iter(holm(known))
    return tuple(
        _comparison(measured, pair, places, p, None if p is None else next(corrected))
        for pair, p in zip(pairs, p_values, strict=True)
    )


def _comparison(
    measured: Measured, pair: tuple[str, str], places: dict[str, int], p: float | None, p_holm: float | None
) -> Comparison:
    first, second = (places[name] for name in pair)
    shared = measured.ran[first] & measured.ran[second]
    blocks = int(shared.sum())
    if p is None:
        reasons = [reason for name in pair if (reason := measured.why_missing(name))]
        reason = "no block in which both ran" + (f" ({reasons[0]})" if reasons else "")
        return Comparison(*pair, missing_interval(reason), None, None, 1.0, 0)
    values = measured.values[first, shared] - measured.values[second, shared]
    board = measured.board
    interval = crossed_interval(values, board.prompts, board.runs.of(shared), board.draws)
    return Comparison(*pair, interval, p, p_holm, smallest_p(blocks), blocks)


def _p_values(measured: Measured, pairs: Sequence[tuple[int, int]]) -> list[float | None]:
    """One p a pair; pairs with the same blocks are tested together."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for number, (first, second) in enumerate(pairs):
        groups[(measured.ran[first] & measured.ran[second]).tobytes()].append(number)
    found: list[float | None] = [None] * len(pairs)
    for key, numbers in groups.items():
        shared = np.frombuffer(key, dtype=bool)
        if not shared.any():
            continue
        chosen = np.array([pairs[number] for number in numbers])
        differences = measured.means[chosen[:, 0]] - measured.means[chosen[:, 1]]
        for number, p in zip(numbers, sign_flip_p(differences[:, shared]), strict=True):
            found[number] = float(p)
    return found


def _by_seed(values: Floats, runs: Runs) -> tuple[Floats, Runs]:
    """The mean over orders of each seed."""
    seeds = np.unique(runs.seed)
    means = np.stack([values[runs.seed == seed].mean(axis=0) for seed in seeds])
    return means, Runs(np.zeros(len(seeds), dtype=np.intp), np.arange(len(seeds)))
