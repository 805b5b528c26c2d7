"""Changes of the rows and records of runs that are wrong in one way each; nothing is sealed again here."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from mutating import rows, said
from small_bundle import (
    ONE,
    RUNS,
    TWO,
    edit_json,
    edit_table,
    seal_record,
)

from lifealign_bench.benchmark.schema import read_run


def record_of(folder: Path, run: str = ONE) -> Any:
    return read_run(folder / "runs" / run)


def without(table: str, wanted: Callable[[pd.DataFrame], pd.Series]) -> Callable[[Path], None]:
    return rows(table, lambda frame: frame[~wanted(frame)].reset_index(drop=True))


def a_lost_cell(folder: Path) -> None:
    task = record_of(folder).order.tasks[1]
    for table in ("pairs", "samples", "judgments"):
        without(table, lambda frame: (frame["step"] == 3) & (frame["task"] == task))(folder)


def a_dropped_hard_prompt(folder: Path) -> None:
    frame = pd.read_parquet(folder / "runs" / ONE / "samples.parquet")
    hard = frame[(frame["harm"] == "harmful") & (frame["step"] == 6)].iloc[0]["sample_id"]
    for table in ("samples", "judgments"):
        without(table, lambda frame: frame["sample_id"] == hard)(folder)


def keyless_with_verdicts(folder: Path) -> None:
    edit_json(folder / "submission.json", lambda values: values.update(judging="requested"))


def no_verdicts(folder: Path) -> None:
    for run in RUNS:
        edit_table(folder / "runs" / run, "judgments", lambda frame: frame[:0])
        seal_record(folder / "runs" / run, judges=())


def keyless(folder: Path) -> None:
    """No mutation: a bundle whose answers the board is to judge."""
    no_verdicts(folder)
    keyless_with_verdicts(folder)


def flipped(frame: pd.DataFrame) -> None:
    place = frame.index[(frame["dimension"] == "rubric") & (frame["verdict"] < 9)][0]
    frame.loc[place, "verdict"] = 10.0


def raised_metric(values: dict[str, Any]) -> None:
    values["metrics"]["preference_accuracy"]["bwt"]["value"] += 0.01


def of_other_samples(frame: pd.DataFrame) -> None:
    own = frame[(frame["step"] == 6)]["sample_id"].unique()[:2]
    place = {own[0]: own[1], own[1]: own[0]}
    frame["sample_id"] = [place.get(sample, sample) for sample in frame["sample_id"]]


def of_no_sample(frame: pd.DataFrame) -> None:
    frame.loc[frame["sample_id"] == frame.loc[0, "sample_id"], "sample_id"] = "feedfeedfeedfeed"


def dropped_bad(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the worst answers' verdicts of the last row, so few that the run stays over 95 %."""
    last = frame[(frame["step"] == 6) & (frame["dimension"] == "helpfulness")]
    return frame.drop(index=last.sort_values("verdict").index[:3]).reset_index(drop=True)


def bad_unscored(frame: pd.DataFrame) -> None:
    place = frame.index[(frame["dimension"] == "helpfulness") & (frame["step"] == 6)][0]
    frame.loc[place, "verdict"], frame.loc[place, "status"] = float("nan"), "endpoint"


def half_compared(frame: pd.DataFrame) -> pd.DataFrame:
    """One answer of a cell compared with the base, in one position."""
    own = frame[(frame["dimension"] == "helpfulness") & (frame["step"] == 0)].head(1)
    return pd.concat([frame, own.assign(against="base", verdict=0.5)], ignore_index=True)


def invented(frame: pd.DataFrame) -> pd.DataFrame:
    """Every last answer better than those of something that nobody has."""
    own = frame[(frame["dimension"] == "helpfulness") & (frame["step"] == 6)].assign(against="gpt-4", verdict=1.0)
    return pd.concat([frame, own, own.assign(position=1)], ignore_index=True)


def by_another(frame: pd.DataFrame) -> None:
    frame.loc[frame["step"] == 6, "judge"] = "another"


def judged_twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.tail(1)], ignore_index=True)


def harmless_now(folder: Path) -> None:
    def change(frame: pd.DataFrame) -> None:
        pair = frame[frame["harm"] == "harmful"].iloc[0]["pair_id"]
        frame.loc[frame["pair_id"] == pair, "harm"] = "harmless"

    edit_table(folder / "runs" / ONE, "samples", change)


def another_base(folder: Path) -> None:
    """Row 0 prefers everything that is chosen, in every run, and the reference of later rows with it."""

    def change(frame: pd.DataFrame) -> None:
        zero = frame["step"] == 0
        frame.loc[zero, "rejected_logp"] = frame.loc[zero, "chosen_logp"] - 40.0
        frame.loc[~zero, "reference_rejected_logp"] = frame.loc[~zero, "reference_chosen_logp"] - 40.0

    for run in RUNS:
        edit_table(folder / "runs" / run, "pairs", change)


def other_references(frame: pd.DataFrame) -> None:
    later = frame["step"] > 0
    frame.loc[later, "reference_chosen_logp"] -= 5.0


def only_references(folder: Path) -> None:
    for run in (ONE, TWO):
        shutil.rmtree(folder / "runs" / run)
    edit_json(
        folder / "submission.json",
        lambda values: values.update(runs=[e for e in values["runs"] if e["role"] == "reference"]),
    )
    edit_json(folder / "submission.json", lambda values: values["counts"].update(runs=len(values["runs"])))


def in_the_open_division(folder: Path) -> None:
    edit_json(folder / "submission.json", lambda values: values.update(division="open"))
    for run in RUNS:
        edit_json(folder / "runs" / run / "run.json", lambda values: values.update(division="open"))


def trained_on_evaluation(values: dict[str, Any]) -> None:
    values["declarations"]["data"] = [
        {"name": "mine", "licence": "CC0-1.0", "url": None, "sha256": [values.pop("_hash")]}
    ]


def evaluation_among_training(folder: Path) -> None:
    record = record_of(folder)
    sha256 = record.data[record.order.tasks[0]].evaluation_sha256
    edit_json(folder / "submission.json", lambda values: (values.update(_hash=sha256), trained_on_evaluation(values)))


def tuned_in_place(folder: Path) -> None:
    for run in RUNS:
        seal_record(folder / "runs" / run, tuning_origin="in-place")
    said(lambda values: values["declarations"].update(tuning_origin="in-place"))(folder)
