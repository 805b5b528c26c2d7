"""Strengths of methods from pairwise verdicts with ties: Bradley and Terry's model in Davidson's form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.crossed import Interval, Kind, crossed_interval
from lifealign_bench.benchmark.statistics.prompts import Draws, Prompts, draw_items
from lifealign_bench.benchmark.statistics.run_part import Runs

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

PRIOR_DEVIATION = 10.0
"""Of every strength: so weak that it only keeps the fit from overflowing."""

LARGEST_STEP = 2.0
ITERATIONS = 60
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Verdicts:
    """N pairwise verdicts. first, second: (N,) places in `methods`; run: (N,) places in `runs`, the (order, seed)
    blocks whose answers were compared; prompt: (N,) places in `prompts`.

    score: (N,) what `first` won, 0 to 1, both positions and all repeats averaged: 1 won, 0 lost, 0.5 a tie or a
    verdict that the swap turned round.
    """

    methods: tuple[str, ...]
    first: Integers
    second: Integers
    score: Floats
    run: Integers
    prompt: Integers
    runs: Runs
    prompts: Prompts

    def __post_init__(self) -> None:
        if not ((self.score >= 0) & (self.score <= 1)).all() or (self.first == self.second).any():
            raise ValueError("a score is from 0 to 1, of two different methods")


@dataclass(frozen=True, slots=True)
class Strength:
    """A method's log strength, 0 for the mean of the methods, and its interval at 95 %.

    A difference d of two of them means odds of exp(d) among the verdicts that are no ties. kind: what the interval
    speaks of, see `Interval`. None where there is no number or no interval; `reason` says why.
    """

    method: str
    value: float | None
    low: float | None
    high: float | None
    kind: Kind | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class BradleyTerry:
    """Strengths from the best, and Davidson's nu: two equal methods tie with the chance nu / (2 + nu)."""

    strengths: tuple[Strength, ...]
    nu: float | None


def bradley_terry(verdicts: Verdicts, draws: Draws | None = None) -> BradleyTerry:
    """Strengths with intervals over runs and prompts that are crossed; from few runs, over prompts alone. draws: of the
    prompts, by default made anew.

    With d = strength[i] - strength[j]: P(i wins), P(j wins), P(tie) are proportional to exp(d/2), exp(-d/2), nu. The
    fit maximises the likelihood times normal priors of deviation `PRIOR_DEVIATION`. Each verdict moves a strength by
    its score over the curvature; summed by run and prompt these are numbers whose mean is the strength, and the
    interval is `crossed_interval` of them.
    Null where the verdicts do not connect the methods (Ford's condition): then strengths have no finite maximum.

    Source: Davidson (1970), JASA 65; Ford (1957), American Mathematical Monthly 64; influence of clustered scores:
    Binder (1983), International Statistical Review 51.
    """
    shares, place, pairs = _shares(verdicts)
    totals: Floats = np.stack(
        [np.bincount(place, weights=own, minlength=len(pairs)) for own in shares.T], axis=1, dtype=np.float64
    )
    reason = _disconnected(verdicts.methods, totals, pairs)
    if reason is not None:
        return BradleyTerry(tuple(Strength(name, None, None, None, None, reason) for name in verdicts.methods), None)
    fitted = fit_strengths(totals, pairs, len(verdicts.methods))
    chances, effects = _effects(fitted, totals, pairs)
    surprise = shares - chances[place]
    draws = draw_items(verdicts.prompts) if draws is None else draws
    rows = []
    for m, name in enumerate(verdicts.methods):
        moves = (surprise * effects[:, :, m][place]).sum(axis=1)
        # What is drawn is seeded by these numbers: machines that round otherwise must not draw otherwise.
        values = np.round(_by_run_and_prompt(verdicts, moves) + fitted[m], 9)
        found = crossed_interval(values, verdicts.prompts, verdicts.runs, draws)
        rows.append(_strength(name, float(fitted[m]), found))
    nu = float(np.exp(fitted[-1])) if totals[:, 2].any() else 0.0
    return BradleyTerry(tuple(sorted(rows, key=lambda row: (-(row.value or 0.0), row.method))), nu)


def _strength(name: str, value: float, found: Interval) -> Strength:
    """The interval around the fitted strength, which the mean of the moves leaves by the prior alone."""
    shift = value - (found.value or 0.0)
    low, high = (None if end is None else end + shift for end in (found.low, found.high))
    return Strength(name, value, low, high, found.kind, found.reason)


def _by_run_and_prompt(verdicts: Verdicts, moves: Floats) -> Floats:
    """(N,) -> (R, P) numbers whose mean over runs, and over tasks of means over prompts, is the sum of the moves."""
    shape = (len(verdicts.runs), verdicts.prompts.n_prompts)
    sums = np.bincount(verdicts.run * shape[1] + verdicts.prompt, weights=moves, minlength=shape[0] * shape[1])
    found: Floats = sums.reshape(shape) * len(verdicts.runs) / verdicts.prompts.weights
    return found


