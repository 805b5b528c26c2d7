"""Tables for the terminal. Every text in them may come from a stranger, so none is read as markup or control codes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lifealign_bench.benchmark.judge_scoring import needs_of
from lifealign_bench.benchmark.matrix import Matrix
from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.benchmark.metrics import METRICS, Measure
from lifealign_bench.benchmark.variant_records import AS_GIVEN
from lifealign_bench.leaderboard.costs import COLUMNS
from lifealign_bench.leaderboard.shown import Table as ShownTable
from lifealign_bench.leaderboard.tables import MEASURES, REASONS, TABLE

MISSING = "·"
NULL = "–"
SCHEDULES = {"isolated": "each task alone", "joint": "all tasks at once"}
# How far below its diagonal a cell lies, in points, and how that is shown; the first that fits counts.
DROPS = ((20.0, "bold red"), (10.0, "red"), (3.0, "yellow"))


def plain(text: object, style: str = "") -> Text:
    """Text as it stands: no markup, and control characters (terminal escapes among them) made visible."""
    return Text("".join(mark if mark.isprintable() else "\ufffd" for mark in str(text)), style=style)


def render_ranking(frame: pd.DataFrame) -> RenderableType:
    """One table per set of comparable rows of `ranking_table`."""
    titles = {metric.name: metric.title for metric in METRICS}
    parts: list[RenderableType] = []
    several = frame["judges"].nunique() > 1
    bases = frame["base"].nunique() > 1
    for _, rows in frame.groupby(TABLE, sort=False):
        table = new_table(_title(rows.iloc[0], several=several, bases=bases))
        for name in ("rank", "method", "order", "seeds"):
            table.add_column(name, justify="right" if name in ("rank", "seeds") else "left")
        for measure in MEASURES:
            table.add_column(titles[measure], justify="right")
        for _, row in rows.iterrows():
            table.add_row(*_ranking_row(row))
        parts.append(table)
    return Group(*parts)


def render_matrix(matrix: Matrix, title: str) -> RenderableType:
    """R with row 0; missing cells are dots, unseen tasks dim, and colour shows the drop against the diagonal.

    Columns are headed by the position of the task in the order, which the rows spell out.
    """
    table = new_table(title)
    table.add_column("k", justify="right")
    table.add_column("after", no_wrap=True)
    for position in range(1, matrix.size + 1):
        table.add_column(str(position), justify="right")
    for step in range(matrix.size + 1):
        if step == 0 and not matrix.has_base:
            continue
        name = plain("(base)" if step == 0 else matrix.tasks[step - 1])
        table.add_row(str(step), name, *(_cell(matrix, step, j) for j in range(1, matrix.size + 1)))
    return table


def render_measures(measures: Mapping[str, Measure]) -> RenderableType:
    """A row per metric with value and formula, and below it why there is no number where there is a dash."""
    table = new_table("continual metrics")
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("formula", overflow="fold")
    for metric in METRICS:
        table.add_row(plain(metric.title), _number(measures[metric.name].value), plain(metric.formula, "dim"))
    notes = [
        plain(f"{NULL} {metric.title}: {measures[metric.name].reason}", "dim")
        for metric in METRICS
        if measures[metric.name].reason
    ]
    return Group(table, *notes)


def new_table(title: str) -> Table:
    """An empty table in the house's style."""
    return Table(title=plain(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)


def render_table(table: ShownTable, title: str) -> Table:
    """A table of the board in the terminal."""
    shown = new_table(title)
    for column in table.columns:
        shown.add_column(column.title, justify="left" if column.digits is None else "right")
    for row in table.texts():
        shown.add_row(*(plain(text) for text in row))
    return shown


def _title(row: pd.Series, *, several: bool, bases: bool = False) -> str:
    """Metric, suite and, where the metric needs one or tells tables apart, the judge, the base, the condition."""
    metric = f"{row['metric']}, lower is better" if row["metric"] in LOWER_IS_BETTER else row["metric"]
    judge = f"judge {row['judges']}" if row["judges"] else "not judged"
    parts = [row["suite"], *([judge] if several or needs_of(row["metric"]) else [])]
    parts += [f"base {row['base']}"] if bases else []
    parts += [row["condition"]] if row["condition"] != AS_GIVEN else []
    return f"{metric} ({', '.join(parts)})"


def _ranking_row(row: pd.Series) -> list[Text]:
    rank = plain(NULL if pd.isna(row["rank"]) else row["rank"])
    numbers = [_number(float(row[measure])) for measure in MEASURES]
    return [rank, plain(row["method"]), plain(row["order"]), plain(len(row["seeds"])), *numbers]


def render_costs(frame: pd.DataFrame) -> RenderableType:
    """One table per suite of `cost_table`."""
    parts: list[RenderableType] = []
    for suite, rows in frame.groupby("suite", sort=False):
        table = new_table(f"cost of a run ({suite})")
        table.add_column("method")
        for heading in COLUMNS.values():
            table.add_column(heading, justify="right")
        for _, row in rows.iterrows():
            table.add_row(plain(row["method"]), *(_quantity(float(row[name])) for name in COLUMNS))
        parts.append(table)
    return Group(*parts)


def _quantity(value: float) -> Text:
    return plain(NULL if math.isnan(value) else f"{value:,.0f}" if value >= 20 else f"{value:.2f}")


def render_reasons(frames: Sequence[pd.DataFrame]) -> RenderableType:
    """Why there are dashes in these `ranking_table`s: one line per reason, naming the rows that share it."""
    notes: dict[str, list[str]] = {}
    for _, row in pd.concat(frames).iterrows():
        schedule = SCHEDULES.get(row["schedule"])
        if schedule:
            notes.setdefault(f"rank: a reference, {schedule}", []).append(row["method"])
        for reason in row[REASONS]:
            notes.setdefault(reason, []).append(f"{row['method']} {row['order']}")
    return Group(*(plain(f"{NULL} {reason} ({_listed(names)})", "dim") for reason, names in notes.items()))


def _listed(names: Sequence[str], most: int = 4) -> str:
    different = list(dict.fromkeys(names))
    more = f" and {len(different) - most} more" if len(different) > most else ""
    return ", ".join(different[:most]) + more


def _number(value: float | None) -> Text:
    if value is None or math.isnan(value):
        return Text(NULL, style="dim")
    return Text(f"{value:.2f}")


def _cell(matrix: Matrix, step: int, j: int) -> Text:
    value = matrix.value(step, j)
    if value is None:
        return Text(MISSING, style="dim")
    return Text(f"{value:.1f}", style=_style(value, matrix.value(j, j), step - j))


def _style(value: float, diagonal: float | None, since: int) -> str:
    """Of a cell `since` tasks after its task was learned: dim before, bold then, coloured by the drop afterwards."""
    if since < 0:
        return "dim"
    if since == 0:
        return "bold"
    drop = 0.0 if diagonal is None else diagonal - value
    if drop <= -DROPS[-1][0]:
        return "green"
    return next((style for least, style in DROPS if drop >= least), "")
