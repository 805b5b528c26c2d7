"""Two methods, run by run: a block is one order with one seed in which both ran."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lifealign_bench.leaderboard.answers import VERDICTS
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.matrices import matrices_of
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT, metric_name
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.shown import Column, Table
from lifealign_bench.leaderboard.visible import named


@dataclass(frozen=True, slots=True)
class Block:
    """One order with one seed, and the run of each of the two methods in it."""

    order: str
    seed: int
    first: BoardRun
    second: BoardRun


def blocks_of(first: Sequence[BoardRun], second: Sequence[BoardRun]) -> tuple[Block, ...]:
    """The blocks in which both ran, by order and seed."""
    others = {(run.order, run.seed): run for run in second}
    found = [(run, others[run.order, run.seed]) for run in first if (run.order, run.seed) in others]
    return tuple(Block(a.order, a.seed, a, b) for a, b in sorted(found, key=lambda pair: (pair[0].order, pair[0].seed)))


def block_frame(blocks: Sequence[Block], metric: str, measure: str) -> pd.DataFrame:
    """A row a block that has both: order, seed, the measure of both, the first less the second."""
    rows = []
    for block in blocks:
        a, b = block.first.number(metric, measure).value, block.second.number(metric, measure).value
        if a is not None and b is not None:
            rows.append({"order": block.order, "seed": block.seed, "first": a, "second": b, "difference": a - b})
    return pd.DataFrame(rows, columns=["order", "seed", "first", "second", "difference"])


def block_table(frame: pd.DataFrame, names: tuple[str, str], metric: str, measure: str = "last") -> Table:
    """The blocks as they are shown."""
    unit = CHANGE_UNIT if measure == "bwt" else metric_name(metric).unit
    columns = (
        Column("order", "Order"),
        Column("seed", "Seed", 0),
        Column("first", f"{names[0]} (A), {unit}", 2),
        Column("second", f"{names[1]} (B), {unit}", 2),
        Column("difference", f"Difference, {CHANGE_UNIT}", 2),
    )
    return Table("paired-differences", frame, columns)


def by_task(rows: Rows, blocks: Sequence[Block], metric: str) -> pd.DataFrame:
    """A row a block and task: what each method has at the end, first less second.

    Raises:
        InputError: cells that cannot be read.
    """
    found = []
    firsts = matrices_of(rows, [block.first for block in blocks], metric)
    seconds = matrices_of(rows, [block.second for block in blocks], metric)
    for block, first, second in zip(blocks, firsts, seconds, strict=True):
        for task in sorted(first.matrix.tasks):
            a, b = first.matrix.last.get(task), second.matrix.last.get(task)
            if a is not None and b is not None:
                found.append({"task": task, "order": block.order, "seed": block.seed, "difference": a - b})
    return pd.DataFrame(found, columns=["task", "order", "seed", "difference"])


def task_table(frame: pd.DataFrame) -> Table:
    """The frame of `by_task` as rows of means over the runs, with the lowest and the highest of them."""
    found = frame.groupby("task", as_index=False)["difference"].agg(["mean", "min", "max", "count"])
    columns = (
        Column("task", "Task"),
        Column("mean", f"Mean difference, {CHANGE_UNIT}", 2),
        Column("min", f"Lowest, {CHANGE_UNIT}", 2),
        Column("max", f"Highest, {CHANGE_UNIT}", 2),
        Column("count", "Paired runs", 0),
    )
    return Table("differences-by-task", found, columns)


def verdict_in_words(frame: pd.DataFrame, names: tuple[str, str], *, lower_is_better: bool = False) -> str:
    """One plain sentence on the differences of `block_frame`: their mean, their signs, and what they can show."""
    if frame.empty:
        return "The two never ran in the same order with the same seed: nothing can be said."
    sign = -1.0 if lower_is_better else 1.0
    differences = [sign * float(value) for value in frame["difference"]]
    mean = statistics.fmean(differences)
    ahead = sum(value > 0 for value in differences)
    behind = sum(value < 0 for value in differences)
    better = named(names[0] if mean >= 0 else names[1])
    count = len(differences)
    shown = (
        f"{better} is ahead by {abs(mean):.1f} {CHANGE_UNIT} on average, and in {max(ahead, behind)} of {count} runs."
    )
    if min(ahead, behind) and (ahead >= behind) != (mean >= 0):
        few = f"but in only {min(ahead, behind)} of {count} runs"
        shown = f"{better} is ahead by {abs(mean):.1f} {CHANGE_UNIT} on average, {few}."
    return shown


CHANGED_MOST = """
with verdicts as ({verdicts}),
answers as (
    select v.folder, s.task, s.pair_id, s.step, s.answer, v.verdict
    from read($samples) s join verdicts v on v.sample_id = s.sample_id and v.step = s.step and v.task = s.task
     and v.folder = regexp_replace(s.filename, '[^/]*$', '')
    where s.step = $final
),
blocks as (select unnest($firsts) as first, unnest($seconds) as second)
select a.task, a.pair_id, avg(a.verdict) as first, avg(b.verdict) as second, avg(a.verdict - b.verdict) as difference,
       count(*) as blocks, min_by(a.folder, a.folder) as first_folder,
       min_by(a.answer, a.folder) as first_answer, min_by(b.answer, a.folder) as second_answer
from blocks p join answers a on a.folder = p.first
join answers b on b.folder = p.second and b.task = a.task and b.pair_id = a.pair_id
group by a.task, a.pair_id having avg(a.verdict - b.verdict) <> 0
order by difference * $sign, a.task, a.pair_id limit $size
"""


def changed_most(
    rows: Rows, blocks: Sequence[Block], dimension: str, *, better: str = "first", size: int = 10
) -> pd.DataFrame:
    """The prompts whose verdicts at the end differ most, those first where `better` (first or second) is ahead.

    task, pair_id, first, second, difference: mean verdicts over blocks (1 to 10); the answers are those of the first
    block. Empty where answers or verdicts are not there.
    """
    usable = [
        block
        for block in blocks
        if all(run.table(name) for run in (block.first, block.second) for name in ("samples", "judgments"))
    ]
    if not usable:
        return pd.DataFrame()
    runs = [run for block in usable for run in (block.first, block.second)]
    return rows.query(
        CHANGED_MOST.format(verdicts=VERDICTS),
        {name: [place for run in runs if (place := run.table(name))] for name in ("samples", "judgments")},
        dimension=dimension,
        final=len(usable[0].first.tasks),
        firsts=[f"{block.first.folder}/" for block in usable],
        seconds=[f"{block.second.folder}/" for block in usable],
        sign=-1 if better == "first" else 1,
        size=size,
    )
