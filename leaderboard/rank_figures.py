"""Ranks with their intervals as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from lifealign_bench.benchmark.statistics.ranking import Rank
from lifealign_bench.leaderboard.palette import MARKS, Ink, different_labels, drawing, framed

MOST = 40


def rank_interval_figure(ranks: Sequence[Rank], ink: Ink) -> go.Figure:
    """A line a method: a mark for its rank and a bar for the interval of ranks; tie group and kind on hover."""
    shown = [row for row in ranks if row.rank is not None and row.low is not None and row.high is not None][:MOST]
    names = different_labels([row.method for row in shown])
    places = [row.rank or 0 for row in shown]
    figure = drawing(
        go.Scatter(
            x=places, y=names, mode="markers",
            error_x={
                "type": "data", "array": [(row.high or 0) - (row.rank or 0) for row in shown],
                "arrayminus": [(row.rank or 0) - (row.low or 0) for row in shown], "thickness": 3, "width": 6,
            },
            marker={"size": 12, "color": MARKS[0]},
            customdata=[_behind(row) for row in shown],
            hovertemplate="%{y}<br>%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    last = max((row.high or 0 for row in shown), default=1)
    figure.update_xaxes(
        title="rank, 1 is best", dtick=1 if last <= 15 else 5, range=[0.5, last + 0.5], gridcolor=ink.faint,
        zeroline=False, automargin=True,
    )  # fmt: skip
    framed(figure, ink, 110 + 30 * len(shown))
    figure.update_layout(showlegend=False, margin={"t": 16})
    return figure


def _behind(row: Rank) -> str:
    group = "" if row.group is None else f"<br>tie group {row.group}"
    return f"rank {row.rank}, {row.low} to {row.high} at 95 %<br>{row.kind}{group}"
