"""How many orders and seeds a claim needs, from the variance that was seen so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.board import Measured
from lifealign_bench.benchmark.statistics.quantiles import chi2_quantile, normal_quantile, t_quantile
from lifealign_bench.benchmark.statistics.run_part import LEAST_RUNS, Runs
from lifealign_bench.benchmark.statistics.variance import prompt_covariance, variance_split

Floats = NDArray[np.float64]

POWER, ALPHA = 0.8, 0.05
SEEDS = (1, 2, 3, 5)
LEAST_BLOCKS = 2
"""Blocks that must have been seen to know a variance at all."""

SIGN_FLIP_EFFECTS = {6: 1.8, 7: 1.33, 8: 1.195, 9: 1.095, 10: 1.01, 11: 0.945, 12: 0.9, 13: 0.85, 14: 0.815}
"""The smallest mean difference, in standard deviations of a block's, that the exact sign-flip test at 5 % finds in 80 %
of cases, by number of blocks; simulated with normal differences. Fewer than 6 blocks cannot give p under 0.05."""
MOST_BLOCKS = 100_000
CERTAIN = 15.0
"""A non-centrality beyond which the test cannot miss (and the non-central t cannot be computed), from 15 blocks on."""


@dataclass(frozen=True, slots=True)
class Need:
    """`orders` orders with `seeds` seeds each are needed; `unlucky`: with the upper 90 % bound of the variance seen.

    None where more than `MOST_BLOCKS` blocks or, in `unlucky`, nothing certain can be said.
    """

    seeds: int
    orders: int | None
    unlucky: int | None


@dataclass(frozen=True)
class PairPower:
    """What finding a difference between two methods needs.

    seen: their mean difference over the n_blocks in which both ran. block_sd: standard deviation of a block's
    difference; order_sd, seed_sd: what orders and seeds have of it, None where one seed cannot tell. needs: by number
    of seeds; one seed alone where the parts are not known. reason: why there is no answer.
    """

    first: str
    second: str
    n_blocks: int
    seen: float | None
    block_sd: float | None
    order_sd: float | None
    seed_sd: float | None
    needs: tuple[Need, ...]
    reason: str | None = None


@dataclass(frozen=True)
class WidthNeed:
    """What a 95 % interval of one method's mean needs to be at most so wide to either side.

    prompts_half: what the prompts alone leave of it however many runs there are, in points.
    """

    method: str
    n_runs: int
    run_sd: float | None
    prompts_half: float | None
    needs: tuple[Need, ...]
    reason: str | None = None


def blocks_needed(difference: float, block_sd: float) -> int | None:
    """The fewest blocks with which the sign-flip test finds a difference in `POWER` of cases at `ALPHA`, two-sided.

    Up to 14 blocks from the simulated `SIGN_FLIP_EFFECTS`; beyond, where the test has the power of the t-test, from the
    non-central t with non-centrality |difference| sqrt(n) / block_sd. None over `MOST_BLOCKS`. At least 6.

    Raises:
        ValueError: no difference, or a negative standard deviation.
    """
    if difference == 0 or not math.isfinite(difference) or block_sd < 0:
        raise ValueError("a difference other than 0 and a standard deviation of at least 0")
    effect = math.inf if block_sd == 0 else abs(difference) / block_sd
    for blocks, least in SIGN_FLIP_EFFECTS.items():
        if effect >= least:
            return blocks
    return _smallest(lambda blocks: t_power(blocks, effect) >= POWER, max(SIGN_FLIP_EFFECTS) + 1)


def t_power(blocks: int, effect: float) -> float:
    """The chance that a two-sided one-sample t-test of `blocks` values at `ALPHA` finds a mean of `effect` sd."""
    edge = t_quantile(1 - ALPHA / 2, blocks - 1)
    shift = effect * math.sqrt(blocks)
    if shift > CERTAIN:
        return 1.0
    # Only scipy.stats has it, and takes a second to load.
    from scipy.stats import nct

    return float(nct.sf(edge, blocks - 1, shift) + nct.cdf(-edge, blocks - 1, shift))


def pair_powers(
    found: Measured, difference: float, methods: Sequence[str] | None = None, seeds: Sequence[int] = SEEDS
) -> tuple[PairPower, ...]:
    """What finding `difference` points between each two sequential methods (or `methods`) needs, paired by block.

    With o^2 and s^2 the order's and the seed's variance of the paired difference, the mean over O orders of S seeds has
    the variance (S o^2 + s^2) / (O S): as many blocks are needed as of sd sqrt(S o^2 + s^2), in O orders. So another
    seed helps only against s, another order against both.
    """
    names = list(methods if methods is not None else found.board.sequential)
    return tuple(_pair(found, one, other, difference, seeds) for one, other in combinations(names, 2))


def width_needs(
    found: Measured, half_width: float, methods: Sequence[str] | None = None, seeds: Sequence[int] = SEEDS
) -> tuple[WidthNeed, ...]:
    """What a 95 % interval of +- half_width points of the measure needs, for each sequential method (or `methods`).

    The squared half widths of prompts (normal) and runs (t with O - 1 degrees of freedom, O orders) add.
    """
    names = methods if methods is not None else found.board.sequential
    return tuple(_width(found, name, half_width, seeds) for name in names)


def _pair(found: Measured, one: str, other: str, difference: float, seeds: Sequence[int]) -> PairPower:
    first, second = (found.board.methods.index(name) for name in (one, other))
    both = found.ran[first] & found.ran[second]
    count = int(both.sum())
    if count < LEAST_BLOCKS:
        seen = "no block" if count == 0 else "one block"
        reason = f"{seen} in which both ran: at least {LEAST_BLOCKS} are needed to see how much blocks differ"
        return PairPower(one, other, count, None, None, None, None, (), reason)
    values = found.means[first][both] - found.means[second][both]
    parts = _parts(values, found.board.runs.of(both))
    needs = tuple(
        Need(count_seeds, _orders(difference, parts, count_seeds), _orders(difference, parts.unlucky(), count_seeds))
        for count_seeds in (seeds if parts.known else (1,))
    )
    order_sd, seed_sd = (math.sqrt(parts.order), math.sqrt(parts.seed)) if parts.known else (None, None)
    total = math.sqrt(parts.order + parts.seed)
    return PairPower(one, other, count, float(values.mean()), total, order_sd, seed_sd, needs)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Order and seed variance, all in `seed` where they are not told apart; freedom: of the total, as few orders with
    many seeds leave it."""

    order: float
    seed: float
    freedom: float
    known: bool

    def unlucky(self) -> _Parts:
        """The parts scaled to the upper 90 % bound of the total, chi-square."""
        scale = self.freedom / chi2_quantile(0.1, self.freedom)
        return _Parts(self.order * scale, self.seed * scale, self.freedom, self.known)

    def of_block(self, seeds: int) -> float:
        """The standard deviation that a block counts with where each order has so many seeds."""
        return math.sqrt(seeds * self.order + self.seed)


