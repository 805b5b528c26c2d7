"""Bundles that are wrong in what they say beside their cells, or in what a judge's words leave out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from mutating import Mutation, first, rescored, rows, sealed
from small_bundle import ONE, edit_table, in_words


def worst_dropped(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(index=frame["nats"].idxmax()).reset_index(drop=True)


def of_nothing(frame: pd.DataFrame) -> None:
    frame.loc[0, "step"] = 0


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.head(1)], ignore_index=True)


def another_prompt(frame: pd.DataFrame) -> None:
    frame.loc[frame["prompt_id"] == frame.loc[0, "prompt_id"], "prompt_id"] = "0123456789abcdef"


def without_a_prompt(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["prompt_id"] != frame.loc[0, "prompt_id"]].reset_index(drop=True)


def without_an_attack(frame: pd.DataFrame) -> pd.DataFrame:
    dropped = (frame["step"] > 0) & (frame["attack"] == "none@1")
    return frame[~dropped].reset_index(drop=True)


def a_success_denied(frame: pd.DataFrame) -> None:
    frame.loc[frame.index[frame["label"] == "compliance"][0], "label"] = "refusal"


def two_answers(frame: pd.DataFrame) -> pd.DataFrame:
    other = frame.assign(reader="classifier")
    other.loc[0, "answer"] = "I can't help with that."
    return pd.concat([frame, other], ignore_index=True)


def without_a_column(folder: Path) -> None:
    path = folder / "runs" / ONE / "capability.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["n"]), path)


def a_thin_cell(folder: Path) -> None:
    """Judged in words; the worst answer of one cell has none, as if nobody had served the judge then."""
    in_words(folder / "runs")

    def change(frame: pd.DataFrame) -> None:
        place = frame.index[(frame["step"] == 6) & (frame["dimension"] == "helpfulness")][0]
        frame.loc[place, ["verdict", "status", "raw"]] = [float("nan"), "endpoint", ""]

    edit_table(folder / "runs" / ONE, "judgments", change)


BESIDE: tuple[tuple[str, str, Mutation], ...] = (
    ("S3", "a table beside without a column", sealed(without_a_column)),
    ("S10", "a capability twice", sealed(rows("capability", twice))),
    ("S10", "a capability after a task that is not there", sealed(rows("capability", first("step", 99)))),
    ("S10", "a capability of no example", sealed(rows("capability", first("n", 0)))),
    ("C6", "a divergence dropped", sealed(rows("divergence", worst_dropped))),
    ("C6", "a divergence of no answer's cell", sealed(rows("divergence", of_nothing))),
    ("C6", "a divergence twice", sealed(rows("divergence", twice))),
    ("C6", "a divergence below 0", sealed(rows("divergence", first("nats", -5.0)))),
    ("S13", "a safety answer twice", sealed(rows("safety", twice))),
    ("S13", "a safety prompt left out once", sealed(rows("safety", lambda frame: frame.drop(index=0)))),
    ("S13", "an attack left out after the last task", sealed(rows("safety", without_an_attack))),
    ("S13", "a safety answer after a task that is not there", sealed(rows("safety", first("step", 99)))),
    ("S13", "a safety answer after another task", sealed(rows("safety", first("trained_task", "mini-safe")))),
    ("S13", "a label of one's own", sealed(rows("safety", first("label", "harmless")))),
    ("S13", "two answers to one safety prompt", sealed(rows("safety", two_answers))),
    ("R8", "a success of an attack denied", sealed(rows("safety", a_success_denied))),
    ("R8", "a safety prompt of one's own", sealed(rows("safety", another_prompt))),
    ("R8", "a hard safety prompt left out every time", sealed(rows("safety", without_a_prompt))),
    ("T3", "another base's capability", sealed(rows("capability", first("value", 0.7)))),
    ("C5", "a cell that lost its worst verdict", rescored(a_thin_cell)),
)
