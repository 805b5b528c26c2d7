"""Intervals of means over runs and prompts that are crossed: every run answers the same prompts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.prompts import Draws, Prompts
from lifealign_bench.benchmark.statistics.run_part import LEAST_RUNS, RunPart, Runs, run_part
from lifealign_bench.benchmark.statistics.seeding import generator_of

Floats = NDArray[np.float64]
Kind = Literal["runs and prompts", "these runs only"]

LEVEL = 0.95
# Squared differences below this share of the squared values are rounding.
ROUNDING = 1e-18


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its interval at 95 %, in the unit of the values.

    value: None where there is no number. low, high: None where there is no interval. kind: what the interval speaks
    of; `these runs only` holds the runs fixed and lets the prompts vary. reason: in words, why something is missing.
    """

    value: float | None
    low: float | None
    high: float | None
    kind: Kind | None
    reason: str | None
    n_runs: int
    n_prompts: int
    n_items: int


def crossed_interval(values: Floats, prompts: Prompts, runs: Runs, draws: Draws) -> Interval:
    """The mean over runs, and over tasks of the means over prompts, with its interval.

    values: (R, P) one number per run and prompt, a cell or a linear combination of cells; finite. draws: of `prompts`.

    From `LEAST_RUNS` runs on, the estimand is the mean over all runs and prompts that could have been drawn
    (`runs and prompts`), under it the mean of these runs over all prompts (`these runs only`).

    With y[r, p] = mean + run[r] + prompt[p] + rest[r, p], the mean has the variance Vrun + Vprompt + Vrest.
    The prompt bootstrap (items drawn once for all runs) has the variance Vprompt + Vrest, the spread of the run means
    Vrun + Vrest; so the run part drawn is the run variance less Vrest, estimated from the residuals of run and prompt.
    Replicate b is mean + t[b] * sqrt(Vrun) + d[b] * c[b]: t has the run part's degrees of freedom, d[b] is the
    bootstrap deviation, and c[b] = sqrt(V'/V * f / chi2_f) turns its spread into that of an unbiased variance over f
    degrees of freedom. The interval is the replicates' 2.5 and 97.5 % quantiles.

    Source: Owen (2007), The pigeonhole bootstrap, for bootstraps of crossed factors and their double count;
    Field and Welsh (2007) for clusters; the convolution of t-type parts is that of Behrens and Fisher.
    """
    if values.shape != (len(runs), prompts.n_prompts) or not np.isfinite(values).all():
        raise ValueError(f"values must be finite, of shape {(len(runs), prompts.n_prompts)}, not {values.shape}")
    mean = float(prompts.mean(values.mean(axis=0)))
    reason = _no_spread(values, prompts)
    if reason is not None:
        return _interval(mean, None, None, reason, values, prompts)
    generator = generator_of("interval", values)
    deviations = prompt_deviations(values.mean(axis=0), draws, generator)
    if len(runs) < LEAST_RUNS:
        reason = f"{len(runs)} of the {LEAST_RUNS} runs that an interval over runs needs"
        return _interval(mean, mean + deviations, "these runs only", reason, values, prompts)
    part = run_part_without_prompts(prompts.mean(values), prompts.influence(values), prompts, runs)
    steps = np.sqrt(part.variance) * generator.standard_t(part.freedom, len(deviations))
    return _interval(mean, mean + deviations + steps, "runs and prompts", None, values, prompts)


def prompt_deviations(values: Floats, draws: Draws, generator: np.random.Generator) -> Floats:
    """(P,) -> (B,): deviations from the mean that other prompts would cause, spread as a t-type interval needs it."""
    prompts = draws.prompts
    parts = prompts.stratum_variances(prompts.influence(values[None, :]))[0]
    sizes = prompts.stratum_sizes
    raw = float((parts * (sizes - 1) / sizes).sum())
    total = float(parts.sum())
    if raw <= 0.0:
        return np.zeros(len(draws.counts))
    freedom = total**2 / float((np.square(parts) / np.maximum(sizes - 1, 1)).sum())
    stretch = np.sqrt(total / raw * freedom / generator.chisquare(freedom, len(draws.counts)))
    found: Floats = (draws.means(values) - prompts.mean(values)) * stretch
    return found[np.isfinite(found)]


def run_part_without_prompts(means: Floats, influence: Floats, prompts: Prompts, runs: Runs) -> RunPart:
    """The variance of the mean over runs that is due to the runs alone: without the rest of run and prompt.

    means: (R,) the mean of each run; influence: (R, G) of its items. The rest is counted by the prompt bootstrap; it is
    sum_r V(y[r] - mean_r y) / (R (R - 1)), V the clustered variance of a run's mean.
    """
    part = run_part(means, runs)
    count = len(runs)
    rest = float(prompts.stratum_variances(influence - influence.mean(axis=0)).sum()) / (count * (count - 1))
    return RunPart(max(0.0, part.variance - rest), part.freedom)


def clipped(interval: Interval, least: float, most: float) -> Interval:
    """The interval without what lies outside the range of its values."""
    if interval.low is None or interval.high is None:
        return interval
    return replace(interval, low=max(least, interval.low), high=min(most, interval.high))


def missing_interval(reason: str, n_runs: int = 0, prompts: Prompts | None = None) -> Interval:
    """An interval without a number, and why."""
    n_prompts, n_items = (prompts.n_prompts, prompts.n_items) if prompts else (0, 0)
    return Interval(None, None, None, None, reason, n_runs, n_prompts, n_items)


def _no_spread(values: Floats, prompts: Prompts) -> str | None:
    """Why nothing can be said about other prompts than these."""
    if (prompts.stratum_sizes < 2).any():
        return "a task whose prompts come from one item: the spread over items is not known"
    pooled = values.mean(axis=0)
    if prompts.stratum_variances(prompts.influence(pooled[None, :])).sum() <= ROUNDING * float(
        np.square(values).mean()
    ):
        return "every item has the same score: the spread over items is not known"
    return None


def _interval(
    mean: float, replicates: Floats | None, kind: Kind | None, reason: str | None, values: Floats, prompts: Prompts
) -> Interval:
    low, high = None, None
    if replicates is not None:
        tail = 50.0 * (1.0 - LEVEL)
        low, high = (float(end) for end in np.percentile(replicates, [tail, 100.0 - tail]))
    return Interval(mean, low, high, kind, reason, len(values), prompts.n_prompts, prompts.n_items)
