"""A mean or a contrast of runs with its t-type interval and p, where runs and prompts are crossed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lifealign_bench.benchmark.statistics.crossed import LEVEL, ROUNDING, run_part_without_prompts
from lifealign_bench.benchmark.statistics.prompts import Prompts
from lifealign_bench.benchmark.statistics.run_part import LEAST_RUNS, Runs, run_part

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number in the unit of the values, its 95 % interval, and how often chance alone is so far from 0.

    p: two-sided. freedom: degrees of freedom of the t it is from. Each is None where it does not exist, and `reason`
    says why.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    freedom: float | None
    n_runs: int
    reason: str | None = None


def mean_estimate(values: Floats, prompts: Prompts, runs: Runs) -> Estimate:
    """The mean of (R, P) values over runs and prompts, tested against 0.

    t = mean / sqrt(Vrun + Vprompt), both as `crossed_interval` has them, with Welch and Satterthwaite's degrees of
    freedom, those of Vrun before what prompts add to it is subtracted: far in the tails, where corrected tests look, a
    difference of two estimates is less sure than either. No p under `LEAST_RUNS` runs, and none where
    every item has the same score.
    """
    if not np.isfinite(values).all():
        raise ValueError("values must be finite")
    mean, count = float(prompts.mean(values.mean(axis=0))), len(values)
    if count < LEAST_RUNS:
        return _none(mean, count, f"{count} of the {LEAST_RUNS} runs that a test over other runs needs")
    variance, freedom = _of_prompts(values.mean(axis=0), prompts)
    if variance <= ROUNDING * float(np.square(values).mean()):
        return _none(mean, count, "every item has the same score: the spread over items is not known")
    part = run_part_without_prompts(prompts.mean(values), prompts.influence(values), prompts, runs)
    raw = run_part(prompts.mean(values), runs)
    return _tested(mean, count, part.variance + variance, (raw.variance, raw.freedom), (variance, freedom))


def contrast_estimate(
    values: Floats, weights: Floats, groups: Integers, prompts: Prompts, seeds: Integers | None = None
) -> Estimate:
    """A contrast of (R, P) values over runs: the sum of `weights` (R,), which add to 0, times the runs' means.

    groups: (R,) runs of one group differ by chance alone; that spread is the error, R less the number of groups degrees
    of freedom. seeds: (R,) where every group has the same seeds, what a seed does to all of them cancels in the
    contrast, and is taken out of the error, too. The prompts' part is the clustered variance of the contrast's means,
    and what prompts do to each run alone is counted once.
    """
    if not np.isfinite(values).all() or abs(float(weights.sum())) > 1e-9:
        raise ValueError("values must be finite and weights add to 0")
    found, count = float(weights @ prompts.mean(values)), len(values)
    centre, freedom = _error_projection(groups, seeds)
    if freedom < 1:
        return _none(found, count, "one run of each: nothing tells how much they differ by chance")
    means = prompts.mean(values)
    error = float(means @ centre @ means) / freedom
    rest = float(prompts.stratum_variances(centre @ prompts.influence(values)).sum()) / freedom
    scale = float(weights @ weights)
    combined = weights @ values
    variance, prompt_freedom = _of_prompts(combined, prompts)
    total = max(0.0, error - rest) * scale + variance
    if total <= ROUNDING * float(np.square(values).mean()):
        return _none(found, count, "every item has the same score in all of them")
    # What is subtracted is known far better than the error, whose own uncertainty stays whole.
    return _tested(found, count, total, (error * scale, float(freedom)), (variance, prompt_freedom))


def _error_projection(groups: Integers, seeds: Integers | None) -> tuple[Floats, int]:
    """The projection on what neither groups nor seeds explain, and its rank."""
    columns = [
        (codes[:, None] == np.unique(codes)[None, :]).astype(float) for codes in (groups, seeds) if codes is not None
    ]
    design = np.hstack(columns)
    centre: Floats = np.eye(len(groups)) - design @ np.linalg.pinv(design)
    return centre, round(float(np.trace(centre)))


def _of_prompts(values: Floats, prompts: Prompts) -> tuple[float, float]:
    """(P,) -> the variance of the mean that other prompts would cause, and its degrees of freedom."""
    parts = prompts.stratum_variances(prompts.influence(values[None, :]))[0]
    total = float(parts.sum())
    if total <= 0.0:
        return 0.0, 1.0
    sizes = np.maximum(prompts.stratum_sizes - 1, 1)
    return total, total**2 / float((np.square(parts) / sizes).sum())


def _tested(value: float, count: int, variance: float, *parts: tuple[float, float]) -> Estimate:
    """variance: of the value. parts: the variances that it is computed from, and their degrees of freedom."""
    freedom = variance**2 / sum(part**2 / own for part, own in parts)
    error = float(np.sqrt(variance))
    half = float(special.stdtrit(freedom, (1 + LEVEL) / 2)) * error
    p = 2.0 * float(special.stdtr(freedom, -abs(value) / error))
    return Estimate(value, value - half, value + half, p, freedom, count)


def _none(value: float, count: int, reason: str) -> Estimate:
    return Estimate(value, None, None, None, None, count, reason)
