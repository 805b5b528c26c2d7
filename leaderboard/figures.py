"""Figures of results: built from the same files as the tables, drawn by Plotly, written as PNG, SVG or a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lifealign_bench.benchmark.durable import write_whole
from lifealign_bench.benchmark.matrix import Matrix
from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.leaderboard.tables import forgetting_matrix

Row = Sequence[float | None]

FORMATS = (".png", ".svg", ".html")
# From dark blue to yellow: told apart by people with any kind of colour vision, and in print.
COLOURS = "Cividis"
REFERENCES = {"isolated": "each task alone", "joint": "all tasks at once"}
# In points: a cell, the space between panels, and what surrounds them.
CELL_WIDTH, CELL_HEIGHT, BETWEEN, BELOW = 46, 30, 24, 64
LEFT, RIGHT, TOP, BOTTOM = 170, 80, 112, 90


def forgetting_figure(
    panels: Mapping[str, Matrix],
    references: Mapping[str, Row],
    metric: str,
    title: str = "",
    columns: int | None = None,
) -> go.Figure:
    """Heat maps side by side: a row for the base and after each task, a column per task, the number in each cell.

    panels: matrices of the same tasks in the same order, by title. references: rows of T numbers to read every panel
    against, by name. A frame marks the cell of the task that was just learned: what stands below it was kept or
    forgotten. All panels share one colour scale from 0 to 100. columns: panels beside each other, by default all.

    Raises:
        InputError: no panels, or panels of different orders.
    """
    orders = {matrix.tasks for matrix in panels.values()}
    if len(orders) != 1:
        raise InputError("figure", "panels", f"{len(orders)} orders", "matrices of the same tasks in the same order")
    (tasks,) = orders
    names = _short(tasks)
    rows = ["base", *(f"after {place} {name}" for place, name in enumerate(names, 1)), *references]
    beside = min(len(panels), columns or len(panels))
    below = math.ceil(len(panels) / beside)
    wide = beside * len(tasks) * CELL_WIDTH + (beside - 1) * BETWEEN
    high = below * len(rows) * CELL_HEIGHT + (below - 1) * BELOW
    figure = make_subplots(
        rows=below,
        cols=beside,
        subplot_titles=list(panels),
        shared_yaxes=True,
        shared_xaxes=True,
        horizontal_spacing=BETWEEN / wide if beside > 1 else 0.0,
        vertical_spacing=BELOW / high if below > 1 else 0.0,
    )
    for number, matrix in enumerate(panels.values()):
        place = {"row": number // beside + 1, "col": number % beside + 1}
        figure.add_trace(_heat_map(names, rows, [*matrix.rows, *references.values()], metric), **place)
        for task in range(len(tasks)):
            box = {"x0": task - 0.5, "x1": task + 0.5, "y0": task + 0.5, "y1": task + 1.5}
            figure.add_shape(type="rect", **box, line={"color": "black", "width": 2}, **place)
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    figure.update_xaxes(tickangle=-40, showgrid=False, ticks="")
    figure.update_layout(
        title={
            "text": title,
            "x": 0,
            "xref": "container",
            "y": 0.97,
            "yanchor": "top",
            "pad": {"l": 16},
            "font": {"size": 17},
        },
        template="plotly_white",
        coloraxis={
            "colorscale": COLOURS,
            "cmin": 0,
            "cmax": 100,
            "colorbar": {"title": {"text": "%"}, "thickness": 12},
        },
        width=LEFT + wide + RIGHT,
        height=TOP + high + BOTTOM,
        margin={"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM},
    )
    return figure


def figure_of_runs(
    results: Path | Sequence[Path], metric: str | None = None, order: str | None = None, seed: int | None = None
) -> go.Figure:
    """The forgetting matrices of all sequential methods in one order with one seed, best Last first, references below.

    metric: by default the runs' primary one. order, seed: by default those of the first run.

    Raises:
        InputError: no runs, no sequential run among them, or runs that may not be compared.
        UnknownNameError: no run of this order or seed, or an unknown metric.
    """
    runs = find_runs(results)
    orders = {run.record.order.name for run in runs}
    order = order or runs[0].record.order.name
    if order not in orders:
        raise UnknownNameError("figure", "order", order, orders)
    runs = tuple(run for run in runs if run.record.order.name == order)
    seeds = {str(run.record.identity.seed) for run in runs}
    wanted = str(runs[0].record.identity.seed if seed is None else seed)
    if wanted not in seeds:
        raise UnknownNameError("figure", "seed", wanted, seeds)
    runs = tuple(run for run in runs if str(run.record.identity.seed) == wanted)
    if len({run.record.comparability_key for run in runs}) > 1:
        raise InputError("figure", "runs", "runs that may not be compared", "runs of one suite and version")
    metric = metric or runs[0].record.primary_metric
    matrices = {run.record.identity.method: forgetting_matrix(run.folder, metric) for run in runs}
    sequential = [run for run in runs if run.record.method.spec.schedule == "sequential"]
    if not sequential:
        raise InputError("figure", "runs", "references only", "at least one sequential method")
    sequential.sort(key=lambda run: -_measure(run, metric, "last"))
    return forgetting_figure(
        {_caption(run, metric): matrices[run.record.identity.method] for run in sequential},
        {
            f"{REFERENCES[matrix.schedule]} ({name})": _reference(matrix)
            for name, matrix in matrices.items()
            if matrix.schedule in REFERENCES
        },
        metric,
        f"{metric.replace('_', ' ')}, suite {runs[0].record.suite.name}, {order}, seed {wanted}",
    )


def write_figure(figure: go.Figure, path: Path) -> None:
    """Write a figure as .png or .svg, which needs a Chrome or Chromium, or as a page (.html) that works offline.

    Raises:
        InputError: another ending, no such folder, or no browser.
    """
    if path.suffix not in FORMATS:
        raise InputError(path, "file name", repr(path.suffix), f"one that ends in {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise InputError(path.parent, "folder", "no such folder", "one that exists")
    if path.suffix == ".html":
        # A button of Plotly's own would send the figure to another host.
        quiet = {"modeBarButtonsToRemove": ["sendChartToCloud"], "displaylogo": False}
        write_whole(path, figure.to_html(include_plotlyjs=True, config=quiet))
        return
    try:
        picture = figure.to_image(format=path.suffix[1:], scale=2)
    except RuntimeError as error:
        if "Chrome" not in str(error):
            raise
        expected = "one in PATH or named by BROWSER_PATH; a .html figure needs none"
        raise InputError(path, "browser", "no Chrome or Chromium", expected) from None
    write_whole(path, picture)


def _heat_map(columns: Sequence[str], rows: Sequence[str], values: Sequence[Row], metric: str) -> Any:
    return go.Heatmap(
        x=list(columns),
        y=list(rows),
        z=[list(row) for row in values],
        text=[["" if value is None else f"{value:.0f}" for value in row] for row in values],
        texttemplate="%{text}",
        hovertemplate=f"%{{y}}<br>%{{x}}: %{{z:.2f}} {metric}<extra></extra>",
        hoverongaps=False,
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
    )


def _short(tasks: Sequence[str]) -> list[str]:
    """Task names without the beginning, up to a hyphen, that all of them share."""
    beginnings = {task.partition("-")[0] for task in tasks}
    shared = len(beginnings) == 1 and all("-" in task for task in tasks)
    return [task.partition("-")[2] if shared else task for task in tasks]


def _reference(matrix: Matrix) -> Row:
    found = matrix.diagonal if matrix.schedule == "isolated" else matrix.last
    return [found[task] for task in matrix.tasks]


def _measure(run: StoredRun, metric: str, measure: str) -> float:
    found = run.record.metrics[metric][measure].value
    return -math.inf if found is None else found


def _caption(run: StoredRun, metric: str) -> str:
    shown = [f"{title} {_measure(run, metric, name):.1f}" for name, title in (("last", "Last"), ("bwt", "BWT"))]
    return f"<b>{run.record.identity.method}</b><br>{', '.join(shown)}"
