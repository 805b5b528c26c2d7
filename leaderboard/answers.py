"""Answers of one method, a page at a time: all of them, or those whose verdict changed since their task was learned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.queries import Rows

Change = Literal["worse", "better", "all"]

HIDDEN_HARM = "harmful prompt"
HIDDEN_LICENCE = "licence does not allow passing it on"


@dataclass(frozen=True, slots=True)
class Text:
    """What stands behind a pair: prompt as (role, text) turns, both answers, harm label and category.

    hidden: why it is folded on screen and left out of exports, or None.
    """

    turns: tuple[tuple[str, str], ...]
    chosen: str
    rejected: str
    harm: str
    category: str
    hidden: str | None


@dataclass(frozen=True, slots=True)
class Query:
    """Which answers are asked for. dimension: of the verdict. words: looked for in the answer, whatever the case.

    harm: only prompts with this label, which stands in the suite's `texts`.
    """

    dimension: str
    change: Change = "all"
    task: str | None = None
    step: int | None = None
    harm: str | None = None
    texts: str | None = None
    words: str = ""
    page: int = 1
    size: int = 10


@dataclass(frozen=True, slots=True)
class Page:
    """A page of answers: frame with filename, pair_id, task and more; how many there are on all pages."""

    frame: pd.DataFrame
    total: int


VERDICTS = """
select folder, sample_id, step, task, median(vote) as verdict from (
    select regexp_replace(filename, 'judgments\\.parquet$', '') as folder, sample_id, step, task, judge,
           avg(verdict) as vote
    from read($judgments) where dimension = $dimension and against is null
    group by filename, sample_id, step, task, judge
) group by folder, sample_id, step, task having 2 * count(vote) > count(*)
"""
"""One verdict per answer, as the cells are made: the mean over positions inside a judge, the median of the judges."""

_ALL = """
with found as (
    select filename as samples_file, regexp_replace(filename, 'samples\\.parquet$', '') as folder, file_row_number,
           sample_id, task, step, pair_id, answer, tokens, finish_reason
    from read($samples)
    where ($task is null or task = $task) and ($step is null or step = $step)
      and ($words = '' or contains(lower(answer), lower($words))) {labelled}
)
select *, count(*) over () as total from found order by folder, file_row_number limit $size offset $start
"""
_CHANGED = """
with verdicts as ({verdicts}),
places as (select unnest($folders) as folder, unnest($tasks) as task, unnest($steps) as step, unnest($ends) as final),
answers as (
    select regexp_replace(s.filename, 'samples\\.parquet$', '') as folder, s.sample_id, s.task, s.step, s.pair_id,
           s.answer, v.verdict
    from read($samples) s join verdicts v on v.sample_id = s.sample_id and v.step = s.step and v.task = s.task
     and v.folder = regexp_replace(s.filename, 'samples\\.parquet$', '')
    where ($task is null or s.task = $task) {labelled}
),
changed as (
    select p.folder, p.task, a.pair_id, p.step, p.final, a.answer as answer_then, b.answer as answer, a.verdict
           as verdict_then, b.verdict as verdict, b.verdict - a.verdict as change
    from places p join answers a on a.folder = p.folder and a.task = p.task and a.step = p.step
    join answers b on b.folder = p.folder and b.task = p.task and b.step = p.final and b.pair_id = a.pair_id
    where p.step < p.final and ($words = '' or contains(lower(b.answer), lower($words)))
)
select *, count(*) over () as total from changed where {condition}
order by {order}, folder, task, pair_id limit $size offset $start
"""
_LABELLED = "and pair_id in (select pair_id from read($texts) where harm = $harm)"
_CONDITIONS = {"worse": ("change < 0", "change"), "better": ("change > 0", "change desc")}


def page_of(rows: Rows, runs: Sequence[BoardRun], query: Query) -> Page:
    """One page of the answers of these runs.

    Of `all`: task, step, pair_id, answer, tokens, finish_reason. Of `worse` and `better`: task, pair_id, step (when the
    task was learned) and final (the last), answer_then and answer, verdict_then and verdict, change; biggest first.
    `folder` is the run's, and ends in a slash.
    """
    runs = [run for run in runs if run.table("samples") and (query.change == "all" or run.table("judgments"))]
    if not runs:
        return Page(pd.DataFrame(), 0)
    limits = {"size": query.size, "start": (query.page - 1) * query.size}
    common = {"task": query.task, "words": query.words, **limits}
    files = {"samples": [place for run in runs if (place := run.table("samples"))]}
    labelled = ""
    if query.harm is not None and query.texts is not None:
        files["texts"], common["harm"], labelled = [query.texts], query.harm, _LABELLED
    if query.change == "all":
        frame = rows.query(_ALL.format(labelled=labelled), files, step=query.step, **common)
    else:
        condition, order = _CONDITIONS[query.change]
        sql = _CHANGED.format(verdicts=VERDICTS, condition=condition, order=order, labelled=labelled)
        files["judgments"] = [place for run in runs if (place := run.table("judgments"))]
        frame = rows.query(sql, files, dimension=query.dimension, **_places(runs), **common)
    return Page(frame, int(frame["total"].iloc[0]) if len(frame) else 0)


_HISTORY = """
select s.step, s.answer, s.tokens, s.finish_reason, j.judge, j.dimension, j.position, j.status, j.verdict, j.rationale
from read($samples) s left join read($judgments) j
  on j.sample_id = s.sample_id and j.step = s.step and j.task = s.task and j.against is null
