"""Strengths of methods from pairwise verdicts with ties: Bradley and Terry's model in Davidson's form."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.crossed import LEVEL
from lifealign_bench.benchmark.statistics.prompts import REPLICATES, Draws, Prompts, draw_items
from lifealign_bench.benchmark.statistics.seeding import generator_of

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

PRIOR_DEVIATION = 10.0
"""Of every strength: so weak that it shows only in a bootstrap replicate in which a method won or lost everything."""

LARGEST_STEP = 2.0
ITERATIONS = 60
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Verdicts:
    """N pairwise verdicts. first, second: (N,) places in `methods`; prompt: (N,) places in `prompts`.

    score: (N,) what `first` won, 0 to 1, both positions and all repeats averaged: 1 won, 0 lost, 0.5 a tie or a
    verdict that the swap turned round.
    """

    methods: tuple[str, ...]
    first: Integers
    second: Integers
    score: Floats
    prompt: Integers
    prompts: Prompts

    def __post_init__(self) -> None:
        if not ((self.score >= 0) & (self.score <= 1)).all() or (self.first == self.second).any():
            raise ValueError("a score is from 0 to 1, of two different methods")


@dataclass(frozen=True, slots=True)
class Strength:
    """A method's log strength, 0 for the mean of the methods, and its interval at 95 % over prompts.

    A difference d of two of them means odds of exp(d) among the verdicts that are no ties. None where there is no
    number or no interval; `reason` says why.
    """

    method: str
    value: float | None
    low: float | None
    high: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class BradleyTerry:
    """Strengths from the best, and Davidson's nu: two equal methods tie with the chance nu / (2 + nu)."""

    strengths: tuple[Strength, ...]
    nu: float | None


def bradley_terry(verdicts: Verdicts, replicates: int = REPLICATES) -> BradleyTerry:
    """Strengths with intervals over prompts; the runs whose answers were compared are held fixed.

    With d = strength[i] - strength[j]: P(i wins), P(j wins), P(tie) are proportional to exp(d/2), exp(-d/2), nu. The
    fit maximises the likelihood times normal priors of deviation `PRIOR_DEVIATION`. Items are drawn with replacement,
    the deviations spread for few items as in `crossed_interval`; Newton's method fits all replicates at once.
    Null where the verdicts do not connect the methods (Ford's condition): then strengths have no finite maximum.

    Source: Davidson (1970), JASA 65; Ford (1957), American Mathematical Monthly 64.
    """
    outcomes, pairs = _outcomes(verdicts)
    reason = _disconnected(verdicts.methods, outcomes.sum(axis=0), pairs)
    if reason is not None:
        return BradleyTerry(tuple(Strength(name, None, None, None, reason) for name in verdicts.methods), None)
    fitted = fit_strengths(outcomes.sum(axis=0)[None], pairs, len(verdicts.methods))[0]
    draws = draw_items(verdicts.prompts, replicates)
    low, high, why = _ends(fitted, outcomes, pairs, draws)
    rows = [
        Strength(
            name,
            float(fitted[i]),
            None if low is None else float(low[i]),
            None if high is None else float(high[i]),
            why,
        )
        for i, name in enumerate(verdicts.methods)
    ]
    nu = float(np.exp(fitted[-1])) if outcomes[:, :, 2].any() else 0.0
    return BradleyTerry(tuple(sorted(rows, key=lambda row: (-(row.value or 0.0), row.method))), nu)


