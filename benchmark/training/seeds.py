"""Seeds: every random number of a stage comes from (run seed, task prefix, phase), never from a name of ours."""

from __future__ import annotations

from collections.abc import Sequence

from lifealign_bench.data.rows import digest


def derive_seed(run_seed: int, prefix: Sequence[str], phase: str, purpose: str) -> int:
    """A seed from 0 to 2^31 - 1, the same for every method that learns this prefix."""
    return int(digest([run_seed, list(prefix), phase, purpose])[:8], 16) & 0x7FFFFFFF