where s.pair_id = $pair and s.task = $task order by s.step, j.judge, j.dimension, j.position
"""
_ANSWERS = """
select step, answer, tokens, finish_reason, null as judge, null as dimension, 0 as position, null as status,
       null as verdict, null as rationale
from read($samples) where pair_id = $pair and task = $task order by step
"""


def history_of(rows: Rows, run: BoardRun, pair: str, task: str) -> pd.DataFrame:
    """Every answer of a run to one prompt, by step, a row a verdict: judge, dimension, status, verdict, rationale."""
    samples, judgments = run.table("samples"), run.table("judgments")
    if samples is None:
        return pd.DataFrame()
    if judgments is None:
        return rows.query(_ANSWERS, {"samples": [samples]}, pair=pair, task=task)
    return rows.query(_HISTORY, {"samples": [samples], "judgments": [judgments]}, pair=pair, task=task)


def texts_of(rows: Rows, place: str | None, pairs: Sequence[str]) -> dict[str, Text]:
    """What stands behind these pairs, by pair id; those that are not here are not there."""
    if place is None or not pairs:
        return {}
    frame = rows.query(
        "select * from read($texts) where list_contains($pairs, pair_id)", {"texts": [place]}, pairs=list(pairs)
    )
    return {str(row["pair_id"]): _text(row) for row in frame.to_dict("records")}


def _text(row: dict[Any, Any]) -> Text:
    harm = str(row.get("harm") or "")
    hidden = HIDDEN_HARM if harm == "harmful" else None
    if not bool(row.get("redistributable", True)):
        hidden = HIDDEN_LICENCE
    return Text(
        _turns(str(row.get("prompt", ""))),
        str(row.get("chosen", "")),
        str(row.get("rejected", "")),
        harm,
        str(row.get("category") or ""),
        hidden,
    )


def _turns(prompt: str) -> tuple[tuple[str, str], ...]:
    """The turns of a prompt; a text that holds none is one turn of the user."""
    try:
        turns = json.loads(prompt)
        return tuple((str(role), str(content)) for role, content in turns)
    except (ValueError, TypeError):
        return (("user", prompt),)


def _places(runs: Sequence[BoardRun]) -> dict[str, list[Any]]:
    """By run and task: after how many tasks it was learned, and the last step."""
    found: list[tuple[str, str, int, int]] = [
        (f"{run.folder}/", task, step, len(run.tasks)) for run in runs for step, task in enumerate(run.tasks, 1)
    ]
    folders, tasks, steps, ends = zip(*found, strict=True)
    return {"folders": list(folders), "tasks": list(tasks), "steps": list(steps), "ends": list(ends)}
