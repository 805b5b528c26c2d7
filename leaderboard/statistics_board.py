"""One number for each run, step and prompt, read in place: what intervals and tests are computed from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lifealign_bench.benchmark.orders import Order
from lifealign_bench.benchmark.statistics.board import Block, Board
from lifealign_bench.benchmark.statistics.prompts import Prompts
from lifealign_bench.benchmark.statistics.reading import COVERAGE, PROMPT_METRICS
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.queries import Rows

Reasons = dict[tuple[str, Block, int | None, str | None], str]

_PAIRS = """
select filename, step, task, pair_id, item,
       case when chosen_logp > rejected_logp then 100.0 when chosen_logp = rejected_logp then 50.0 else 0.0 end as value
from read($rows)
"""
_VERDICTS = """
select filename, step, task, pair_id, any_value(item) as item,
       case when 2 * count(vote) > count(*) then 10.0 * median(vote) end as value
from (
    select filename, step, task, pair_id, judge, any_value(item) as item, avg(verdict) as vote
    from read($rows) where dimension = $metric and against is null group by filename, step, task, pair_id, judge
) group by filename, step, task, pair_id
"""
_PROMPTS = "select task, pair_id, any_value(item) as item from ({rows}) group by task, pair_id order by task, pair_id"
# Numbers alone come back: hundreds of thousands of names would take longer to hand over than to read.
_NUMBERS = """
with found as ({rows}),
places as (select task, pair_id, row_number() over (order by task, pair_id) - 1 as place
           from (select distinct task, pair_id from found)),
runs as (select unnest($listed) as filename, unnest(range(len($listed))) as run)
select run, step, place, value from found join places using (task, pair_id) join runs using (filename)
"""


def statistics_board(rows: Rows, runs: Sequence[BoardRun], metric: str) -> Board:
    """The board of one metric from runs of one scope; methods are entries by label, see `statistics.reading`.

    Raises:
        InputError: a metric without a number per prompt, two orders of one name, or rows that cannot be read.
    """
    if metric not in PROMPT_METRICS:
        raise InputError("statistics", "metric", metric, f"one with a number per prompt: {', '.join(PROMPT_METRICS)}")
    table = "pairs" if metric == "preference_accuracy" else "judgments"
    there = [run for run in runs if run.table(table)]
    if not there:
        raise InputError("statistics", "rows", f"no {table}.parquet beside any run", "the rows behind the numbers")
    orders, tasks = _orders(there), tuple(sorted(there[0].tasks))
    sql, values = (_PAIRS, {}) if table == "pairs" else (_VERDICTS, {"metric": metric})
    files = [str(run.table(table)) for run in there]
    known = rows.query(_PROMPTS.format(rows=sql), {"rows": files}, **values)
    numbers = rows.query(_NUMBERS.format(rows=sql), {"rows": files}, listed=files, **values)
    return _filled(metric, runs, there, orders, tasks, known, numbers)


def _filled(
    metric: str,
    runs: Sequence[BoardRun],
    there: Sequence[BoardRun],
    orders: dict[str, Order],
    tasks: tuple[str, ...],
    known: pd.DataFrame,
    numbers: pd.DataFrame,
) -> Board:
    methods = {run.entry.label: run.entry.schedule for run in runs}
    names = tuple(sorted(methods))
    blocks = tuple(sorted({Block(run.order, run.seed) for run in runs}, key=lambda block: (block.order, block.seed)))
    prompts = _prompts(known, tasks)
    values = np.full((len(names), len(blocks), len(tasks) + 1, prompts.n_prompts), np.nan)
    reasons: Reasons = {(name, block, None, None): "this run is missing" for name in names for block in blocks}
    for number, part in numbers.groupby("run", sort=False):
        run = there[int(str(number))]
        who = (run.entry.label, Block(run.order, run.seed))
        own = values[names.index(who[0]), blocks.index(who[1])]
        own[part["step"].to_numpy(int), part["place"].to_numpy(int)] = part["value"].to_numpy(float)
        del reasons[(*who, None, None)]
        if part["value"].isna().any():
            _settle(own, part.assign(task=prompts.task[part["place"].to_numpy(int)]), tasks, who, reasons)
    schedules = tuple(methods[name] for name in names)
    return Board(metric, names, schedules, blocks, orders, tasks, prompts, values, reasons)  # type: ignore[arg-type]


def _orders(runs: Sequence[BoardRun]) -> dict[str, Order]:
    found: dict[str, Order] = {}
    for run in runs:
        order = Order(run.order, run.tasks)
        if found.setdefault(run.order, order) != order:
            raise InputError(run.folder, "order", f"{run.order} with other tasks in it", "one order a name")
    return found


def _prompts(known: pd.DataFrame, tasks: tuple[str, ...]) -> Prompts:
    """The prompts of all runs, by task and then by id, and what they are made from."""
    task = np.array([tasks.index(name) for name in known["task"]], dtype=np.intp)
    item = np.unique(known["item"].to_numpy(str), return_inverse=True)[1].reshape(-1).astype(np.intp)
    return Prompts(task, item)


def _settle(
    values: np.ndarray, part: pd.DataFrame, tasks: Sequence[str], who: tuple[str, Block], reasons: Reasons
) -> None:
    """Prompts without a verdict count as their cell's mean; a cell with too few verdicts is missing."""
    lacking = part.loc[part["value"].isna(), ["step", "task"]].drop_duplicates().to_numpy(int)
    for step, task in lacking:
        cell = part[(part["step"] == step) & (part["task"] == task)]
        scored = int(cell["value"].notna().sum())
        places = cell["place"].to_numpy(int)
        if scored / len(cell) < COVERAGE:
            values[step, places] = np.nan
            reason = f"{scored} of {len(cell)} prompts are scored, {COVERAGE:.0%} are needed"
            reasons[(*who, int(step), tasks[task])] = reason
        else:
            values[step, places] = cell["value"].fillna(cell["value"].mean()).to_numpy(float)
