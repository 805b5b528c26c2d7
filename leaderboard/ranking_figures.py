"""The ranking as a picture: what each method has at the end, and own runs beside those that ship."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from lifealign_bench.leaderboard.beside_reference import Beside
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.palette import MARKS, Ink, different_labels, drawing, framed, label

MOST = 30


def ranking_figure(frame: pd.DataFrame, runs: Sequence[BoardRun], metric: str, ink: Ink) -> go.Figure:
    """A line a method, the best `MOST` of them: a mark for the mean of Last with its error, a tick for each run."""
    shown = frame.head(MOST)
    names = different_labels([str(name) for name in shown["method"]])
    unit = metric_name(metric).unit
    figure = drawing()
    ticks_x, ticks_y, hovers = [], [], []
    by_entry: dict[str, list[BoardRun]] = {}
    for run in runs:
        by_entry.setdefault(run.entry.key, []).append(run)
    for name, entry in zip(names, shown["entry"], strict=True):
        for run in by_entry.get(entry, []):
            value = run.number(metric, "last").value
            if value is not None:
                ticks_x.append(value)
                ticks_y.append(name)
                hovers.append(f"{label(run.order)}, seed {run.seed}")
    figure.add_trace(
        go.Scatter(
            x=ticks_x, y=ticks_y, mode="markers", name="each run", customdata=hovers,
            marker={"symbol": "line-ns", "size": 12, "line": {"width": 2, "color": ink.text}, "opacity": 0.55},
            hovertemplate=f"%{{y}}<br>%{{customdata}}<br>%{{x:.2f}} {unit}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(_means(shown, names, unit))
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False, categoryarray=names)
    figure.update_xaxes(title=f"Last, {unit}")
    return framed(figure, ink, 120 + 30 * len(shown))


def _means(shown: pd.DataFrame, names: Sequence[str], unit: str) -> go.Scatter:
    # Where intervals were computed no standard errors are left, even if no interval came of it.
    if "last_low" in shown:
        upper, lower = shown["last_high"] - shown["last"], shown["last"] - shown["last_low"]
        bars = {"type": "data", "array": upper.tolist(), "arrayminus": lower.tolist(), "thickness": 2, "width": 5}
        said = "mean, 95 %"
    else:
        bars = {"type": "data", "array": shown["last_se"].tolist(), "thickness": 2, "width": 5}
        said = "mean ± error"
    symbols = ["diamond-open" if reference else "circle" for reference in shown["reference"]]
    return go.Scatter(
        x=shown["last"].tolist(),
        y=list(names),
        error_x=bars,
        mode="markers",
        name=said,
        marker={"size": 11, "color": MARKS[0], "symbol": symbols},
        hovertemplate=f"%{{y}}<br>mean %{{x:.2f}} {unit}<extra></extra>",
    )


def beside_figure(found: Sequence[Beside], metric: str, ink: Ink) -> go.Figure:
    """A line an own run: where 95 of 100 further runs of the reference would lie, its mean, and the own run's mark."""
    shown = [one for one in found if one.inside is not None]
    names = different_labels([f"{one.method}, {one.order}, seed {one.seed}" for one in shown], 40)
    unit = metric_name(metric).unit
    figure = drawing()
    upper = [(one.high or 0.0) - (one.mean or 0.0) for one in shown]
    lower = [(one.mean or 0.0) - (one.low or 0.0) for one in shown]
    figure.add_trace(
        go.Scatter(
            x=[one.mean for one in shown], y=names, mode="markers", name="reference: mean, 95 % of further runs",
            error_x={"type": "data", "array": upper, "arrayminus": lower, "thickness": 2, "width": 5},
            marker={"size": 9, "color": MARKS[0]},
            hovertemplate=f"%{{y}}<br>reference %{{x:.2f}} {unit}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=[one.own for one in shown], y=names, mode="markers", name="yours",
            marker={"size": 12, "color": MARKS[5], "symbol": "diamond-open", "line": {"width": 2}},
            hovertemplate=f"%{{y}}<br>yours %{{x:.2f}} {unit}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False, categoryarray=names)
    figure.update_xaxes(title=f"Last, {unit}")
    return framed(figure, ink, 120 + 30 * len(shown))
