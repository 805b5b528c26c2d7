"""Figures of variants: order spreads by condition, a method x base map, what moves the board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifealign_bench.leaderboard.palette import MARKS, SYMBOLS, Ink, different_labels, drawing, framed, label
from lifealign_bench.leaderboard.variation.bases import BaseTable
from lifealign_bench.leaderboard.variation.order_effects import OrderEffect
from lifealign_bench.leaderboard.variation.spreads import ORDER, SEED, FieldSpread

if TYPE_CHECKING:
    import plotly.graph_objects as go

TOP, ROW, LONGEST = 130, 46, 44
APART = 0.22
"""How far the marks of one row stand from each other, all together less than the next row."""
Ends = tuple[float | None, float | None, float | None]
"""A value and its interval."""


def order_effect_figure(effects: Sequence[OrderEffect], ink: Ink) -> go.Figure:
    """The order's standard deviation with its interval, a row per condition, a mark per method."""
    methods = list(dict.fromkeys(own.method for own in effects))
    rows = list(dict.fromkeys(_row(own, effects) for own in effects))
    marks = []
    for method in methods:
        own = {_row(found, effects): found.spread for found in effects if found.method == method}
        marks.append([(own[row].value, own[row].low, own[row].high) if row in own else None for row in rows])
    title = "Standard deviation of Last over orders, seeds subtracted, points"
    return _rows_of_marks(rows, methods, marks, title, ink)


def base_figure(table: BaseTable, ink: Ink) -> go.Figure:
    """Mean Last of each method, a mark per base, with intervals."""
    marks = [
        [None if row[place] is None else (row[place].value, row[place].low, row[place].high) for row in table.cells]  # type: ignore[union-attr]
        for place in range(len(table.bases))
    ]
    return _rows_of_marks(table.methods, table.bases, marks, "Last, points", ink)


def spread_figure(spreads: Sequence[FieldSpread], ink: Ink) -> go.Figure:
    """How far each cause moves Last, the largest on top; order and seed in a colour of their own."""
    import plotly.graph_objects as go

    known = [own for own in spreads if own.sd is not None]
    names = different_labels([own.cause.removeprefix("condition.") for own in known], LONGEST)
    bars = go.Bar(
        x=[own.sd for own in known],
        y=names,
        orientation="h",
        marker={"color": [MARKS[1] if own.cause in (ORDER, SEED) else MARKS[0] for own in known]},
        customdata=[own.values for own in known],
        text=[f"{own.sd:.2f}" for own in known],
        textposition="auto",
        hovertemplate="%{y}<br>%{x:.2f} points over %{customdata} values<extra></extra>",
        showlegend=False,
    )
    figure = drawing(bars)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title="Standard deviation of Last, points", rangemode="tozero")
    framed(figure, ink, 110 + 34 * max(len(known), 2))
    return figure.update_layout(margin={"t": 40})


def _row(found: OrderEffect, effects: Sequence[OrderEffect]) -> str:
    several = len({own.base for own in effects}) > 1
    return f"{found.condition} ({found.base})" if several else found.condition


def _rows_of_marks(
    rows: Sequence[str], names: Sequence[str], marks: Sequence[Sequence[Ends | None]], title: str, ink: Ink
) -> go.Figure:
    """A row of each of `rows`, in it a mark with its interval of each of `names`, one below the other."""
    figure = drawing()
    step = min(APART, 0.8 / max(len(names), 1))
    for place, (name, own) in enumerate(zip(different_labels([str(name) for name in names]), marks, strict=True)):
        shift = (place - (len(names) - 1) / 2) * step
        figure.add_trace(_marks(name, own, shift, rows, place))
    texts = [f"{text.replace(', ', ',<br>', 1)}" for text in different_labels(list(rows), LONGEST)]
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=texts, range=[len(rows) - 0.5, -0.5], showgrid=False, ticks=""
    )
    figure.update_xaxes(title=title)
    return framed(figure, ink, TOP + max(ROW, 18 * len(names)) * max(len(rows), 2))


def _marks(name: str, own: Sequence[Ends | None], shift: float, rows: Sequence[str], place: int) -> Any:
    import plotly.graph_objects as go

    known = [(at, found) for at, found in enumerate(own) if found is not None and found[0] is not None]
    values = [found[0] or 0.0 for _, found in known]
    ends = [(found[1], found[2]) for _, found in known]
    error = {
        "type": "data", "symmetric": False, "thickness": 2, "width": 5,
        "array": [0.0 if high is None else high - value for value, (_, high) in zip(values, ends, strict=True)],
        "arrayminus": [0.0 if low is None else value - low for value, (low, _) in zip(values, ends, strict=True)],
    }  # fmt: skip
    said = ["no interval" if None in pair else f"95 %: {pair[0]:.2f} to {pair[1]:.2f}" for pair in ends]
    texts = [[label(rows[at], LONGEST), words] for (at, _), words in zip(known, said, strict=True)]
    return go.Scatter(
        x=values, y=[at + shift for at, _ in known], error_x=error, mode="markers", name=name, customdata=texts,
        marker={"color": MARKS[place % len(MARKS)], "symbol": SYMBOLS[place % len(SYMBOLS)], "size": 11},
        hovertemplate="%{customdata[0]}<br>%{fullData.name}: %{x:.2f} points<br>%{customdata[1]}<extra></extra>",
    )  # fmt: skip
