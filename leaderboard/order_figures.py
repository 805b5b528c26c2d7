"""Order sensitivity as pictures: Last by order for each method, and how ranks change from order to order."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from lifealign_bench.leaderboard.cell_numbers import with_numbers
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.palette import DIVERGING, MARKS, SYMBOLS, Ink, different_labels, drawing, framed

MOST = 30


def last_by_order_figure(frame: pd.DataFrame, orders: Sequence[str], metric: str, ink: Ink) -> go.Figure:
    """A line a method from its worst to its best order, a mark an order; worst orders first."""
    shown = frame.head(MOST)
    names = different_labels([str(name) for name in shown["method"]])
    labels = different_labels(list(orders))
    unit = metric_name(metric).unit
    figure = drawing()
    for name, worst, best in zip(names, shown["worst"], shown["best"], strict=True):
        line = {"color": ink.faint, "width": 3}
        figure.add_trace(
            go.Scatter(x=[worst, best], y=[name, name], mode="lines", line=line, hoverinfo="skip", showlegend=False)
        )
    for place, (order, label) in enumerate(zip(orders, labels, strict=True)):
        if f"last {order}" not in shown:
            continue
        look = {"size": 11, "color": MARKS[place % len(MARKS)], "symbol": SYMBOLS[place % len(SYMBOLS)]}
        figure.add_trace(
            go.Scatter(
                x=shown[f"last {order}"].tolist(), y=names, mode="markers", name=label, marker=look,
                hovertemplate=f"%{{y}}<br>{label}<br>Last %{{x:.2f}} {unit}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(title=f"Last, {unit}")
    return framed(figure, ink, 150 + 30 * len(shown))


def rank_figure(frame: pd.DataFrame, orders: Sequence[str], ink: Ink) -> go.Figure:
    """A line a method through its ranks in each order: lines that cross are rankings that disagree."""
    shown = frame.head(12)
    labels = different_labels(list(orders), 16)
    names = different_labels([str(name) for name in shown["method"]])
    figure = drawing()
    known = [order for order in orders if f"rank {order}" in shown]
    for place, (name, row) in enumerate(zip(names, shown.to_dict("records"), strict=True)):
        ranks = [None if pd.isna(row[f"rank {order}"]) else int(row[f"rank {order}"]) for order in known]
        look = {"size": 10, "symbol": SYMBOLS[place % len(SYMBOLS)]}
        line = {"color": MARKS[place % len(MARKS)], "width": 2, "dash": "solid" if place < len(MARKS) else "dot"}
        figure.add_trace(
            go.Scatter(
                x=[labels[orders.index(order)] for order in known], y=ranks, mode="lines+markers", name=name,
                line=line, marker=look, hovertemplate="%{fullData.name}<br>%{x}: rank %{y}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_yaxes(title="Rank, 1 is best", autorange="reversed", dtick=1, gridcolor=ink.faint)
    figure.update_xaxes(showgrid=False)
    framed(figure, ink, 420)
    legend = {"orientation": "v", "x": 1.02, "y": 1, "yanchor": "top"}
    figure.update_layout(legend=legend, height=420, margin={"t": 64})
    return figure


def tau_figure(values: Sequence[Sequence[float | None]], orders: Sequence[str], ink: Ink) -> go.Figure:
    """Kendall's tau-b of each two orders, -1 to 1, as a heat map with the number in each cell."""
    labels = different_labels(list(orders), 16)
    texts = [["" if value is None else f"{value:.2f}".replace("-", "−") for value in row] for row in values]
    figure = drawing(
        go.Heatmap(
            x=labels,
            y=labels,
            z=[list(row) for row in values],
            text=texts,
            hovertemplate="%{y} and %{x}: tau %{z:.2f}<extra></extra>",
            hoverongaps=False,
            colorscale=DIVERGING,
            zmin=-1,
            zmax=1,
            xgap=2,
            ygap=2,
            showscale=False,
        )
    )
    with_numbers(figure, values, texts, DIVERGING, (-1.0, 1.0))
    figure.update_yaxes(showgrid=False)
    figure.update_xaxes(showgrid=False, automargin=True, side="top")
    framed(figure, ink, 150 + 34 * len(labels))
    # On a narrow screen the names are slanted, and the buttons stand above them.
    figure.update_layout(margin={"t": 94})
    return figure
