"""Rules on pairs and answers beside the numbers made of them: what a model can give, and what is the same in every row.

An interval is narrower when a pair is called an item of its own, and an answer is likelier per token the more tokens it
is said to have.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lifealign_bench.leaderboard.submissions.bundle import RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error
from lifealign_bench.leaderboard.submissions.known import PAIR, base_of, place_of_task

MOST_NATS = 1e-3
"""A log-probability is at most 0 but for the arithmetic of single precision, summed over an answer's tokens."""
FINISHED = ("stop", "length")
LOGPS = ("chosen_logp", "rejected_logp")


def s12_possible(rows: RunRows) -> Iterator[Finding]:
    """S12: log-probabilities are at most 0, and lengths are those that texts can have."""
    pairs, samples = rows.pairs, rows.samples
    for name in (*LOGPS, *(f"reference_{name}" for name in LOGPS)):
        yield from _first(rows, "pairs", name, pairs[pairs[name] > MOST_NATS], "at most 0 nats")
    for name in ("chosen_tokens", "rejected_tokens"):
        yield from _first(rows, "pairs", name, pairs[pairs[name] < 1], "at least one token")
    most = _most_tokens(rows)
    fits = samples["tokens"].between(0, np.inf if most is None else most)
    expected = "from 0 on" if most is None else f"0 to {most:,} tokens, as generation.max_new_tokens says"
    yield from _first(rows, "samples", "tokens", samples[~fits], expected)
    wrong = samples[~samples["finish_reason"].isin(FINISHED)]
    yield from _first(rows, "samples", "finish_reason", wrong, " or ".join(FINISHED))


def _most_tokens(rows: RunRows) -> int | None:
    """What the closed division's answers are cut at, None where nobody knows: elsewhere tokens may be others."""
    most = rows.run.record.generation.get("max_new_tokens")
    return most if rows.bundle.submission.division == "closed" and isinstance(most, int) else None


def _first(rows: RunRows, table: str, column: str, wrong: pd.DataFrame, expected: str) -> Iterator[Finding]:
    for row in wrong.head(1).to_dict("records"):
        place = f"step {row['step']}, {row['pair_id']}: {column}"
        found = f"{row[column]}, {len(wrong):,} such rows"
        yield error("S12", rows.run.file(f"{table}.parquet"), place, found, expected)


def t4_pairs(rows: RunRows) -> Iterator[Finding]:
    """T4: a pair has its item and its lengths in tokens at every step, and of a base that is on the board those that
    it has there."""
    file, pairs, record = rows.run.file("pairs.parquet"), rows.pairs, rows.run.record
    first = pairs.drop_duplicates(["task", "pair_id"]).set_index(["task", "pair_id"])[PAIR]
    own = first.reindex(pd.MultiIndex.from_frame(pairs[["task", "pair_id"]]))
    yield from _others(file, pairs, own, "as in the pair's first row")
    for task, rows_of in first.groupby(level="task", sort=False):
        known = rows.bundle.known.pairs.get((base_of(record.model), place_of_task(record, str(task))))
        if known is not None:
            named = rows_of.reset_index().assign(step=0)
            named = named[named["pair_id"].isin(known.index)]
            yield from _others(file, named, known.reindex(named["pair_id"]), "as on the board")


def _others(file: str, found: pd.DataFrame, expected: pd.DataFrame, why: str) -> Iterator[Finding]:
    for name in PAIR:
        wrong = found[name].to_numpy(object) != expected[name].to_numpy(object)
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            row, right = found.iloc[place], expected[name].iloc[place]
            value = f"{row[name]} of {row['pair_id']} at step {row['step']}, {int(wrong.sum()):,} such rows"
            yield error("T4", file, name, value, f"{right}, {why}")