def _effects(fitted: Floats, totals: Floats, pairs: Integers) -> tuple[Floats, Floats]:
    """(C, 3) chances of win, loss and tie of each pair, and (C, 3, M + 1) how much one of each, less its chance, adds
    to each strength and to log nu, to first order."""
    design, offset = _design(pairs, len(fitted) - 1), _offset(totals)
    chances = _chances(fitted, design, offset)
    curvature = _curvature(chances, totals.sum(axis=1), design)
    found = np.asarray(np.linalg.solve(curvature, design.reshape(-1, len(fitted)).T), np.float64).T.reshape(
        design.shape
    )
    found[..., :-1] -= found[..., :-1].mean(axis=-1, keepdims=True)
    return chances, found


def fit_strengths(outcomes: Floats, pairs: Integers, n_methods: int) -> Floats:
    """(C, 3) wins of first, wins of second and ties of C pairs -> (M + 1,) log strengths, then log nu.

    pairs: (C, 2). Newton's method on the penalised log-likelihood, which is concave; strengths have mean 0.
    """
    design, offset, totals = _design(pairs, n_methods), _offset(outcomes), outcomes.sum(axis=1)
    found = np.zeros(n_methods + 1)
    for _ in range(ITERATIONS):
        chances = _chances(found, design, offset)
        gradient = np.einsum("ck,ckm->m", outcomes - totals[:, None] * chances, design) - found / PRIOR_DEVIATION**2
        step = np.linalg.solve(_curvature(chances, totals, design), gradient)
        found += np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        if np.abs(step).max() < TOLERANCE:
            break
    found[:n_methods] -= found[:n_methods].mean()
    return found


def _design(pairs: Integers, n_methods: int) -> Floats:
    """(C, 3, M + 1): what each strength and log nu add to the log weight of win, loss and tie of each pair."""
    design = np.zeros((len(pairs), 3, n_methods + 1))
    rows = np.arange(len(pairs))
    for outcome, sign in ((0, 0.5), (1, -0.5)):
        design[rows, outcome, pairs[:, 0]] = sign
        design[rows, outcome, pairs[:, 1]] = -sign
    design[:, 2, n_methods] = 1.0
    return design


def _offset(outcomes: Floats) -> Floats:
    """Without any tie nu is 0: its score would run to minus infinity."""
    return np.array([0.0, 0.0, 0.0 if outcomes[..., 2].any() else -np.inf])


def _chances(fitted: Floats, design: Floats, offset: Floats) -> Floats:
    """(M + 1,) -> (C, 3) chances of win, loss and tie."""
    scores = design @ fitted + offset
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Floats = chances / chances.sum(axis=1, keepdims=True)
    return found


def _curvature(chances: Floats, totals: Floats, design: Floats) -> Floats:
    """(M + 1, M + 1) curvature of the penalised negative log-likelihood at (C, 3) chances of (C,) verdicts."""
    weights = totals[:, None, None] * (chances[..., None] * np.eye(3) - chances[:, :, None] * chances[:, None, :])
    spread = np.einsum("ckm,ckl,cln->mn", design, weights, design, optimize=True)
    found: Floats = spread + np.eye(design.shape[2]) / PRIOR_DEVIATION**2
    return found


def _shares(verdicts: Verdicts) -> tuple[Floats, Integers, Integers]:
    """(N, 3) what each verdict gives to a win, a loss and a tie of its pair's lower method, (N,) its pair, and (C, 2)
    the pairs that were compared.

    A score between is shared out between a tie and the nearer end: 0.75 is half a win and half a tie.
    """
    turned = verdicts.first > verdicts.second
    count = len(verdicts.methods)
    codes = np.minimum(verdicts.first, verdicts.second) * count + np.maximum(verdicts.first, verdicts.second)
    known, place = np.unique(codes, return_inverse=True)
    pairs = np.stack([known // count, known % count], axis=1)
    lead = 2.0 * np.where(turned, 1.0 - verdicts.score, verdicts.score) - 1.0
    shares = np.stack([np.maximum(0.0, lead), np.maximum(0.0, -lead), 1.0 - np.abs(lead)], axis=1)
    return shares, place, pairs


def _disconnected(methods: tuple[str, ...], totals: Floats, pairs: Integers) -> str | None:
    """Ford's condition: each method reaches every other one over 'won or tied against'."""
    count = len(methods)
    if count < 2:
        return "one method: nothing was compared"
    credit = np.zeros((count, count))
    credit[pairs[:, 0], pairs[:, 1]] = totals[:, 0] + totals[:, 2]
    credit[pairs[:, 1], pairs[:, 0]] = totals[:, 1] + totals[:, 2]
    # See `prompts`: SciPy is loaded where numbers are made.
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    parts, of = connected_components(sparse.csr_array(credit), directed=True, connection="strong")
    if parts == 1:
        return None
    groups = [", ".join(name for name, own in zip(methods, of, strict=True) if own == part) for part in range(parts)]
    return f"no finite strengths: never compared, or always won, between {' | '.join(groups)}"