def fit_strengths(outcomes: Floats, pairs: Integers, n_methods: int) -> Floats:
    """(B, C, 3) wins of first, wins of second and ties of C pairs -> (B, M + 1) log strengths, then log nu.

    pairs: (C, 2). Newton's method on the penalised log-likelihood, which is concave; strengths have mean 0.
    """
    design = np.zeros((len(pairs), 3, n_methods + 1))
    rows = np.arange(len(pairs))
    for outcome, sign in ((0, 0.5), (1, -0.5)):
        design[rows, outcome, pairs[:, 0]] = sign
        design[rows, outcome, pairs[:, 1]] = -sign
    design[:, 2, n_methods] = 1.0
    flat = design.reshape(-1, n_methods + 1)
    curvature = np.einsum("ckm,cln->cklmn", design, design).reshape(len(pairs) * 9, -1)
    # Without any tie nu is 0: its score would run to minus infinity.
    offset = np.array([0.0, 0.0, 0.0 if outcomes[:, :, 2].any() else -np.inf])
    totals = outcomes.sum(axis=2, keepdims=True)
    found = np.zeros((len(outcomes), n_methods + 1))
    for _ in range(ITERATIONS):
        step = _newton_step(found, outcomes, totals, flat, curvature, offset)
        found += np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        if np.abs(step).max() < TOLERANCE:
            break
    found[:, :n_methods] -= found[:, :n_methods].mean(axis=1, keepdims=True)
    return found


def _newton_step(
    found: Floats, outcomes: Floats, totals: Floats, flat: Floats, curvature: Floats, offset: Floats
) -> Floats:
    size = found.shape[1]
    scores = (found @ flat.T).reshape(outcomes.shape) + offset
    chances = np.exp(scores - scores.max(axis=2, keepdims=True))
    chances /= chances.sum(axis=2, keepdims=True)
    gradient = (outcomes - totals * chances).reshape(len(found), -1) @ flat - found / PRIOR_DEVIATION**2
    spread = totals[..., None] * (chances[..., None] * np.eye(3) - chances[..., :, None] * chances[..., None, :])
    hessian = (spread.reshape(len(found), -1) @ curvature).reshape(-1, size, size)
    hessian += np.eye(size) / PRIOR_DEVIATION**2
    step: Floats = np.linalg.solve(hessian, gradient[..., None])[..., 0]
    return step


def _outcomes(verdicts: Verdicts) -> tuple[Floats, Integers]:
    """(G, C, 3) won, lost and tied verdicts of each item and pair, and (C, 2) the pairs that were compared.

    A score between is shared out between a tie and the nearer end: 0.75 is half a win and half a tie.
    """
    pairs = np.array(list(combinations(range(len(verdicts.methods)), 2)), dtype=np.intp).reshape(-1, 2)
    turned = verdicts.first > verdicts.second
    low, high = np.minimum(verdicts.first, verdicts.second), np.maximum(verdicts.first, verdicts.second)
    place = np.zeros((len(verdicts.methods),) * 2, dtype=np.intp)
    place[pairs[:, 0], pairs[:, 1]] = np.arange(len(pairs))
    lead = 2.0 * np.where(turned, 1.0 - verdicts.score, verdicts.score) - 1.0
    shares = np.stack([np.maximum(0.0, lead), np.maximum(0.0, -lead), 1.0 - np.abs(lead)], axis=1)
    found = np.zeros((verdicts.prompts.n_items, len(pairs), 3))
    np.add.at(found, (verdicts.prompts.item[verdicts.prompt], place[low, high]), shares)
    compared = found.sum(axis=(0, 2)) > 0
    return found[:, compared], pairs[compared]


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


def _ends(
    fitted: Floats, outcomes: Floats, pairs: Integers, draws: Draws
) -> tuple[Floats | None, Floats | None, str | None]:
    prompts = draws.prompts
    freedom = prompts.n_items - len(prompts.stratum_sizes)
    if (prompts.stratum_sizes < 2).any():
        return None, None, "a task whose prompts come from one item: the spread over items is not known"
    drawn = (draws.counts @ outcomes.reshape(len(outcomes), -1)).reshape(-1, *outcomes.shape[1:])
    deviations = fit_strengths(drawn, pairs, len(fitted) - 1) - fitted
    generator = generator_of("strengths", outcomes)
    stretch = np.sqrt(prompts.n_items / generator.chisquare(freedom, len(deviations)))
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.percentile(fitted + deviations * stretch[:, None], [tail, 100.0 - tail], axis=0)
    return low, high, None
