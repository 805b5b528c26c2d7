"""Heat maps of one forgetting matrix, of the difference of two, and of what learning one task does to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from lifealign_bench.leaderboard.cell_numbers import with_numbers
from lifealign_bench.leaderboard.matrices import DetailedMatrix
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.palette import DIVERGING, SEQUENTIAL, Ink, different_labels, drawing, framed, label
from lifealign_bench.leaderboard.task_names import short_tasks

Row = Sequence[float | None]
CELL_HEIGHT = 34
LONGEST = 18
"""Letters of a task's name: on a narrow screen the cells need the place."""


def matrix_figure(detailed: DetailedMatrix, metric: str, ink: Ink, references: Mapping[str, Row]) -> go.Figure:
    """R as a heat map: a row for the base and after each task, a column a task, the number in each cell.

    references: rows to read it against, by name. A frame marks the task that was just learned. On hover: value,
    standard error, number of rows, or why there is no number.
    """
    matrix, name = detailed.matrix, metric_name(metric)
    shown = [step for step in range(matrix.size + 1) if any(value is not None for value in matrix.rows[step])]
    columns, learned = _columns(matrix.tasks), different_labels(short_tasks(matrix.tasks), LONGEST)
    rows = ["base" if step == 0 else f"after {step}: {learned[step - 1]}" for step in shown]
    rows += [label(text) for text in references]
    values = [list(matrix.rows[step]) for step in shown] + [list(row) for row in references.values()]
    hovers = [[_behind(detailed, step, task, name.unit) for task in matrix.tasks] for step in shown]
    hovers += [[_value(value, name.unit) for value in row] for row in references.values()]
    figure = _heat_map(
        columns, rows, values, hovers, name.unit, ink, {"colorscale": SEQUENTIAL, "zmin": 0, "zmax": 100}
    )
    frames = [_frame(place, shown.index(place + 1), ink) for place in range(matrix.size) if place + 1 in shown]
    rule = [_rule(len(shown) - 0.5, ink)] if references else []
    figure.update_layout(shapes=[*frames, *rule])
    return figure


def difference_figure(
    values: Sequence[Row],
    tasks: Sequence[str],
    unit: str,
    ink: Ink,
    rows: Sequence[str] | None = None,
    behind: Sequence[Sequence[str]] | None = None,
) -> go.Figure:
    """A heat map of differences around 0, the number with its sign in each cell; rows by default as of a matrix.

    behind: what each cell says on hover, as figure labels; by default its number.
    """
    learned = different_labels(short_tasks(tasks), LONGEST)
    names = list(rows) if rows is not None else ["base", *(f"after {n}: {name}" for n, name in enumerate(learned, 1))]
    known = [abs(value) for row in values for value in row if value is not None]
    most = max([5.0, *known])
    hovers = behind or [[_value(value, unit, sign="+") for value in row] for row in values]
    scale = {"colorscale": DIVERGING, "zmin": -most, "zmax": most}
    numbers = [list(row) for row in values]
    return _heat_map(_columns(tasks, rows is None), names, numbers, hovers, unit, ink, scale, "+")


def _heat_map(
    columns: Sequence[str],
    rows: Sequence[str],
    values: Sequence[Row],
    hovers: Sequence[Sequence[str]],
    unit: str,
    ink: Ink,
    scale: Mapping[str, Any],
    sign: str = "",
) -> go.Figure:
    low, high = float(scale["zmin"]), float(scale["zmax"])
    texts = [["" if value is None else _whole(value, sign) for value in row] for row in values]
    figure = drawing(
        go.Heatmap(
            x=list(columns),
            y=list(rows),
            z=[list(row) for row in values],
            text=texts,
            customdata=[list(row) for row in hovers],
            hovertemplate="%{y}<br>%{x}<br>%{customdata}<extra></extra>",
            hoverongaps=True,
            xgap=2,
            ygap=2,
            colorbar={
                "orientation": "h",
                # Three numbers and the unit once: more would overlap on a narrow screen.
                "title": {"text": unit, "side": "bottom"},
                "tickvals": [low, (low + high) / 2, high],
                "ticktext": [_whole(value, sign) for value in (low, (low + high) / 2, high)],
                "tickangle": 0,
                "thickness": 10,
                # Of the same length whatever the names leave to the cells: its numbers need it.
                "lenmode": "pixels",
                "len": 200,
                "outlinewidth": 0,
                "x": 0,
                "xanchor": "left",
                "y": 0,
                "yanchor": "top",
            },
            **scale,
        )
    )
    with_numbers(figure, values, texts, scale["colorscale"], (low, high))
    figure.update_yaxes(showgrid=False, ticks="")
    figure.update_xaxes(side="top", showgrid=False, ticks="", automargin=True, tickangle=-30)
    framed(figure, ink, 240 + CELL_HEIGHT * len(rows))
    # Buttons stand above the slanted names of the columns.
    figure.update_layout(margin={"t": 130, "r": 8, "b": 76})
    return figure


def _columns(tasks: Sequence[str], numbered: bool = True) -> list[str]:
    names = different_labels(short_tasks(tasks), LONGEST)
    return [f"{place} {name}" for place, name in enumerate(names, 1)] if numbered else names


def _frame(column: int, row: int, ink: Ink) -> dict[str, Any]:
    box = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
    return {"type": "rect", **box, "line": {"color": ink.line, "width": 3}}


def _rule(row: float, ink: Ink) -> dict[str, Any]:
    place = {"x0": 0, "x1": 1, "xref": "paper", "y0": row, "y1": row}
    return {"type": "line", **place, "line": {"color": ink.line, "width": 1, "dash": "dot"}}


def _behind(detailed: DetailedMatrix, step: int, task: str, unit: str) -> str:
    place = detailed.matrix.tasks.index(task) + 1
    value = detailed.matrix.value(step, place)
    if value is None:
        return label(detailed.matrix.missing(step, place), 90)
    error, count = detailed.standard_errors.get((step, task)), detailed.counts.get((step, task))
    unscored = detailed.unscored.get((step, task), 0)
    parts = [_value(value, unit)]
    parts += [f"standard error {error:.2f}"] if error is not None else []
    parts += [f"n = {count}"] if count is not None else []
    parts += [f"{unscored} unscored"] if unscored else []
    return "<br>".join(parts)


def _whole(value: float, sign: str) -> str:
    """Without digits after the point, and 0 without a sign."""
    return f"{value:{sign}.0f}".replace("-", "−") if abs(value) >= 0.5 else "0"


def _value(value: float | None, unit: str, sign: str = "") -> str:
    return "no number" if value is None else f"{value:{sign}.2f} {unit}"
