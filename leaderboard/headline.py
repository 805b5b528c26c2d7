"""The four questions that bring people to a board, answered from it in a sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.comparison import block_frame, blocks_of, verdict_in_words
from lifealign_bench.leaderboard.inference import Inference, alone_in_words, in_words
from lifealign_bench.leaderboard.least_forgetting import least_forgetting
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
    """The answers for one metric, from the `ranking` of these runs, as `least_forgetting` sorts it."""
    unit = metric_name(metric).unit
    good = least_forgetting(frame)
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
    real = _is_it_real(runs, metric, (name, other), inference)
    return Headline(words, real, _worst(first, unit), name, other, str(first["worst_order"]) or None)


def _is_it_real(runs: Sequence[BoardRun], metric: str, names: tuple[str, str], inference: Inference) -> str:
    """Of what both kept, and of where both end: who is ahead, and what the tests say."""
    first, second = ([run for run in runs if run.entry.label == name] for name in names)
    blocks = blocks_of(first, second)
    kept, ends = (verdict_in_words(block_frame(blocks, metric, measure), names) for measure in ("bwt", "last"))
    if inference.kept is None and inference.between(*names) is None:
        tested = ["", inference.notes[0] if inference.notes else ""]
    else:
        tested = [alone_in_words(inference.kept), in_words(inference.between(*names))]
    # Of few runs both tests say the same.
    tested[1] = tested[1] if tested[1] != tested[0] else ""
    parts = (f"What they kept (BWT): {kept}", tested[0], f"Where they end (Last): {ends}", tested[1])
    return " ".join(part for part in parts if part)


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
