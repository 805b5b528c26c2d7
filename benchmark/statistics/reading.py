"""Runs on disk become the arrays of a board; what would make a comparison unfair is an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.orders import Order
from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.benchmark.statistics.board import Block, Board
from lifealign_bench.benchmark.statistics.fairness import check_fair
from lifealign_bench.benchmark.statistics.prompts import Prompts
from lifealign_bench.data.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
PromptMetric = Literal["preference_accuracy", "rubric", "helpfulness", "safety"]
PROMPT_METRICS: tuple[PromptMetric, ...] = get_args(PromptMetric)

COVERAGE = 0.95
"""A cell with a smaller share of scored prompts is taken as missing."""


@dataclass(frozen=True, eq=False)
class _Cells:
    """One run: (T+1, P) values, NaN where missing, and why cells are missing, by (step, task)."""

    values: Floats
    reasons: dict[tuple[int, str], str]


def read_board(results: Path | Sequence[Path], metric: str) -> Board:
    """The board of one metric from the runs of these folders; tasks, methods, orders and seeds are sorted by name.

    metric: one of `PROMPT_METRICS`. preference_accuracy is 100, 50 or 0 for a pair whose chosen answer is more
    likely, as likely or less likely. The judged ones are ten times the verdict; positions, repeats and judges become
    one number per run and prompt first. An unscored prompt counts as its cell's mean while the cell has `COVERAGE`.

    Raises:
        InputError: no runs; runs of several comparability keys or bases; the same run twice; one method with two
            configurations; one order name for two orders; methods that ran different orders; other prompts in a run.
        UnknownNameError: a metric that has no number per prompt.
    """
    if metric not in PROMPT_METRICS:
        raise UnknownNameError("statistics", "metric", metric, PROMPT_METRICS)
    runs = find_runs(results)
    check_fair(runs)
    tasks = tuple(sorted(runs[0].record.order.tasks))
    frames = [_rows(run, metric) for run in runs]
    prompts, index = _prompts(frames, tasks)
    methods = {run.record.identity.method: run.record.method.spec.schedule for run in runs}
    blocks = sorted({_block(run) for run in runs}, key=lambda block: (block.order, block.seed))
    names = sorted(methods)
    values = np.full((len(names), len(blocks), len(tasks) + 1, prompts.n_prompts), np.nan)
    reasons: dict[tuple[str, Block, int | None, str | None], str] = {
        (name, block, None, None): "this run is missing" for name in names for block in blocks
    }
    for run, frame in zip(runs, frames, strict=True):
        method, block = run.record.identity.method, _block(run)
        cells = _cells(run, frame, tasks, prompts, index)
        values[names.index(method), blocks.index(block)] = cells.values
        del reasons[method, block, None, None]
        reasons.update({(method, block, step, task): reason for (step, task), reason in cells.reasons.items()})
    orders = {run.record.order.name: Order(run.record.order.name, run.record.order.tasks) for run in runs}
    schedules = tuple(methods[name] for name in names)
    return Board(metric, tuple(names), schedules, tuple(blocks), orders, tasks, prompts, values, reasons)


def _block(run: StoredRun) -> Block:
    return Block(run.record.identity.order, run.record.identity.seed)


def _rows(run: StoredRun, metric: str) -> pd.DataFrame:
    """One row per step, task and prompt: `value` in points, NaN where unscored, and the prompt's item."""
    if metric == "preference_accuracy":
        frame = read_table(run.folder, "pairs")
        difference = frame["chosen_logp"] - frame["rejected_logp"]
        frame["value"] = 100.0 * (difference > 0) + 50.0 * (difference == 0)
    else:
        frame = read_table(run.folder, "judgments")
        frame = frame[frame["dimension"] == metric]
        frame = frame.assign(value=10.0 * frame["verdict"].where(frame["status"] == "scored"))
        if frame.empty:
            raise InputError(run.folder, metric, "no verdicts", "judged answers, as `lifealign judge run` writes them")
    keys = ["step", "task", "pair_id"]
    if frame.duplicated(keys).any():
        frame = frame.groupby(keys, sort=False, as_index=False).agg({"item": "first", "value": "mean"})
    # Arrow's strings are slow to look up one by one.
    return frame[[*keys, "item", "value"]].astype({"task": object, "pair_id": object, "item": object})


def _prompts(frames: Sequence[pd.DataFrame], tasks: tuple[str, ...]) -> tuple[Prompts, pd.MultiIndex]:
    """The prompts of all runs, by task and then by id, and their (task, id)."""
    import pandas as pd

    keys = ["task", "pair_id"]
    distinct = pd.concat([frame.drop_duplicates(keys) for frame in frames]).drop_duplicates(keys).sort_values(keys)
    task = np.searchsorted(np.array(tasks), distinct["task"].to_numpy(str))
    item = np.unique(distinct["item"].to_numpy(str), return_inverse=True)[1].reshape(-1)
    return Prompts(task, item), pd.MultiIndex.from_frame(distinct[keys])


def _cells(
    run: StoredRun, frame: pd.DataFrame, tasks: tuple[str, ...], prompts: Prompts, index: pd.MultiIndex
) -> _Cells:
    import pandas as pd

    shape = (len(tasks) + 1, prompts.n_prompts)
    place = (frame["step"].to_numpy(int), index.get_indexer(pd.MultiIndex.from_frame(frame[["task", "pair_id"]])))
    if (place[0] < 0).any() or (place[0] > len(tasks)).any():
        raise InputError(run.folder, "step", f"{place[0].min()} to {place[0].max()}", f"0 to {len(tasks)}")
    values, there = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    values[place], there[place] = frame["value"].to_numpy(float), True
    reasons: dict[tuple[int, str], str] = {}
    for number, name in enumerate(tasks):
        own = np.flatnonzero(prompts.task == number)
        for step in np.flatnonzero(there[:, own].any(axis=1)):
            if not there[step, own].all():
                found = f"{int(there[step, own].sum())} prompts of {name} after {step} tasks"
                raise InputError(run.folder, "prompts", found, f"the {len(own)} that the other runs have")
            cell = values[step, own]
            scored = np.isfinite(cell)
            if scored.mean() < COVERAGE:
                reasons[int(step), name] = (
                    f"{int(scored.sum())} of {len(cell)} prompts are scored, under {COVERAGE:.0%}"
                )
            values[step, own] = np.where(scored, cell, cell[scored].mean()) if scored.mean() >= COVERAGE else np.nan
    return _Cells(values, reasons)
