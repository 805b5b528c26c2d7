"""The four questions that bring people to a board, answered from it in a sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.comparison import block_frame, blocks_of, verdict_in_words
from lifealign_bench.leaderboard.inference import Inference, in_words
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT, metric_name
from lifealign_bench.leaderboard.visible import named


@dataclass(frozen=True, slots=True)
class Headline:
    """Answers in words, and the names that links to the evidence need; None where the board cannot tell."""

    least_forgetting: str
    is_it_real: str
    where_it_fails: str
    winner: str | None = None
    runner_up: str | None = None
    worst_order: str | None = None


def headline(frame: pd.DataFrame, runs: Sequence[BoardRun], metric: str, inference: Inference) -> Headline:
    """The answers for one metric, from the `ranking` of these runs: among ranked methods, least forgetting first.

    A method that learned nothing forgets nothing: only those count that end no worse than the middle of all.
    """
    unit = metric_name(metric).unit
    ranked = frame[frame["rank"].notna() & frame["forgetting"].notna()]
    good = ranked[ranked["rank"] <= ranked["rank"].median()].sort_values(
        ["forgetting", "last"], ascending=[True, False]
    )
    if good.empty:
        nothing = "No method on this board ran everything that a ranking needs yet."
        return Headline(nothing, nothing, nothing)
    first = good.iloc[0]
    name = str(first["method"])
    fall = f"{named(name)}: earlier tasks fall by {first['forgetting']:.1f} {CHANGE_UNIT}"
    words = f"{fall}, and all end at {first['last']:.1f} {unit}."
    if len(good) < 2:
        return Headline(words, "There is no second method to compare with.", _worst(first, unit), name)
    second = good.iloc[1]
    other = str(second["method"])
    words += f" Next is {named(other)}: {second['forgetting']:.1f}, ending at {second['last']:.1f}."
    by_label = {label: [run for run in runs if run.entry.label == label] for label in (name, other)}
    blocks = block_frame(blocks_of(by_label[name], by_label[other]), metric, "last")
    real = " ".join([verdict_in_words(blocks, (name, other)), in_words(inference.between(name, other))]).strip()
    return Headline(words, real, _worst(first, unit), name, other, str(first["worst_order"]) or None)


def _worst(row: pd.Series, unit: str) -> str:
    if not row["worst_order"]:
        return "There is no order to tell from another."
    spread = row["last"] - row["worst_last"]
    end = f"{named(row['method'])} ends lowest in {named(row['worst_order'])}: {row['worst_last']:.1f} {unit}"
    return (
        f"{end}, {spread:.1f} {CHANGE_UNIT} under its mean over {row['orders']} orders."
        if row["orders"] > 1
        else f"{end}."
    )
