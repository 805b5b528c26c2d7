"""How much of a method's spread over runs is due to the order and how much to the seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.prompts import Prompts
from lifealign_bench.benchmark.statistics.run_part import Runs
from lifealign_bench.benchmark.statistics.seeding import generator_of

Floats = NDArray[np.float64]

PERMUTATIONS = 9_999
# Squares below this share of the squared values are rounding.
ROUNDING = 1e-18
CONSTANT = "every run has the same score"


@dataclass(frozen=True, slots=True)
class VarianceSplit:
    """Variance of a run's number in squared points, split by its causes; unbiased, so an estimate may be negative.

    order: what another order changes. seed: what another seed changes within an order. Both are of endlessly many
    prompts where `prompts` is known: the part of a run's variance that these prompts add beside what all runs share.
    f, p: permutation F-test of no order effect. reason: why a number is missing.
    """

    order: float | None
    seed: float | None
    prompts: float | None
    f: float | None
    p: float | None
    n_runs: int
    reason: str | None = None

    @property
    def order_sd(self) -> float | None:
        """The standard deviation over orders in points; 0 where the estimated variance is negative."""
        return None if self.order is None else math.sqrt(max(0.0, self.order))

    @property
    def seed_sd(self) -> float | None:
        """The standard deviation over seeds in points; 0 where the estimated variance is negative."""
        return None if self.seed is None else math.sqrt(max(0.0, self.seed))

    @property
    def order_share(self) -> float | None:
        """The order's share of order and seed variance, 0 to 1, of the clamped parts; None where both are 0."""
        if self.order is None or self.seed is None:
            return None
        parts = max(0.0, self.order), max(0.0, self.seed)
        return parts[0] / sum(parts) if sum(parts) > 0 else None


@dataclass(frozen=True, eq=False)
class _Forms:
    """Quadratic forms over runs and what they are expected to be: `expected[i, c]` per unit of component c."""

    matrices: Floats
    expected: Floats
    freedoms: tuple[int, int]


def variance_split(values: Floats, runs: Runs, prompts: Prompts | None = None, *, test: bool = True) -> VarianceSplit:
    """The split of one method's runs by order and seed.

    values: (R,) a number a run, or (R, P) a number per run and prompt where `prompts` is given. Any layout of runs:
    missing ones only make the estimate less sure. test: whether f and p are wanted.

    Random effects y = mean + order + seed + rest, by fitting constants (Henderson's method III; the usual mean squares
    where every order is run with every seed). Seeds that each belong to one order only have no part of their own. The
    seed's variance is that of seed and rest together: what a reader sees who repeats an order with another seed. With
    prompts, each quadratic form first loses what prompts alone add to it, trace(form x K), K the clustered covariance
    of the runs' means over prompts.

    The F-test permutes runs within each seed (all runs where seeds are not shared), `PERMUTATIONS` draws,
    p = (1 + hits) / (1 + draws).

    Source: Searle, Casella and McCulloch, Variance Components (1992), chapter 5; Phipson and Smyth (2010) for p.
    """
    means = values if prompts is None else prompts.mean(values)
    if not np.isfinite(values).all() or len(means) != len(runs):
        raise ValueError(f"values must be finite, one row for each of {len(runs)} runs")
    if len(runs) < 2:
        return _none("one run: nothing varies", runs)
    sampled = np.zeros((len(runs), len(runs))) if prompts is None else prompt_covariance(values, prompts)
    if runs.orders < 2:
        return _one_order(means, sampled, runs, with_prompts=prompts is not None)
    forms = _forms(tuple(runs.order.tolist()), tuple(runs.seed.tolist()))
    if forms is None:
        return _none("one seed an order: what the order does cannot be told from what the seed does", runs)
    if prompts is None and _constant(means):
        return VarianceSplit(0.0, 0.0, None, None, None, len(runs), CONSTANT)
    raw = np.einsum("r,irs,s->i", means, forms.matrices, means)
    noise = np.einsum("irs,sr->i", forms.matrices, sampled)
    found = np.linalg.solve(forms.expected, raw - noise)
    noise_parts = np.linalg.solve(forms.expected, noise)
    f, p = _f_test(means, runs, forms) if test else (None, None)
    reason = CONSTANT if _constant(means) else None
    part = float(noise_parts[1:].sum()) if prompts is not None else None
    return VarianceSplit(float(found[0]), float(found[1:].sum()), part, f, p, len(runs), reason)


