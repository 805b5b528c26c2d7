"""Ranks of the methods of a board: intervals of ranks, and groups of methods that the data do not separate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.board import Measured
from lifealign_bench.benchmark.statistics.comparison import Comparison, compare_methods
from lifealign_bench.benchmark.statistics.crossed import (
    Kind,
    run_part_without_prompts,
)
from lifealign_bench.benchmark.statistics.prompts import Draws
from lifealign_bench.benchmark.statistics.run_part import LEAST_RUNS, Runs
from lifealign_bench.benchmark.statistics.seeding import generator_of
from lifealign_bench.benchmark.statistics.sign_flip import ALPHA, explain_blocks

Floats = NDArray[np.float64]

LEAST_BLOCKS = 10
"""Tie groups appear only from so many shared blocks on."""


@dataclass(frozen=True, slots=True)
class Rank:
    """The place of a method among the ranked ones; 1 is the highest mean, equal means share the better place.

    low, high: its interval at 95 %. kind: what the interval speaks of, see `Interval`. group: its tie group, from 1.
    Each is None where it does not exist; `reason` then says why there is no rank or no interval.
    """

    method: str
    rank: int | None
    low: int | None
    high: int | None
    kind: Kind | None
    group: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ranked methods from the best, those without a rank last. groups_reason: why there are no tie groups, or why
    there is only one."""

    ranks: tuple[Rank, ...]
    comparisons: tuple[Comparison, ...]
    groups_reason: str | None


def rank_methods(measured: Measured) -> Ranking:
    """The ranking of the sequential methods that have the number in every block of the board."""
    board = measured.board
    whole = [name for name in board.sequential if measured.why_missing(name) is None]
    left = tuple(
        Rank(name, None, None, None, None, None, f"not ranked: {measured.why_missing(name)}")
        for name in board.sequential
        if name not in whole
    )
    if not whole:
        return Ranking(left, (), "no method has the number in every block")
    places = [board.methods.index(name) for name in whole]
    comparisons = compare_methods(measured, whole)
    gaps = method_gaps(measured.values[places], board.runs, board.draws)
    groups, groups_reason = tie_groups(whole, gaps, comparisons, len(board.blocks))
    rows = _ranked(whole, gaps, groups, len(board.blocks))
    return Ranking((*rows, *left), comparisons, groups_reason)


def tie_groups(
    methods: Sequence[str], gaps: Gaps, comparisons: Sequence[Comparison], blocks: int
) -> tuple[dict[str, int], str | None]:
    """The tie group of each method, from 1 for the best, and why there is none or only one.

    From the best mean down, a new group starts only where every method above is apart from every method below: by a
    Holm-corrected p under 0.05 (other runs on these prompts), and by a difference beyond the 95 % quantile of the
    largest of all differences in the crossed bootstrap (other prompts, too). So no two methods stand in different
    groups unless their own test separates them, and the chance that any two equal methods are separated is at most
    5 %, whichever methods are equal.
    """
    if blocks < LEAST_BLOCKS:
        return {}, f"{blocks} of the {LEAST_BLOCKS} blocks (order, seed) that tie groups need"
    if not comparisons:
        return dict.fromkeys(methods, 1), None
    apart = np.zeros_like(gaps.errors, dtype=bool)
    for found in comparisons:
        a, b = methods.index(found.first), methods.index(found.second)
        apart[a, b] = apart[b, a] = found.p_holm is not None and found.p_holm < ALPHA
    apart &= gaps.sure(gaps.of_all)
    order = np.argsort(-gaps.gaps[:, 0], kind="stable")
    groups, group = {}, 1
    for place, method in enumerate(order):
        group += bool(place and apart[np.ix_(order[:place], order[place:])].all())
        groups[methods[method]] = group
    return groups, explain_blocks(blocks, len(comparisons)) if group == 1 else None


