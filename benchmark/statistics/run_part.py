"""How sure a mean over runs is, when a run is one order with one seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.quantiles import f_upper

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

LEAST_RUNS = 5
"""Under five runs nothing is said about other runs than these."""

POOLING_LEVEL = 0.25
"""An order or a seed part is kept apart where its F-test has a p under this; Bancroft (1964) advises 0.25."""


@dataclass(frozen=True, eq=False)
class Runs:
    """R runs: the order and the seed of each, numbered from 0."""

    order: Integers
    seed: Integers

    def __len__(self) -> int:
        return len(self.order)

    @cached_property
    def orders(self) -> int:
        """How many different orders."""
        return len(np.unique(self.order))

    @cached_property
    def seeds(self) -> int:
        """How many different seeds."""
        return len(np.unique(self.seed))

    @cached_property
    def crossed(self) -> bool:
        """Whether every order was run once with every seed, of two orders and two seeds at least."""
        pairs = len(np.unique(np.stack([self.order, self.seed]), axis=1).T)
        return min(self.orders, self.seeds) > 1 and len(self) == pairs == self.orders * self.seeds

    def of(self, chosen: NDArray[np.bool_]) -> Runs:
        """The runs at the places where `chosen` is true."""
        return Runs(self.order[chosen], self.seed[chosen])


@dataclass(frozen=True, slots=True)
class RunPart:
    """Estimated variance of the mean over runs, and its degrees of freedom (Satterthwaite)."""

    variance: float
    freedom: float


def run_part(values: Floats, runs: Runs) -> RunPart:
    """The variance of the mean of (R,) run values over orders and seeds that could have been drawn instead.

    Crossed runs: y = mean + order + seed + rest, all random. With mean squares O, S and E, the variance of the mean is
    (O + S - E) / R; an order or seed part whose F-test at `POOLING_LEVEL` sees nothing is pooled with the rest, which
    leaves E / R where neither is seen. Degrees of freedom: V^2 / sum (MS_i^2 / df_i). Other layouts: runs are taken
    as exchangeable, s^2 / R with R - 1.

    Source: Searle, Casella and McCulloch, Variance Components (1992), chapter 4; Satterthwaite (1946); pooling:
    Bancroft (1964). Taking runs that share an order as exchangeable covered 70 to 83 % at 6 orders x 3 seeds.
    """
    if len(values) < 2:
        raise ValueError("the spread of one run is not known")
    if not runs.crossed:
        return RunPart(float(values.var(ddof=1)) / len(values), len(values) - 1)
    squares, freedoms = mean_squares(values, runs)
    kept = [i for i in (0, 1) if squares[i] > squares[2] * f_upper(POOLING_LEVEL, freedoms[i], freedoms[2])]
    pooled = [i for i in (0, 1, 2) if i not in kept]
    rest_freedom = float(sum(freedoms[i] for i in pooled))
    rest = float(sum(squares[i] * freedoms[i] for i in pooled)) / rest_freedom
    variance = sum(squares[i] for i in kept) + (1 - len(kept)) * rest
    parts = [(squares[i], freedoms[i]) for i in kept] + ([] if len(kept) == 1 else [(rest, rest_freedom)])
    spread = sum(square**2 / freedom for square, freedom in parts)
    if spread == 0:
        return RunPart(0.0, len(values) - 1)
    return RunPart(max(0.0, variance) / len(values), max(1.0, variance**2 / spread))


def mean_squares(values: Floats, runs: Runs) -> tuple[tuple[float, float, float], tuple[int, int, int]]:
    """Mean squares of orders, seeds and the rest, and their degrees of freedom, of crossed runs."""
    orders, seeds = runs.orders, runs.seeds
    table = np.empty((orders, seeds))
    rows, columns = (np.unique(codes, return_inverse=True)[1].reshape(-1) for codes in (runs.order, runs.seed))
    table[rows, columns] = values
    by_order, by_seed = table.mean(axis=1), table.mean(axis=0)
    rest = table - by_order[:, None] - by_seed[None, :] + table.mean()
    freedoms = (orders - 1, seeds - 1, (orders - 1) * (seeds - 1))
    sums = (seeds * np.square(by_order - by_order.mean()).sum(), orders * np.square(by_seed - by_seed.mean()).sum())
    return (
        (float(sums[0]) / freedoms[0], float(sums[1]) / freedoms[1], float(np.square(rest).sum()) / freedoms[2]),
        freedoms,
    )
