"""Two methods as pictures: paired differences by task, a mark a run."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT
from lifealign_bench.leaderboard.palette import MARKS, SYMBOLS, Ink, different_labels, drawing, framed, label
from lifealign_bench.leaderboard.task_names import short_tasks


def task_difference_figure(frame: pd.DataFrame, names: tuple[str, str], ink: Ink) -> go.Figure:
    """A row a task: a bar for the mean difference of the two, first less second, and a mark for each paired run."""
    tasks = sorted(frame["task"].unique())
    shown = dict(zip(tasks, different_labels(short_tasks(tasks)), strict=True))
    means = frame.groupby("task")["difference"].mean()
    figure = drawing()
    figure.add_trace(
        go.Bar(
            x=[float(means[task]) for task in tasks], y=[shown[task] for task in tasks], orientation="h", name="mean",
            marker={"color": [MARKS[0] if means[task] >= 0 else MARKS[1] for task in tasks], "opacity": 0.55},
            hovertemplate=f"%{{y}}<br>mean %{{x:+.2f}} {CHANGE_UNIT}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=frame["difference"].tolist(), y=[shown[task] for task in frame["task"]], mode="markers", name="each run",
            customdata=[
                f"{label(order)}, seed {seed}" for order, seed in zip(frame["order"], frame["seed"], strict=True)
            ],
            marker={"size": 9, "color": ink.text, "symbol": SYMBOLS[2], "opacity": 0.7},
            hovertemplate=f"%{{y}}<br>%{{customdata}}<br>%{{x:+.2f}} {CHANGE_UNIT}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": ink.line, "width": 1})
    first, second = label(names[0], 20), label(names[1], 20)
    title = f"{CHANGE_UNIT}: left {second} is ahead, right {first}"
    figure.update_xaxes(title=title)
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    return framed(figure, ink, 150 + 38 * len(tasks))
