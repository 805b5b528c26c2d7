"""The figures of a report, each from the record alone; the builders are those of the app."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from lifealign_bench.benchmark.matrix import Matrix
from lifealign_bench.benchmark.statistics.crossed import Interval
from lifealign_bench.benchmark.statistics.interference import Interference
from lifealign_bench.leaderboard.analysis.record import Finding, MeanMatrix, MetricAnalysis
from lifealign_bench.leaderboard.analysis.wording import between, chance, counted, number
from lifealign_bench.leaderboard.figures import REFERENCES, forgetting_figure
from lifealign_bench.leaderboard.matrix_figures import difference_figure
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT, metric_name
from lifealign_bench.leaderboard.order_figures import last_by_order_figure, rank_figure
from lifealign_bench.leaderboard.palette import FONT, Ink, different_labels, label
from lifealign_bench.leaderboard.rank_figures import rank_interval_figure
from lifealign_bench.leaderboard.task_names import short_tasks

MOST_ORDERS = 12
"""So many orders' matrices are drawn."""
PANELS = 2


@dataclass(frozen=True)
class Drawn:
    """A figure, where it belongs (see `sections.Section.figures`), its file's name and what it shows in words."""

    place: str
    file: str
    caption: str
    figure: go.Figure


def draw(found: MetricAnalysis, ink: Ink) -> Iterator[Drawn]:
    """Every figure of one metric that has something to show, on a light or a dark ground."""
    ranked = [row for row in found.ranking.ranks if row.rank is not None and row.low is not None]
    if ranked:
        kind = (
            "these runs only: other prompts, no other orders and seeds"
            if ranked[0].kind == "these runs only"
            else "other runs and prompts"
        )
        caption = f"The rank of each method and its 95 % interval, which speaks of {kind}."
        yield Drawn("ranks", "rank-intervals", caption, rank_interval_figure(ranked, ink))
    yield from _by_order(found, ink)
    yield from _interference(found, ink)
    yield from _matrices(found, ink)


def _by_order(found: MetricAnalysis, ink: Ink) -> Iterator[Drawn]:
    orders = sorted({order for own in found.sensitivity for order, _ in own.by_order})
    frame = _order_frame(found, orders)
    if len(orders) < 2 or frame.empty:
        return
    caption = "Last of each method in each order, seeds averaged; the line goes from its worst order to its best."
    yield Drawn("last by order", "last-by-order", caption, last_by_order_figure(frame, orders, found.metric, ink))
    if len(frame) > 1:
        caption = "The rank of each method in each order: lines that cross are orders that disagree."
        yield Drawn("ranks by order", "ranks-by-order", caption, rank_figure(frame, orders, ink))


def _order_frame(found: MetricAnalysis, orders: Sequence[str]) -> pd.DataFrame:
    """A row per method, best worst order first, as the builders expect it."""
    rows = [
        {
            "method": own.method,
            "worst": own.worst[1],
            "best": own.best[1],
            **{f"last {order}": measure.value for order, measure in own.by_order if measure.value is not None},
        }
        for own in found.sensitivity
        if own.worst is not None and own.best is not None
    ]
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    for order in orders:
        if f"last {order}" in frame:
            frame[f"rank {order}"] = frame[f"last {order}"].rank(method="min", ascending=False).astype("Int64")
    return frame.sort_values(["worst", "method"], ascending=[False, True], ignore_index=True)


def _interference(found: MetricAnalysis, ink: Ink) -> Iterator[Drawn]:
    average = found.averaged.interference
    known = [(None, average)] if average is not None else [(own.method, own) for own in found.interference]
    for place, (method, own) in enumerate(known):
        if not any(cell.value is not None for row in own.learned_before for cell in row):
            continue
        tests = {one.subject: one for one in found.interference_tests if one.method == method}
        whom = f"mean over {counted(len(found.averaged.over), 'method')}" if method is None else method
        caption = (
            f"What learning the task of the row does to the task of the column that was learned before ({whom}): mean "
            "change over orders and positions. Interval, runs and p on hover, or in the tables below."
        )
        file = "interference" if len(known) == 1 else f"interference-{place + 1}"
        yield Drawn("interference", file, caption, interference_figure(own, tests, ink))


def interference_figure(
    own: Interference, tests: dict[tuple[str, ...], Finding], ink: Ink, *, ahead: bool = False
) -> go.Figure:
    """A heat map of changes of tasks learned before, with interval, runs and corrected p on hover.

    ahead: of tasks not yet learned; `tests` are not about those.
    """
    tasks, cells = own.tasks, own.not_yet_learned if ahead else own.learned_before
    known = {} if ahead else tests
    hovers = [
        [_behind(cell, known.get((tasks[i], tasks[j]))) for j, cell in enumerate(row)] for i, row in enumerate(cells)
    ]
    rows = [f"learning {name}" for name in different_labels(short_tasks(tasks), 18)]
    values = [[cell.value for cell in row] for row in cells]
    return difference_figure(values, tasks, CHANGE_UNIT, ink, rows, hovers)


def _behind(cell: Interval, test: Finding | None) -> str:
    if cell.value is None:
        return label(cell.reason or "no number", 90)
    parts = [f"{number(cell.value, sign=True)} {between(cell.low, cell.high)}", counted(cell.n_runs, "run")]
    parts += [label(cell.kind, 40)] if cell.kind else []
    if test is not None and test.p_holm is not None:
        parts.append(f"{label(chance(test.p_holm))} (Holm over {test.family})")
    return "<br>".join(parts)


def _matrices(found: MetricAnalysis, ink: Ink) -> Iterator[Drawn]:
    orders = sorted({own.order for own in found.matrices})
    unit = metric_name(found.metric).title
    ranked = {row.method: place for place, row in enumerate(found.methods)}
    for order in orders[:MOST_ORDERS]:
        own = sorted((one for one in found.matrices if one.order == order), key=lambda one: ranked[one.method])
        panels = {one: Matrix(one.tasks, one.rows, schedule=one.schedule) for one in own}
        sequential = {one: matrix for one, matrix in panels.items() if one.schedule == "sequential"}
        if not sequential:
            continue
        names = different_labels([f"{one.method}{_mean(matrix)}" for one, matrix in sequential.items()])
        references = {
            label(f"{REFERENCES[one.schedule]} ({one.method})", 34): tuple(
                (matrix.diagonal if one.schedule == "isolated" else matrix.last)[task] for task in matrix.tasks
            )
            for one, matrix in panels.items()
            if one.schedule in REFERENCES
        }
        figure = forgetting_figure(
            dict(zip(names, sequential.values(), strict=True)), references, label(unit), columns=PANELS
        )
        caption = f"{order}: {' > '.join(own[0].tasks)}; {_seeds(own)}. A frame marks the task that was just learned."
        yield Drawn("matrices", f"matrices-{orders.index(order) + 1}", caption, _on(figure, ink))


def _mean(matrix: Matrix) -> str:
    ends = [value for value in matrix.last.values() if value is not None]
    return f", Last {number(sum(ends) / len(ends))}" if len(ends) == matrix.size else ""


def _seeds(own: Sequence[MeanMatrix]) -> str:
    most = max(one.n_seeds for one in own)
    return "one seed" if most == 1 else f"mean over {most} seeds"


def _on(figure: go.Figure, ink: Ink) -> go.Figure:
    """The figure on a ground; its frames follow."""
    figure.update_layout(
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        font={"color": ink.text, "family": FONT, "size": 12},
    )  # fmt: skip
    figure.update_layout(margin={"t": 40})
    figure.update_shapes(line={"color": ink.line})
    return figure