@dataclass(frozen=True, eq=False)
class Gaps:
    """All differences between M methods. gaps, errors: (M, M) row less column, and standard errors.

    ratios: (B, M, M) bootstrapped deviations of the differences from what was found, in standard errors, without sign.
    """

    gaps: Floats
    errors: Floats
    ratios: Floats

    def sure(self, limits: Floats) -> NDArray[np.bool_]:
        """(M, M) whether a difference is further from 0 than `limits` (of a row, or one for all) standard errors."""
        found: NDArray[np.bool_] = np.abs(self.gaps) > limits * self.errors
        return found

    @property
    def by_method(self) -> Floats:
        """(M, 1) 95 % quantile of the largest ratio among each method's M - 1 differences."""
        found: Floats = np.quantile(self.ratios.max(axis=2), 1.0 - ALPHA, axis=0)[:, None]
        return found

    @property
    def of_all(self) -> Floats:
        """() 95 % quantile of the largest ratio among all differences."""
        return np.asarray(np.quantile(self.ratios.max(axis=(1, 2)), 1.0 - ALPHA))


def method_gaps(values: Floats, runs: Runs, draws: Draws) -> Gaps:
    """The differences between the methods of (M, R, P) values in one crossed bootstrap; see `crossed_interval`.

    Under `LEAST_RUNS` runs the prompts alone vary.
    """
    prompts, count, number = draws.prompts, len(values), values.shape[1]
    generator = generator_of("ranks", values)
    means = prompts.mean(values)
    influence = prompts.influence(values.reshape(-1, prompts.n_prompts)).reshape(count, number, -1)
    pooled = values.mean(axis=1)
    by_prompt = np.stack([draws.means(row) for row in pooled], axis=1) - prompts.mean(pooled)
    freedom = max(1, number - 1)
    centred = means - means.mean(axis=1, keepdims=True)
    by_run = generator.standard_normal((len(draws.counts), number)) @ centred.T / np.sqrt(number * freedom)
    by_run *= np.sqrt(freedom / generator.chisquare(freedom, len(draws.counts)))[:, None]
    ratios, errors = np.zeros((len(draws.counts), count, count)), np.zeros((count, count))
    for a, b in combinations(range(count), 2):
        own = influence[a] - influence[b]
        variance = float(prompts.stratum_variances(own.mean(axis=0)[None]).sum())
        deviates = by_prompt[:, a] - by_prompt[:, b]
        if number >= LEAST_RUNS:
            part = run_part_without_prompts(means[a] - means[b], own, prompts, runs)
            spread = float((centred[a] - centred[b]).var(ddof=1)) / number
            scale = np.sqrt(part.variance / spread) if spread > 0 else 0.0
            deviates = deviates + scale * (by_run[:, a] - by_run[:, b])
            variance += part.variance
        if variance > 0:
            errors[a, b] = errors[b, a] = np.sqrt(variance)
            ratios[:, a, b] = ratios[:, b, a] = np.abs(deviates) / errors[a, b]
    overall = means.mean(axis=1)
    return Gaps(overall[:, None] - overall[None, :], errors, ratios)


def rank_bounds(gaps: Gaps) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The least and the greatest rank (M,) of each method, at 95 % for each method.

    The least rank is 1 + how many methods are surely better, the greatest M - how many are surely worse. Surely: the
    difference is further from 0, in standard errors, than the 95 % quantile of the largest such distance over the
    method's M - 1 differences in the crossed bootstrap. That holds where methods are equal, too (the quantiles of
    bootstrapped ranks do not), and covers at least 95 %: more where methods lie far apart.

    Source: Mogstad, Romano, Shaikh and Wilhelm (2024), Inference for ranks, Review of Economic Studies 91.
    """
    sure = gaps.sure(gaps.by_method)
    better, worse = (sure & (gaps.gaps < 0)).sum(axis=1), (sure & (gaps.gaps > 0)).sum(axis=1)
    return 1 + better, len(gaps.gaps) - worse


def _ranked(names: Sequence[str], gaps: Gaps, groups: Mapping[str, int], blocks: int) -> list[Rank]:
    if len(names) == 1:
        return [Rank(names[0], 1, None, None, None, groups.get(names[0]), "one method: nothing to rank it against")]
    ranks = 1 + (gaps.gaps < 0).sum(axis=1)
    low, high = rank_bounds(gaps)
    kind: Kind = "runs and prompts" if blocks >= LEAST_RUNS else "these runs only"
    rows = [
        Rank(name, int(ranks[i]), int(low[i]), int(high[i]), kind, groups.get(name), None)
        for i, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: (row.rank or 0, row.method))
