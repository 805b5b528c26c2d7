"""Capability beside forgetting, and what losses are made of, as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lifealign_bench.leaderboard.palette import MARKS, Ink, different_labels, drawing, framed

if TYPE_CHECKING:
    import plotly.graph_objects as go


def change_figure(table: pd.DataFrame, ink: Ink) -> go.Figure:
    """A mark a method of `change_table`: forgetting of what was trained, and the change of what nobody trained."""
    import plotly.graph_objects as go

    shown = table[table["bwt"].notna() & table["mean"].notna()]
    names = different_labels([str(name) for name in shown["method"]])
    figure = drawing(
        go.Scatter(
            x=shown["bwt"].tolist(), y=shown["mean"].tolist(), text=names, mode="markers+text",
            textposition="top center", marker={"size": 11, "color": MARKS[0]}, showlegend=False,
            hovertemplate="%{text}<br>BWT %{x:.1f} points<br>capability %{y:+.2f} points<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(title="BWT, points: what was trained")
    figure.update_yaxes(title="Mean change of capability, points")
    figure.add_hline(y=0, line_width=1, line_color=ink.faint)
    return framed(figure, ink, 380)


def loss_figure(table: pd.DataFrame, ink: Ink) -> go.Figure:
    """A bar a method of `loss_table`: lost form beside lost content."""
    import plotly.graph_objects as go

    names = different_labels([str(name) for name in table["method"]])
    bars = [
        go.Bar(
            y=names, x=table[column].tolist(), name=title, orientation="h",
            marker={"color": MARKS[number]}, hovertemplate=f"%{{y}}<br>{title} %{{x:.1f}} points<extra></extra>",
        )
        for number, (column, title) in enumerate((("superficial", "form alone"), ("essential", "content")))
    ]  # fmt: skip
    figure = drawing(*bars)
    figure.update_layout(barmode="relative")
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(title="Lost of the rubric on earlier tasks, points")
    return framed(figure, ink, 120 + 34 * len(names))
