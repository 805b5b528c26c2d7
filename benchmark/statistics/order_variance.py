"""How sure the order's part of a method's spread is, and whether two conditions differ in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.quantiles import chi2_quantile, f_upper
from lifealign_bench.benchmark.statistics.run_part import Runs, mean_squares
from lifealign_bench.benchmark.statistics.seeding import generator_of

Floats = NDArray[np.float64]

LEVEL = 0.95
MOST_LISTED = 12
"""Up to so many orders every exchange of labels is looked at, else `DRAWS` of them."""
DRAWS = 19_999
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class OrderSd:
    """The standard deviation of a run's number over orders, seed variance subtracted, in points, with its interval.

    seed_sd: over seeds and everything else, within an order. reason: why a number is missing.
    """

    value: float | None
    low: float | None
    high: float | None
    seed_sd: float | None
    orders: int
    seeds: int
    reason: str | None = None


def order_sd(values: Floats, runs: Runs) -> OrderSd:
    """The order's standard deviation of (R,) run values, and its 95 % interval; of these prompts.

    Crossed runs of O orders and S seeds, y = mean + order + seed + rest, all normal. With mean squares MS_o and MS_e of
    d = O - 1 and e = (O - 1)(S - 1) degrees of freedom and F = MS_o / MS_e, the variance is (MS_o - MS_e) / S and its
    interval d MS_o (1 - F_u / F) / (S chi2_u) to d MS_o (1 - F_l / F) / (S chi2_l), u and l the upper and lower 2.5 %
    points, each end at least 0; it covers 95 % or more (at least 90 % by its proof).
    Source: Williams (1962), A confidence interval for variance components, Biometrika 49.
    """
    counts = (runs.orders, runs.seeds)
    if not runs.crossed:
        return OrderSd(None, None, None, None, *counts, "every order with every seed is needed, two of each at least")
    (of_order, of_seed, rest), (first, _, third) = mean_squares(values, runs)
    # What a reader sees who repeats an order with another seed: seed and rest.
    seed = max(0.0, (of_seed - rest) / runs.orders) + rest
    variance = max(0.0, (of_order - rest) / runs.seeds)
    if rest <= ROUNDING**2:
        reason = "no spread within orders: the interval is that of one variance"
        low, high = (first * of_order / (runs.seeds * chi2_quantile(p, first)) for p in (0.975, 0.025))
        return OrderSd(math.sqrt(variance), math.sqrt(low), math.sqrt(high), math.sqrt(seed), *counts, reason)
    ratio = of_order / rest
    tail = (1 - LEVEL) / 2
    points = ((f_upper(tail, first, third), 1 - tail), (f_upper(1 - tail, first, third), tail))
    scale = first * of_order / runs.seeds
    low, high = (
        scale * max(0.0, 1 - point / ratio) / chi2_quantile(p, first) if ratio > 0 else 0.0 for point, p in points
    )
    return OrderSd(math.sqrt(variance), math.sqrt(low), math.sqrt(high), math.sqrt(seed), *counts)


@dataclass(frozen=True, slots=True)
class SpreadRatio:
    """How many times as far Last spreads over orders in one condition as in another; p: how often chance does so.

    The same orders stand in both. smallest_p: the least that so many orders can give.
    """

    ratio: float | None
    p: float | None
    orders: int
    smallest_p: float
    reason: str | None = None


def spread_ratio(first: Floats, second: Floats) -> SpreadRatio:
    """The ratio of two standard deviations over the same (O,) orders, second over first, and its permutation p.

    Each condition's mean is taken away, then the two conditions change places order by order: if order matters as much
    in both, every such exchange is as likely. Two-sided on the logarithm of the ratio; all 2^O exchanges up to
    `MOST_LISTED` orders. Source: Pitman (1939) tests the same hypothesis under normality.
    """
    count = len(first)
    smallest = min(1.0, 2.0 / 2**count)
    if count < 3:
        return SpreadRatio(None, None, count, smallest, f"{count} orders: no spread to compare")
    pair = np.stack([first - first.mean(), second - second.mean()])
    if min(float(np.abs(row).max()) for row in pair) <= ROUNDING:
        return SpreadRatio(None, None, count, smallest, "one of the two does not vary over orders")
    if count <= MOST_LISTED:
        swaps = np.array(list(product((False, True), repeat=count)))
    else:
        swaps = generator_of("spread ratio", first, second).random((DRAWS, count)) < 0.5
        swaps[0] = False
    one, two = (np.where(swaps, pair[1 - place], pair[place]) for place in (0, 1))
    with np.errstate(divide="ignore"):
        found = np.abs(np.log(two.std(axis=1)) - np.log(one.std(axis=1)))
    # The first exchange is none: what was seen.
    p = float((found >= found[0] - ROUNDING).mean())
    return SpreadRatio(float(pair[1].std() / pair[0].std()), p, count, smallest)