def prompt_covariance(values: Floats, prompts: Prompts) -> Floats:
    """(R, P) -> (R, R): covariance of the runs' means that the drawing of prompts causes, clustered by item.

    Formula: sum over strata of G / (G - 1) * sum over items of influence[r] * influence[s]; unbiased for any runs.
    """
    influence = prompts.influence(values)
    sizes = prompts.stratum_sizes[prompts.stratum]
    scale = np.where(sizes > 1, sizes / np.maximum(sizes - 1, 1), 0.0)
    found: Floats = (influence * scale) @ influence.T
    return found


def _one_order(means: Floats, sampled: Floats, runs: Runs, *, with_prompts: bool) -> VarianceSplit:
    count = len(runs)
    centre = np.eye(count) - 1.0 / count
    noise = float((centre * sampled).sum()) / (count - 1)
    seed = float(means.var(ddof=1)) - noise
    reason = "one order: nothing to compare"
    return VarianceSplit(None, seed, noise if with_prompts else None, None, None, count, reason)


def _none(reason: str, runs: Runs) -> VarianceSplit:
    return VarianceSplit(None, None, None, None, None, len(runs), reason)


@lru_cache(maxsize=64)
def _forms(orders: tuple[int, ...], seeds: tuple[int, ...]) -> _Forms | None:
    """Sums of squares of the order beside the seed, of the seed beside the order, and of the rest; None without rest.

    Where seeds are not shared by orders there are only those of the order and of the rest.
    """
    count = len(orders)
    one, order, seed = np.ones((count, 1)), _members(np.array(orders)), _members(np.array(seeds))
    shared = ((order.T @ seed) > 0).sum(axis=0).max() > 1
    parts = [order, seed] if shared else [order]
    full = _projection(np.hstack([one, *parts]))
    others = [[part for part in parts if part is not own] for own in parts]
    matrices = [full - _projection(np.hstack([one, *other])) for other in others] + [np.eye(count) - full]
    freedoms = [round(float(np.trace(matrix))) for matrix in matrices]
    if freedoms[0] < 1 or freedoms[-1] < 1:
        return None
    kept = [place for place, freedom in enumerate(freedoms) if freedom > 0]
    stacked = np.stack([matrices[place] for place in kept])
    designs = [[*parts, np.eye(count)][place] for place in kept]
    expected = np.array([[float(np.trace(design.T @ form @ design)) for design in designs] for form in stacked])
    return _Forms(stacked, expected, (freedoms[0], freedoms[-1]))


def _members(codes: NDArray[np.intp]) -> Floats:
    """(R, levels) 1 where a run has the level."""
    found: Floats = (codes[:, None] == np.unique(codes)[None, :]).astype(float)
    return found


def _projection(design: Floats) -> Floats:
    found: Floats = design @ np.linalg.pinv(design)
    return found


def _constant(means: Floats) -> bool:
    return float(np.square(means - means.mean()).sum()) <= ROUNDING * float(means @ means)


def _f_test(means: Floats, runs: Runs, forms: _Forms) -> tuple[float | None, float | None]:
    """F of the order effect, None without rest, and its permutation p, None where the runs do not differ at all."""
    if _constant(means):
        return None, None
    centred = means - means.mean()
    generator = generator_of("order F-test", means, runs.order, runs.seed)
    drawn = np.tile(centred, (PERMUTATIONS, 1))
    for seed in np.unique(runs.seed) if len(forms.matrices) > 2 else [None]:
        places = np.arange(len(runs)) if seed is None else np.flatnonzero(runs.seed == seed)
        drawn[:, places] = generator.permuted(drawn[:, places], axis=1)
    ratios = _ratio(np.vstack([centred, drawn]), forms)
    hits = int((ratios[1:] >= ratios[0] * (1 - 1e-9)).sum())
    scale = forms.freedoms[1] / forms.freedoms[0]
    f = float(ratios[0]) * scale if math.isfinite(ratios[0]) else None
    return f, (1 + hits) / (1 + PERMUTATIONS)


def _ratio(values: Floats, forms: _Forms) -> Floats:
    """(N, R) -> (N,) the order's sum of squares over the rest's; infinite where there is no rest."""
    order, rest = (((values @ forms.matrices[place]) * values).sum(axis=1) for place in (0, -1))
    tiny = 1e-12 * np.square(values).sum(axis=1)
    with np.errstate(divide="ignore"):
        found: Floats = np.where(rest > tiny, order / np.maximum(rest, tiny), np.inf)
    return found
