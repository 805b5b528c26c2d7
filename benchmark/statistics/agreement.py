"""Whether orders agree about the methods: Kendall's tau-b between two orders, Kendall's W over all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.metrics import Measure
from lifealign_bench.benchmark.statistics.seeding import generator_of

Floats = NDArray[np.float64]

LEVEL = 0.95
DRAWS = 19_999
MOST_LISTED = 20_000
"""Up to this many ways of shuffling the rankings, all are looked at instead of drawn ones."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Agreement:
    """How far orders rank the same methods alike.

    tau: (O, O) Kendall's tau-b of each two orders, -1 to 1, null where an order ranks all methods the same.
    tau_line: what two rankings without ties exceed by chance in at most 5 % of cases. w: Kendall's W, 0 to 1, ties
    corrected; w_line: the same line for W given these ties; p: how often chance alone reaches w. left_out: methods
    that lack a number in some order, and why they cannot be ranked.
    """

    orders: tuple[str, ...]
    methods: tuple[str, ...]
    ranks: tuple[tuple[float, ...], ...]
    tau: tuple[tuple[Measure, ...], ...]
    tau_line: Measure
    w: Measure
    w_line: Measure
    p: float | None
    left_out: tuple[str, ...]


def agreement(scores: Floats, orders: Sequence[str], methods: Sequence[str]) -> Agreement:
    """The agreement of orders about methods; scores: (O, M) higher is better, NaN where a method has no number."""
    if scores.shape != (len(orders), len(methods)):
        raise ValueError(f"scores must have shape {(len(orders), len(methods))}, not {scores.shape}")
    there = [m for m in range(len(methods)) if not np.isnan(scores[:, m]).any()]
    left_out = tuple(name for m, name in enumerate(methods) if m not in there)
    kept = tuple(name for name in methods if name not in left_out)
    # The same numbers summed in another order differ by rounding, which must not break a tie.
    ranks = _mid_ranks(-np.round(scores[:, there], 9))
    w, line, p = _concordance(ranks)
    listed = tuple(tuple(float(rank) for rank in row) for row in ranks)
    return Agreement(tuple(orders), kept, listed, _tau_b(ranks), tau_line(len(kept)), w, line, p, left_out)


def _mid_ranks(values: Floats) -> Floats:
    """(O, M) -> (O, M): 1 for the smallest of a row, those that are equal share the mean of their ranks."""
    below = (values[:, None, :] < values[:, :, None]).sum(axis=2)
    equal = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    found: Floats = below + (equal + 1) / 2
    return found


def kendall_w(ranks: Floats) -> Floats:
    """(..., O, M) mid-ranks -> (...) Kendall's W, corrected for ties; NaN where every order ties all methods.

    W = (12 S) / (O^2 (M^3 - M) - O sum_o sum_ties (t^3 - t)), S the squared deviations of the methods' rank sums.
    Source: Kendall and Babington Smith (1939); ties: Kendall (1948), Rank Correlation Methods.
    """
    orders, methods = ranks.shape[-2:]
    sums = ranks.sum(axis=-2)
    spread = np.square(sums - sums.mean(axis=-1, keepdims=True)).sum(axis=-1)
    # An order's squared deviations of mid-ranks are (M^3 - M - its ties) / 12.
    own = np.square(ranks - (methods + 1) / 2).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(own > 0, spread / (orders * own), np.nan)
    return found


def tau_line(methods: int) -> Measure:
    """The smallest tau of two rankings without ties that chance reaches in at most 5 % of cases, exact."""
    ways = np.ones(1)
    for size in range(2, methods + 1):
        ways = np.convolve(ways, np.ones(size) / size)
    pairs = methods * (methods - 1) // 2
    # ways[d] is the chance of d discordant pairs; the fewest are the highest tau.
    reached = np.cumsum(ways)
    within = np.flatnonzero(reached <= (1 - LEVEL) + ROUNDING)
    if methods < 2 or not len(within):
        chance = 1 / math.factorial(methods)
        return Measure(None, f"{methods} methods: chance alone ranks them the same in {chance:.0%} of cases")
    return Measure(1.0 - 2.0 * int(within[-1]) / pairs)


def _tau_b(ranks: Floats) -> tuple[tuple[Measure, ...], ...]:
    """Tau-b of each two rows: (concordant - discordant pairs) / sqrt(pairs untied in one x pairs untied in the other).

    Source: Kendall (1945), The treatment of ties in ranking problems.
    """
    if ranks.shape[1] < 2:
        few = Measure(None, "fewer than two methods to rank")
        return ((few,) * len(ranks),) * len(ranks)
    first, second = np.triu_indices(ranks.shape[1], 1)
    signs = np.sign(ranks[:, first] - ranks[:, second])
    untied = np.abs(signs).sum(axis=1)
    with np.errstate(invalid="ignore"):
        found = signs @ signs.T / np.sqrt(np.outer(untied, untied))
    tied = Measure(None, "an order in which all methods are tied ranks nothing")
    return tuple(tuple(tied if math.isnan(value) else Measure(value) for value in row) for row in found.tolist())


def _concordance(ranks: Floats) -> tuple[Measure, Measure, float | None]:
    """W, the line that chance exceeds in at most 5 % of cases, and how often chance reaches W."""
    orders, methods = ranks.shape
    reason = None
    if orders < 2:
        reason = "one order: nothing to agree with" if orders else "no order"
    elif methods < 2:
        reason = "fewer than two methods to rank"
    elif math.isnan(float(kendall_w(ranks))):
        reason = "all methods are tied in every order"
    if reason is not None:
        return Measure(None, reason), Measure(None, reason), None
    w, drawn = float(kendall_w(ranks)), _by_chance(ranks)
    # The line is the smallest value of W that is reached in at most 5 % of cases.
    values, counts = np.unique(np.round(drawn, 9), return_counts=True)
    reached = counts[::-1].cumsum()[::-1] / len(drawn)
    within = values[reached <= (1 - LEVEL) + ROUNDING]
    p = float((drawn >= w - ROUNDING).mean())
    if not len(within):
        reason = f"{methods} methods in {orders} orders: chance alone ranks them the same in {reached[-1]:.0%} of cases"
        return Measure(w), Measure(None, reason), p
    return Measure(w), Measure(float(within[0])), p


def _by_chance(ranks: Floats) -> Floats:
    """W where each order but the first has its ranks shuffled: all ways if they are few, else drawn ones and itself."""
    orders, methods = ranks.shape
    if math.factorial(methods) ** (orders - 1) <= MOST_LISTED:
        ways = [list(permutations(range(methods)))] * (orders - 1)
        shuffles = np.array(list(product(*ways)))
        shuffled = np.take_along_axis(np.broadcast_to(ranks[1:], shuffles.shape), shuffles, axis=-1)
        first = np.broadcast_to(ranks[:1], (len(shuffled), 1, methods))
        return kendall_w(np.concatenate([first, shuffled], axis=1))
    generator = generator_of("kendall w", ranks)
    centred = ranks - (methods + 1) / 2
    own = float(orders * np.square(centred).sum())
    sums = np.zeros((DRAWS, methods))
    for row in centred:
        sums += generator.permuted(np.tile(row, (DRAWS, 1)), axis=1)
    found: Floats = np.append(np.square(sums).sum(axis=1) / own, kendall_w(ranks))
    return found
