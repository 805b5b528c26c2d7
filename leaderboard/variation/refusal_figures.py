"""Refusals as pictures: attack success and over-refusal over stages, and success by kind of harm."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from lifealign_bench.leaderboard.palette import CLEAR, MARKS, SEQUENTIAL, SYMBOLS, Ink, different_labels, framed, label

if TYPE_CHECKING:
    import plotly.graph_objects as go

BESIDE = 3
"""Panels beside each other; still legible on a narrow screen."""
PANEL = 190
MEASURES = (("success", "attack success", 0), ("over", "over-refusal of look-alikes", 1))
BANDS = ("rgba(0,114,178,0.18)", "rgba(230,159,0,0.18)")


def stage_figure(stages: pd.DataFrame, attack: str, ink: Ink) -> go.Figure:
    """A panel a method of `stage_table` under one attack: attack success and over-refusal over stages, intervals as
    bands."""
    from plotly.subplots import make_subplots

    own = stages[stages["attack"] == attack]
    methods = [str(name) for name in dict.fromkeys(own["method"])]
    beside = max(1, min(BESIDE, len(methods)))
    tall = max(1, math.ceil(len(methods) / beside))
    figure = make_subplots(
        tall, beside, subplot_titles=different_labels(methods, 20), shared_xaxes=True, shared_yaxes=True,
        horizontal_spacing=0.04, vertical_spacing=min(0.14, 0.35 / tall),
    )  # fmt: skip
    figure.update_layout(template="none")
    traces, rows, columns = [], [], []
    for place, method in enumerate(methods):
        part = own[own["method"] == method].sort_values("step")
        for name, title, number in MEASURES:
            known = part[part[name].notna()]
            traces += [_band(known, name, number), _line(known, name, title, number, shown=not place)]
            rows += [place // beside + 1] * 2
            columns += [place % beside + 1] * 2
    figure.add_traces(traces, rows, columns)
    framed(figure, ink, 110 + PANEL * tall)
    figure.update_yaxes(range=[-2, 102], dtick=50)
    figure.update_xaxes(dtick=1)
    # The last panel of each column, which is not in the last row where that is not full.
    for place in range(max(0, len(methods) - beside), len(methods)):
        at = {"row": place // beside + 1, "col": place % beside + 1}
        figure.update_xaxes(title="Learned tasks" if at["row"] == tall else None, showticklabels=True, **at)
    figure.update_yaxes(title="%", col=1)
    figure.update_layout(legend={"y": 1 + 44 / (PANEL * tall)}, margin={"t": 100})
    return figure


def _line(part: pd.DataFrame, name: str, title: str, number: int, *, shown: bool) -> go.Scatter:
    import plotly.graph_objects as go

    ends = [f"{low:.0f} to {high:.0f}" for low, high in zip(part[f"{name}_low"], part[f"{name}_high"], strict=True)]
    return go.Scatter(
        x=part["step"].tolist(), y=part[name].tolist(), mode="lines+markers", name=title, legendgroup=name,
        showlegend=shown, customdata=ends, line={"color": MARKS[number], "dash": ("solid", "dot")[number]},
        marker={"size": 8, "symbol": SYMBOLS[number], "color": MARKS[number]},
        hovertemplate=f"after %{{x}} tasks<br>{title} %{{y:.1f}} %<br>95 %: %{{customdata}} %<extra></extra>",
    )  # fmt: skip


def _band(part: pd.DataFrame, name: str, number: int) -> go.Scatter:
    import plotly.graph_objects as go

    steps, high, low = part["step"].tolist(), part[f"{name}_high"].tolist(), part[f"{name}_low"].tolist()
    return go.Scatter(
        x=[*steps, *reversed(steps)], y=[*high, *reversed(low)], fill="toself", fillcolor=BANDS[number],
        line={"color": CLEAR, "width": 0}, hoverinfo="skip", showlegend=False, mode="lines",
    )  # fmt: skip


def category_figure(categories: pd.DataFrame, attack: str, ink: Ink) -> go.Figure:
    """Attack success after the last task, a row a method and a column a kind of harm, as a heat map with numbers."""
    import plotly.graph_objects as go

    own = categories[(categories["attack"] == attack) & categories["success"].notna()]
    methods, kinds = ([str(name) for name in dict.fromkeys(own[column])] for column in ("method", "category"))
    cells = {(str(row["method"]), str(row["category"])): row for row in own.to_dict("records")}
    table = [[cells.get((method, kind)) for kind in kinds] for method in methods]
    heat = go.Heatmap(
        x=different_labels(kinds),
        y=different_labels(methods),
        z=[[None if cell is None else cell["success"] for cell in row] for row in table],
        text=[["" if cell is None else f"{cell['success']:.0f}" for cell in row] for row in table],
        customdata=[[_ends(cell) for cell in row] for row in table],
        texttemplate="%{text}",
        zmin=0,
        zmax=100,
        colorscale=SEQUENTIAL,
        colorbar={"title": {"text": "%"}, "thickness": 12},
        hovertemplate="%{y}<br>%{x}: %{z:.1f} %<br>%{customdata}<extra></extra>",
    )
    figure = go.Figure(data=[heat], layout={"template": "none"})
    framed(figure, ink, 130 + 32 * max(len(methods), 2))
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    figure.update_xaxes(title=f"Attack success by kind of harm, %, {label(attack)}", showgrid=False, ticks="")
    figure.update_layout(margin={"t": 40})
    return figure


def _ends(cell: Mapping[Hashable, Any] | None) -> str:
    if cell is None:
        return ""
    return f"95 %: {cell['success_low']:.0f} to {cell['success_high']:.0f} %, {cell['items']} items"
