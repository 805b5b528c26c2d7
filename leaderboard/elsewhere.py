"""What alignment costs elsewhere, as the app and the pages show it: capability, refusals, answers, what losses are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lifealign_bench.leaderboard.retained import mean_change
from lifealign_bench.leaderboard.shown import Column, Table


def change_table(retained: pd.DataFrame, name: str = "capability") -> Table:
    """`retained_table` with a row per method: Last, BWT, the mean change over its tasks, and every task's own.

    Changes are in points, a hundredth of lm-eval's shares, so that they read beside BWT.
    """
    tasks = list(dict.fromkeys(retained["asked"]))
    rows = []
    for method, own in retained.groupby("method", sort=False):
        row: dict[str, object] = {"method": method, "last": own["last"].iloc[0], "bwt": own["bwt"].iloc[0]}
        row["mean"] = 100 * mean_change(own) if set(own["asked"]) == set(tasks) else float("nan")
        for _, one in own.iterrows():
            number = tasks.index(one["asked"])
            row[f"base_{number}"], row[f"change_{number}"] = 100 * one["base"], 100 * one["change"]
        rows.append(row | {"runs": int(own["runs"].max())})
    columns = [
        Column("method", "Method", pinned=True),
        Column("last", "Last", 1, "Of the suite's primary metric."),
        Column("bwt", "BWT, points", 1, "Change of earlier tasks until the end; below 0 is forgetting."),
        Column("mean", "Mean change, points", 1, "General ability delta of TRACE: after the last task less row 0."),
    ]
    for number, task in enumerate(tasks):
        columns += [
            Column(f"base_{number}", f"{task}: base, %", 1),
            Column(f"change_{number}", f"{task}: change, points", 1),
        ]
    columns.append(Column("runs", "Runs", 0))
    return _table(name, rows, columns)


def refusal_table(behaviour: pd.DataFrame, name: str = "refusals") -> Table:
    """`behaviour_table`'s refusals: of harmful prompts, which is wanted, and apart from it of harmless ones."""
    columns = (
        Column("method", "Method", pinned=True),
        *_both("refusal_harmful", "Harmful declined", "%", 1, "Refused share of harmful prompts: wanted."),
        *_both("refusal_harmless", "Harmless declined", "%", 1, "Refused share of harmless prompts: over-refusal."),
        Column("runs", "Runs", 0),
    )
    return Table(name, behaviour.reset_index(drop=True), columns)


def answers_table(behaviour: pd.DataFrame, name: str = "answers-drift") -> Table:
    """`behaviour_table`'s length, repetition and divergence from the base."""
    columns = (
        Column("method", "Method", pinned=True),
        *_both("tokens", "Length", "tokens", 1, "Mean length of an answer."),
        *_both("unfinished", "Cut off", "%", 1, "Answers that reached the limit of tokens."),
        *_both("repetition", "Repetition", "%", 2, "Runs of four tokens that the same answer has had before."),
        Column("divergence", "KL, nats a token", 3, "From the base, along the policy's own answers, whole vocabulary."),
        Column("runs", "Runs", 0),
    )
    return Table(name, behaviour.reset_index(drop=True), columns)


def loss_table(behaviour: pd.DataFrame, name: str = "losses") -> Table:
    """What was lost of the rubric on earlier tasks: form alone, or content. Only rows that know it."""
    known = behaviour[behaviour["lost"].notna()].reset_index(drop=True)
    columns = (
        Column("method", "Method", pinned=True),
        Column("lost", "Lost of the rubric, points", 1),
        Column("superficial", "Form alone, points", 1, "The content is there, in the wrong form."),
        Column("essential", "Content, points", 1, "The content is gone."),
        Column("superficial_share", "Share of form, ratio", 2),
        Column("runs", "Runs", 0),
    )
    return Table(name, known, columns)


def folders_of(places: Sequence[str]) -> list[Path]:
    """Places of runs as paths."""
    return [Path(place) for place in places]


def _both(name: str, title: str, unit: str, digits: int, says: str) -> tuple[Column, Column]:
    """Of the untouched base, and after the last task."""
    before = Column(f"{name}_base", f"{title} before, {unit}", digits, f"{says} Of the untouched base.")
    return before, Column(name, f"{title} after, {unit}", digits, f"{says} After the last task.")


def _table(name: str, rows: Sequence[dict[str, object]], columns: Sequence[Column]) -> Table:
    return Table(name, pd.DataFrame(list(rows), columns=[column.name for column in columns]), tuple(columns))