def _parts(values: Floats, runs: Runs) -> _Parts:
    """Negative estimates are set to 0, the rest keeps the total."""
    total = float(values.var(ddof=1))
    split = variance_split(values, runs, test=False)
    if split.order is None or split.seed is None:
        return _Parts(0.0, total, len(values) - 1, known=False)
    whole = split.order + split.seed
    order = min(max(0.0, split.order), whole) if whole > 0 else 0.0
    seed = max(0.0, whole - order)
    return _Parts(order, seed, _freedom(order, seed, runs), known=True)


def _freedom(order: float, seed: float, runs: Runs) -> float:
    """Satterthwaite's degrees of freedom of order + seed, from the mean squares between and within orders."""
    orders, each = runs.orders, len(runs) / runs.orders
    between, within = order + seed / each, seed * (1.0 - 1.0 / each)
    spread = between**2 / (orders - 1) + within**2 / (orders * (each - 1.0))
    return (order + seed) ** 2 / spread if spread > 0 else float(len(runs) - 1)


def _orders(difference: float, parts: _Parts, seeds: int) -> int | None:
    blocks = blocks_needed(difference, parts.of_block(seeds))
    return None if blocks is None else math.ceil(blocks / seeds)


def _width(found: Measured, method: str, half_width: float, seeds: Sequence[int]) -> WidthNeed:
    m, prompts = found.board.methods.index(method), found.board.prompts
    ran = found.ran[m]
    count = int(ran.sum())
    if count < LEAST_BLOCKS:
        seen = found.why_missing(method) or f"{count} run" + ("s" if count != 1 else "")
        return WidthNeed(method, count, None, None, (), f"{seen}: at least {LEAST_BLOCKS} runs are needed")
    values = found.values[m][ran]
    covariance = prompt_covariance(values, prompts)
    # What stays of the prompts' variance when runs are averaged is what all runs share.
    shared = float((covariance.sum() - np.trace(covariance)) / (count * (count - 1)))
    half = normal_quantile(1 - ALPHA / 2) * math.sqrt(max(0.0, shared))
    parts = _parts(found.means[m][ran], found.board.runs.of(ran))
    run_sd = math.sqrt(parts.order + parts.seed)
    if half >= half_width:
        reason = f"the prompts alone leave +-{half:.2f}: more prompts are needed, not more runs"
        return WidthNeed(method, count, run_sd, half, (), reason)
    room = math.sqrt(half_width**2 - half**2)
    needs = tuple(
        Need(number, _orders_for_width(room, parts, number), _orders_for_width(room, parts.unlucky(), number))
        for number in (seeds if parts.known else (1,))
    )
    return WidthNeed(method, count, run_sd, half, needs)


def _orders_for_width(room: float, parts: _Parts, seeds: int) -> int | None:
    sd = math.sqrt(parts.order + parts.seed / seeds)
    least = max(2, math.ceil(LEAST_RUNS / seeds))
    return _smallest(lambda orders: t_quantile(1 - ALPHA / 2, orders - 1) * sd / math.sqrt(orders) <= room, least)


def _smallest(enough: Callable[[int], bool], least: int) -> int | None:
    """The smallest number from `least` to `MOST_BLOCKS` that is enough; enough stays enough."""
    if not enough(MOST_BLOCKS):
        return None
    low, high = least - 1, least
    while not enough(high):
        low, high = high, min(2 * high, MOST_BLOCKS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
