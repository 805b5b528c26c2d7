"""The effect of a task's position as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from lifealign_bench.benchmark.statistics.positions import PositionEffect
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT
from lifealign_bench.leaderboard.palette import MARKS, SYMBOLS, Ink, drawing, framed

AT = {"learned": "right after learning it", "end": "at the end"}
APART = 0.06
"""Places on the axis by which two marks of one position stand apart."""


def position_figure(effects: Sequence[PositionEffect], ink: Ink) -> go.Figure:
    """Points by which a task learned k-th is better than in the mean position, with 95 % intervals; a line each."""
    figure = drawing()
    for place, own in enumerate(effects):
        known = [(k, effect) for k, effect in enumerate(own.effects, 1) if effect.value is not None]
        side = (place - (len(effects) - 1) / 2) * 2 * APART
        figure.add_trace(
            go.Scatter(
                x=[k + side for k, _ in known],
                y=[effect.value for _, effect in known],
                error_y={
                    "type": "data",
                    "array": [_reach(effect.high, effect.value) for _, effect in known],
                    "arrayminus": [_reach(effect.value, effect.low) for _, effect in known],
                    "thickness": 2,
                    "width": 5,
                },
                mode="lines+markers",
                name=AT[own.at],
                line={"color": MARKS[place], "width": 2},
                marker={"size": 10, "symbol": SYMBOLS[place]},
                customdata=[k for k, _ in known],
                hovertemplate=f"position %{{customdata}}: %{{y:+.1f}} {CHANGE_UNIT}<extra></extra>",
            )
        )
    size = max((len(own.effects) for own in effects), default=1)
    figure.update_xaxes(title="learned as task number", dtick=1, range=[0.6, size + 0.4], showgrid=False)
    figure.update_yaxes(title=f"against the mean position, {CHANGE_UNIT}", zeroline=True, zerolinecolor=ink.faint)
    return framed(figure, ink, 360)


def _reach(upper: float | None, lower: float | None) -> float:
    return 0.0 if upper is None or lower is None else upper - lower
