"""Pairwise verdicts on disk become what Bradley and Terry's model is fitted to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.pairwise_scoring import compared_scores
from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.benchmark.statistics.pairwise import Verdicts
from lifealign_bench.benchmark.statistics.prompts import Prompts
from lifealign_bench.benchmark.statistics.run_part import Runs

KEYS = ["task", "pair_id"]


def read_verdicts(runs: Sequence[StoredRun]) -> dict[str, Verdicts]:
    """The pairwise verdicts of these runs by dimension, as `lifealign judge run --pairwise` writes them; empty where
    no answers were compared, and without a dimension that has no verdict in both positions.

    A run's method stands first, `base` or the method it was compared with second. Judges and positions become one score
    a comparison, see `compared_scores`; comparisons without one are left out.

    Raises:
        InputError: a table that cannot be read.
    """
    compared = [run for run in runs if any("_vs_" in name for name in run.record.coverage)]
    frames = []
    for run in compared:
        own = run.record.identity
        rows = compared_scores(read_table(run.folder, "judgments"))
        frames.append(rows.assign(method=own.method, order=own.order, seed=own.seed))
    if not frames:
        return {}
    together = pd.concat(frames, ignore_index=True)
    return {str(name): _verdicts(rows) for name, rows in together.groupby("dimension", sort=True)}


def _verdicts(rows: pd.DataFrame) -> Verdicts:
    """One dimension; every text becomes its place among the sorted ones."""
    methods = sorted({*rows["method"], *rows["against"]})
    first, second = (np.searchsorted(methods, rows[name].to_numpy(str)) for name in ("method", "against"))
    run, blocks = _codes(rows, ["order", "seed"])
    prompt, prompts = _codes(rows, KEYS)
    items = prompts.merge(rows.drop_duplicates(KEYS)[[*KEYS, "item"]], on=KEYS, how="left")["item"]
    task = np.unique(prompts["task"].to_numpy(str), return_inverse=True)[1]
    item = np.unique(items.to_numpy(str), return_inverse=True)[1]
    order = np.unique(blocks["order"].to_numpy(str), return_inverse=True)[1]
    seed = np.unique(blocks["seed"].to_numpy(), return_inverse=True)[1]
    score = rows["score"].to_numpy(float)
    return Verdicts(tuple(methods), first, second, score, run, prompt, Runs(order, seed), Prompts(task, item))


def _codes(rows: pd.DataFrame, names: list[str]) -> tuple[NDArray[np.intp], pd.DataFrame]:
    """(N,) the place of each row among the sorted distinct values of these columns, and those."""
    groups = rows.groupby(names, sort=True)
    return np.asarray(groups.ngroup(), np.intp), groups.size().reset_index()[names]
