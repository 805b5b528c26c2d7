"""Two methods compared over the blocks in which both ran: a permutation test, and its correction for many pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.seeding import generator_of

Floats = NDArray[np.float64]

EXACT_UP_TO = 14
FLIPS = 24_999
ALPHA = 0.05
# Sums of the same numbers in another order differ by rounding; so do differences that are the same in truth.
ROUNDING = 1e-9


def sign_flip_p(differences: Floats) -> Floats:
    """(C, n) differences of C pairs of methods in n blocks -> (C,) two-sided p-values.

    Under the null the two methods are exchangeable in each (order, seed) block, so each block's difference could as
    well have had the other sign. p is the share of sign patterns whose mean difference is at least as far from 0: all
    2^n up to `EXACT_UP_TO` blocks, else `FLIPS` drawn ones with p = (1 + hits) / (1 + draws).
    It speaks of runs on these prompts: the prompts are held fixed. Blocks must differ independently.

    Source: Fisher (1935), The Design of Experiments; p of drawn permutations: Phipson and Smyth (2010).
    """
    blocks = differences.shape[1]
    if blocks == 0:
        raise ValueError("no block in which both methods ran")
    observed = np.abs(differences.sum(axis=1))
    least = observed - ROUNDING * np.abs(differences).sum(axis=1)
    exact = blocks <= EXACT_UP_TO
    signs = _all_signs(blocks) if exact else _drawn_signs(differences)
    hits = (np.abs(signs @ differences.T) >= least).sum(axis=0)
    found: Floats = hits / len(signs) if exact else (1 + hits) / (1 + len(signs))
    return found


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values corrected for being a family, in the given order, each at most 1.

    The i-th smallest of m is multiplied by m - i + 1, and none is smaller than one before it. Source: Holm (1979).
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, dtype=float)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return tuple(float(p) for p in corrected)


def smallest_p(blocks: int) -> float:
    """The smallest two-sided p that `blocks` blocks can give: 2 / 2^n, or that of the drawn sign patterns."""
    if blocks < 1:
        return 1.0
    exact = min(1.0, 2.0 ** (1 - blocks))
    return exact if blocks <= EXACT_UP_TO else max(exact, 1.0 / (1 + FLIPS))


def blocks_needed(comparisons: int = 1, alpha: float = ALPHA) -> int | None:
    """The fewest blocks with which a pair can get a p under `alpha` in a family of so many comparisons (Holm).

    None where the drawn sign patterns are too few for any number of blocks.
    """
    if comparisons < 1 or not 0 < alpha < 1:
        raise ValueError("at least one comparison, and an alpha between 0 and 1")
    needed = next(n for n in range(1, 2000) if comparisons * 2.0 ** (1 - n) < alpha)
    return needed if comparisons * smallest_p(needed) < alpha else None


def _all_signs(blocks: int) -> Floats:
    """Half of all sign patterns, the first sign positive: the other half gives the same distances from 0."""
    codes = np.arange(2 ** (blocks - 1))
    bits = (codes[:, None] >> np.arange(blocks)) & 1
    found: Floats = np.asarray(1.0 - 2.0 * bits, dtype=float)
    found[:, -1] = 1.0
    return found


def _drawn_signs(differences: Floats) -> Floats:
    generator = generator_of("signs", differences)
    count = FLIPS * differences.shape[1]
    bits = np.unpackbits(np.frombuffer(generator.bytes(-(-count // 8)), dtype=np.uint8), count=count)
    found: Floats = 1.0 - 2.0 * bits.reshape(FLIPS, -1).astype(float)
    return found


def explain_blocks(blocks: int, comparisons: int, alpha: float = ALPHA) -> str | None:
    """In words, why so few blocks can separate no two of these methods; None where they can."""
    if comparisons * smallest_p(blocks) < alpha:
        return None
    needed = blocks_needed(comparisons, alpha)
    best = smallest_p(blocks) * comparisons
    pairs = "1 comparison" if comparisons == 1 else f"{comparisons} comparisons"
    ran = "1 block" if blocks == 1 else f"{blocks} blocks"
    reach = f"{ran} (order, seed) cannot give a corrected p under {min(1.0, best):.3g} with {pairs}"
    return reach if needed is None else f"{reach}: {needed} are needed for {alpha:g}"
