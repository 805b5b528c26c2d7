"""How each method's answers change while it learns, and how much of what it lost is form alone. Free of torch."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType

from lifealign_bench.benchmark.behaviour import BEHAVIOUR, behaviour_cells, lost_form_and_content
from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.benchmark.schema import RunRecord
from lifealign_bench.data.cards import WorldSource
from lifealign_bench.data.catalogue import find_card
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.oracle import TEMPLATE
from lifealign_bench.leaderboard.rendering import NULL, new_table, plain

LOSS = ("lost", "superficial", "essential", "superficial_share")
HEADINGS = {
    "refusal_harmful": "refuses harmful, %",
    "refusal_harmless": "refuses harmless, %",
    "tokens": "tokens",
    "unfinished": "unfinished, %",
    "repetition": "repetition, %",
    "divergence": "KL, nats a token",
}


def behaviour_table(results: Path | Sequence[Path]) -> pd.DataFrame:
    """A row per suite and method, means over its runs: `NAME_base` and `NAME` of each of `BEHAVIOUR` at row 0 and after
    the last learned task, means over the tasks that have such a number; and of what tasks before the last one lost, in
    points of the rubric from 0 to 100, `lost`, `superficial`, `essential`, and `superficial_share`, the ratio of the
    means, 0 to 1. NaN where a number is not known: the divergence of the base from itself, losses where the miniature
    world's oracle did not judge, the share where one of its parts is a gain.

    Raises:
        InputError: no runs, or a table that cannot be read.
    """
    groups: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for run in find_runs(results):
        groups[run.record.suite.name, run.record.identity.method].append(_numbers(run))
    columns = [name for metric in BEHAVIOUR for name in (f"{metric}_base", metric)]
    rows = []
    for (suite, method), found in sorted(groups.items()):
        mean = pd.DataFrame(found, columns=[*columns, *LOSS[:3]]).mean()
        means = {str(name): float(value) for name, value in mean.items()}
        both = means["superficial"] >= 0 and means["essential"] >= 0 and means["lost"] > 0
        share = means["superficial"] / means["lost"] if both else math.nan
        rows.append({"suite": suite, "method": method, **means, "superficial_share": share, "runs": len(found)})
    return pd.DataFrame(rows, columns=["suite", "method", *columns, *LOSS, "runs"])


def render_behaviour(frame: pd.DataFrame) -> RenderableType:
    """Two tables per suite of `behaviour_table`: how answers changed, `base -> after`, and what losses are made of."""
    parts: list[RenderableType] = []
    for suite, rows in frame.groupby("suite", sort=False):
        table = new_table(f"answers before and after all tasks ({suite})")
        table.add_column("method")
        for metric in BEHAVIOUR:
            table.add_column(HEADINGS[metric], justify="right")
        lost = new_table(f"what is lost of the rubric, points from 0 to 100 ({suite})")
        for heading in ("method", "lost", "form alone", "content", "share of form"):
            lost.add_column(heading, justify="left" if heading == "method" else "right")
        for _, row in rows.iterrows():
            table.add_row(plain(row["method"]), *(plain(_change(row, metric)) for metric in BEHAVIOUR))
            if not math.isnan(row["lost"]):
                lost.add_row(plain(row["method"]), *(plain(_number(float(row[name]))) for name in LOSS))
        parts += [table, *([lost] if lost.row_count else [])]
    return Group(*parts)


def _numbers(run: StoredRun) -> dict[str, float]:
    samples, judgments = (read_table(run.folder, name) for name in ("samples", "judgments"))
    measured = (run.folder / "divergence.parquet").is_file()
    divergence = read_table(run.folder, "divergence") if measured else None
    # Learning each task alone ends with a policy of its own for every task: its last row is the diagonal.
    steps = _learned_at(run.record)
    last = len(run.record.order.tasks)
    ends = steps if run.record.method.spec.schedule == "isolated" else dict.fromkeys(steps, last)
    # What was said on the way is not asked about, and is most of it.
    told, judged = _at_the_ends(samples, ends), _at_the_ends(judgments, ends)
    cells = behaviour_cells(told, judged, None if divergence is None else _at_the_ends(divergence, ends))
    found = {}
    for metric, rows in cells.groupby("metric"):
        found[f"{metric}_base"] = float(rows.loc[rows["step"] == 0, "value"].mean())
        found[str(metric)] = float(rows.loc[rows["step"] > 0, "value"].mean())
    seed = _world_seed(run.record)
    if seed is None or run.record.method.spec.schedule != "sequential":
        return found
    losses = lost_form_and_content(samples, steps, last, _rubrics(run.record), seed)
    return {**found, **{name: float(losses[name].mean()) for name in LOSS[:3]}} if len(losses) else found


def _at_the_ends(rows: pd.DataFrame, ends: Mapping[str, int]) -> pd.DataFrame:
    """Rows of the untouched base, and of each task's own end."""
    return rows[(rows["step"] == 0) | (rows["step"] == rows["task"].map(ends))]


def _learned_at(record: RunRecord) -> dict[str, int]:
    return {task: step for step, task in enumerate(record.order.tasks, 1)}


def _world_seed(record: RunRecord) -> int | None:
    seeds = [judge.parameters.get("world_seed") for judge in record.judges if judge.template == TEMPLATE]
    return next((seed for seed in seeds if isinstance(seed, int)), None)


def _rubrics(record: RunRecord) -> Mapping[str, str]:
    found = {}
    for task in record.order.tasks:
        try:
            card = find_card(task, Path.cwd())
        except InputError:
            continue
        if isinstance(card.source, WorldSource):
            found[task] = card.rubric
    return found


def _change(row: pd.Series, metric: str) -> str:
    before, after = float(row[f"{metric}_base"]), float(row[metric])
    return _number(after) if math.isnan(before) else f"{_number(before)} -> {_number(after)}"


def _number(value: float) -> str:
    return NULL if math.isnan(value) else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
