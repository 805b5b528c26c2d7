"""Two methods as pictures: paired differences by task, a mark a run."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT
from lifealign_bench.leaderboard.palette import MARKS, SYMBOLS, Ink, different_labels, drawing, framed, label
from lifealign_bench.leaderboard.task_names import short_tasks


def task_difference_figure(
    frame: pd.DataFrame, names: tuple[str, str], ink: Ink, *, lower_is_better: bool = False
) -> go.Figure:
    """A row a task: a bar for the mean difference of the two, first less second, and a mark for each paired run."""
    tasks = sorted(frame["task"].unique())
    shown = dict(zip(tasks, different_labels(short_tasks(tasks)), strict=True))
    means = {task: float(value) for task, value in frame.groupby("task")["difference"].mean().items()}
    first, second = (label(name, 20) for name in names)
    right, left = (second, first) if lower_is_better else (first, second)
    figure = drawing()
    figure.update_layout(barmode="overlay")
    sides = ((right, MARKS[0], [task for task in tasks if means[task] >= 0]),
             (left, MARKS[1], [task for task in tasks if means[task] < 0]))  # fmt: skip
    for name, colour, own in sides:
        figure.add_trace(
            go.Bar(
                x=[means[task] for task in own], y=[shown[task] for task in own], orientation="h",
                name=f"mean, {name} ahead", marker={"color": colour, "opacity": 0.55}, showlegend=bool(own),
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
    figure.update_xaxes(title=f"{first} less {second}, {CHANGE_UNIT}")
    # Bars of one side come first; the rows keep the order of the tasks.
    rows = [shown[task] for task in tasks]
    figure.update_yaxes(
        categoryorder="array", categoryarray=rows, autorange="reversed", automargin=True, showgrid=False
    )
    return framed(figure, ink, 150 + 38 * len(tasks))
