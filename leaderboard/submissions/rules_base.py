"""Group T: row 0, the untouched base, is what it is on the board: the same for everyone, and so hard to invent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lifealign_bench.leaderboard.submissions.bundle import RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error, warning
from lifealign_bench.leaderboard.submissions.known import NORMAL, Reference, base_of, place_of_task, reference_cells

PROMPTS = 2
"""As many prompts as may change their answer on another machine where all of the board's agree (standard error 0)."""
NATS = 1e-6
"""By how much a log-probability may differ from itself."""


def t1_row_zero(rows: RunRows) -> Iterator[Finding]:
    """T1: every number of row 0 lies inside the board's 95 % interval, of the clustered standard error over prompts."""
    record, known, file = rows.run.record, rows.bundle.known, rows.run.file("cells.parquet")
    unknown = []
    for (task, name), own in reference_cells(rows.scores.cells, record).items():
        place = (base_of(record.model), place_of_task(record, task))
        reference = known.row_zero.get(place, {}).get(name)
        if reference is None:
            unknown.append(f"{task} {name.partition(' ')[0]}")
            continue
        low, high = interval_of(reference)
        if not low <= own.value <= high:
            expected = f"{low:.2f} to {high:.2f}, row 0 of this base on the board ({reference.value:.2f})"
            yield error("T1", file, f"step 0, {task}, {name.partition(' ')[0]}", f"{own.value:.4f}", expected)
    if unknown:
        found = f"{len(unknown)} numbers without a reference, {unknown[0]} first"
        yield warning("T1", file, "step 0", found, "a run of this base, data and judge on the board")


def interval_of(reference: Reference) -> tuple[float, float]:
    """The ends of the interval in which row 0 must lie."""
    least = 100.0 * PROMPTS / max(1, reference.n) if reference.standard_error == 0 else 0.0
    half = max(NORMAL * reference.standard_error, least)
    return reference.value - half, reference.value + half


def t2_reference(rows: RunRows) -> Iterator[Finding]:
    """T2: what later rows hold as the reference's log-probabilities are those of row 0."""
    pairs = rows.pairs
    base = pairs[pairs["step"] == 0].drop_duplicates(["task", "pair_id"]).set_index(["task", "pair_id"])
    later = pairs[pairs["step"] > 0]
    if base.empty or later.empty or rows.run.record.reference_policy != "base":
        return
    own = base.reindex(pd.MultiIndex.from_frame(later[["task", "pair_id"]]))
    for side in ("chosen", "rejected"):
        said = later[f"reference_{side}_logp"].to_numpy(float)
        expected = own[f"{side}_logp"].to_numpy(float)
        # A null is no number that could be equal to one.
        wrong = ~(np.abs(said - expected) <= NATS)
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            row = later.iloc[place]
            found = f"{said[place]:.4f} for {row['pair_id']} at step {row['step']}, {int(wrong.sum())} such rows"
            field = f"reference_{side}_logp"
            yield error("T2", rows.run.file("pairs.parquet"), field, found, f"{expected[place]:.4f}, as in row 0")
