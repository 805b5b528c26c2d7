"""Bundles that are wrong in one way each, made from a golden one; hashes, counts and numbers are sealed again where
the rule is not about them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from small_bundle import (
    ONE,
    RUNS,
    TWO,
    edit_json,
    edit_table,
    seal_counts,
    seal_record,
    seal_scores,
)

from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.leaderboard.submissions.packing import seal

Mutation = Callable[[Path], None]
HASH = "ab" * 32


def sealed(change: Mutation) -> Mutation:
    """A change, then the manifest."""

    def mutate(folder: Path) -> None:
        change(folder)
        seal(folder)

    return mutate


def rescored(change: Mutation) -> Mutation:
    """A change of rows, then every number, the counts and the manifest."""

    def mutate(folder: Path) -> None:
        change(folder)
        seal_scores(folder)
        seal_counts(folder)

    return mutate


def said(change: Callable[[dict[str, Any]], object]) -> Mutation:
    """A change of `submission.json`."""
    return sealed(lambda folder: edit_json(folder / "submission.json", change))


def recorded(change: Callable[[dict[str, Any]], object], *runs: str) -> Mutation:
    """A change of the record of one run, or of these."""
    chosen = runs or (ONE,)
    return sealed(lambda folder: [edit_json(folder / "runs" / run / "run.json", change) for run in chosen] and None)


def fields(*runs: str, **changes: Any) -> Mutation:
    """Fields of records, whose comparability key follows."""
    chosen = runs or (ONE,)
    return sealed(lambda folder: [seal_record(folder / "runs" / run, **changes) for run in chosen] and None)


def rows(table: str, change: Callable[[pd.DataFrame], pd.DataFrame | None], *runs: str) -> Mutation:
    """A change of a table of one run, or of these."""
    chosen = runs or (ONE,)
    return lambda folder: [edit_table(folder / "runs" / run, table, change) for run in chosen] and None  # type: ignore[arg-type, return-value]


def text(name: str, old: str, new: str) -> Mutation:
    """A change of the first such words in a file."""

    def change(folder: Path) -> None:
        path = folder / name
        before = path.read_text("utf-8")
        assert old in before
        path.write_text(before.replace(old, new, 1), "utf-8")

    return change


def first(column: str, value: object) -> Callable[[pd.DataFrame], None]:
    """Another value in the first row."""

    def change(frame: pd.DataFrame) -> None:
        frame.loc[0, column] = value

    return change


def record_of(folder: Path, run: str = ONE) -> Any:
    return read_run(folder / "runs" / run)


def unsealed_extra(folder: Path) -> None:
    (folder / "runs" / ONE / "notes.md").write_text("hello", "utf-8")


def lost_file(folder: Path) -> None:
    (folder / "runs" / ONE / "losses.parquet").unlink()


def wrong_hash(folder: Path) -> None:
    path = folder / "MANIFEST.sha256"
    content = path.read_text("utf-8")
    path.write_text(("0" if content[0] != "0" else "1") + content[1:], "utf-8")


def without_column(folder: Path) -> None:
    path = folder / "runs" / ONE / "samples.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["harm"]), path)


def a_table_that_explodes(folder: Path) -> None:
    path = folder / "runs" / ONE / "losses.parquet"
    values = pa.DictionaryArray.from_arrays(pa.array([0] * 600, pa.int32()), pa.array(["x" * (1 << 19)]))
    frame = pq.read_table(path)
    rest = {
        name: pa.array([0] * 600, frame.schema.field(name).type)
        for name in frame.column_names
        if name not in ("phase", "name")
    }
    pq.write_table(pa.table({**rest, "phase": values, "name": values}).select(frame.column_names), path)


def unlisted_run(folder: Path) -> None:
    shutil.copytree(folder / "runs" / ONE, folder / "runs" / "another")


def changed_text(folder: Path) -> None:
    path = folder / "runs" / "texts.parquet"
    frame = pd.read_parquet(path)
    frame.loc[0, "chosen"] = "something else"
    frame.to_parquet(path, index=False)


def data_of(field: str, value: str) -> Mutation:
    def change(folder: Path) -> None:
        for run in RUNS:
            record = record_of(folder, run)
            task = sorted(record.data)[0]
            changed = record.data[task].model_copy(update={field: value})
            seal_record(folder / "runs" / run, data={**record.data, task: changed})

    return sealed(change)


def judge_of(**changes: Any) -> Mutation:
    def change(folder: Path) -> None:
        for run in RUNS if "model_served" not in changes else (ONE,):
            judge = record_of(folder, run).judges[0].model_copy(update=changes)
            seal_record(folder / "runs" / run, judges=(judge,))

    return sealed(change)


def an_order_without_a_task(folder: Path) -> None:
    record = record_of(folder)
    tasks = record.order.tasks[:-1]
    order = record.order.model_copy(update={"tasks": tasks})
    data = {task: record.data[task] for task in tasks}
    seal_record(folder / "runs" / ONE, order=order, data=data)


def the_same_order_twice(folder: Path) -> None:
    shutil.rmtree(folder / "runs" / TWO)
    shutil.copytree(folder / "runs" / ONE, folder / "runs" / TWO)

    def rename(values: dict[str, Any]) -> None:
        values["identity"]["order"] = values["order"]["name"] = "order2"

    edit_json(folder / "runs" / TWO / "run.json", rename)


def one_seed_twice(folder: Path) -> None:
    the_same_order_twice(folder)
    edit_json(folder / "runs" / TWO / "run.json", lambda values: values["identity"].update(order="order1b"))
    edit_json(folder / "runs" / TWO / "run.json", lambda values: values["order"].update(name="order1b"))
    edit_json(
        folder / "submission.json",
        lambda values: [e.update(order="order1b") for e in values["runs"] if e["folder"] == TWO],
    )


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
        frame.loc[zero, "chosen_logp"] = frame.loc[zero, "rejected_logp"] + 40.0
        frame.loc[~zero, "reference_chosen_logp"] = frame.loc[~zero, "reference_rejected_logp"] + 40.0

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


BUNDLES: tuple[tuple[str, str, Mutation], ...] = (
    ("M1", "no manifest", lambda folder: (folder / "MANIFEST.sha256").unlink()),
    ("M1", "a line that is none", text("MANIFEST.sha256", "  ", " ")),
    ("M2", "an extra file", unsealed_extra),
    ("M3", "a lost file", lost_file),
    ("M4", "a wrong hash", wrong_hash),
    ("M5", "a file without a place", sealed(unsealed_extra)),
    ("S1", "NaN in submission.json", sealed(text("submission.json", '"runs": 4', '"runs": NaN'))),
    ("S1", "a key twice", sealed(text("submission.json", '"suite":', '"suite": "x",\n  "suite":'))),
    ("S1", "an unknown key", said(lambda values: values.update(more=1))),
    ("S1", "another format", said(lambda values: values.update(format_version=2))),
    (
        "S1",
        "a repository without a commit",
        said(lambda v: v["method"]["code"].update(package=None, repository="https://h/r")),
    ),
    ("S2", "NaN in run.json", sealed(text(f"runs/{ONE}/run.json", '"seed": 0', '"seed": NaN'))),
    ("S2", "a key of run.json twice", sealed(text(f"runs/{ONE}/run.json", '"seed": 0', '"seed": 0, "seed": 0'))),
    ("S2", "another schema", recorded(lambda values: values.update(schema_version=2))),
    ("S2", "a broken provenance", sealed(text(f"runs/{ONE}/provenance.json", "{", "["))),
    ("S3", "a lost column", sealed(without_column)),
    (
        "S3",
        "no table",
        sealed(lambda folder: (folder / "runs" / ONE / "pairs.parquet").write_bytes(b"PAR1 PAR1") and None),
    ),
    ("S3", "a table that explodes", sealed(a_table_that_explodes)),
    ("S4", "a run that is not listed", sealed(unlisted_run)),
    ("S4", "a run listed twice", said(lambda values: values["runs"].append(values["runs"][0]))),
    ("S5", "another seed", said(lambda values: values["runs"][0].update(seed=7))),
    ("S5", "another method", said(lambda values: values["method"].update(version="99"))),
    ("S6", "another configuration", recorded(lambda values: values["method"]["config"].update(share=0.9))),
    ("S7", "a wrong count", said(lambda values: values["counts"].update(samples=1))),
    ("S8", "a wrong hash in run.json", recorded(lambda values: values["artefacts"].update({"pairs.parquet": HASH}))),
    ("S9", "a changed text", sealed(changed_text)),
    ("P1", "an unknown protocol", recorded(lambda values: values["suite"].update(protocol=9), *RUNS)),
    ("P2", "another base", recorded(lambda values: values["model"].update(weights_sha256=HASH), *RUNS)),
    ("P3", "other evaluation rows", data_of("evaluation_sha256", HASH)),
    ("P3", "other training rows", data_of("train_sha256", HASH)),
    ("P4", "another template", judge_of(template_sha256=HASH)),
    (
        "P5",
        "an order with a task twice",
        recorded(lambda v: v["order"]["tasks"].__setitem__(0, v["order"]["tasks"][1])),
    ),
    ("P5", "an order without a task", sealed(an_order_without_a_task)),
    ("P6", "two runs with one order and seed", sealed(one_seed_twice)),
    ("P7", "more epochs", recorded(lambda values: values["budget"].update(beta=0.2), *RUNS)),
    ("C1", "a lost cell", rescored(a_lost_cell)),
    ("C2", "a dropped hard prompt", rescored(a_dropped_hard_prompt)),
    ("C2", "dropped pairs", rescored(without("pairs", lambda frame: frame["pair_id"] == frame.loc[0, "pair_id"]))),
    ("C3", "verdicts where none are promised", sealed(keyless_with_verdicts)),
    ("C3", "no verdicts where they are promised", rescored(no_verdicts)),
    ("R1", "a flipped verdict", rescored(rows("judgments", flipped))),
    (
        "R2",
        "a raised coverage",
        recorded(
            lambda v: v["coverage"]["rubric"].update(
                scored=v["coverage"]["rubric"]["expected"] + 1, expected=v["coverage"]["rubric"]["expected"] + 1
            )
        ),
    ),
    (
        "R3",
        "a cell raised by 0.01",
        sealed(rows("cells", lambda frame: first("value", frame.loc[0, "value"] + 0.01)(frame))),
    ),
    ("R4", "a metric raised by 0.01", recorded(raised_metric)),
    ("R5", "another comparability key", recorded(lambda values: values.update(comparability_key=HASH))),
    ("R6", "a raised text metric", rescored(rows("samples", first("rouge_l", 99.5)))),
    ("J1", "judgments of other samples", rescored(rows("judgments", of_other_samples))),
    ("J1", "judgments of no sample", rescored(rows("judgments", of_no_sample))),
    ("J2", "another judge's verdicts", rescored(rows("judgments", by_another))),
    ("J3", "another served model", judge_of(model_served="another")),
    ("J4", "a sample of another place", rescored(rows("samples", first("prompt_hash", "0" * 16)))),
    ("J4", "a harmful prompt called harmless", rescored(harmless_now)),
    ("J5", "a verdict off the scale", rescored(rows("judgments", first("verdict", 11.0)))),
    ("J5", "a sample judged twice", rescored(rows("judgments", judged_twice))),
    ("T1", "row 0 outside the reference interval", rescored(another_base)),
    ("T2", "another reference", rescored(rows("pairs", other_references))),
    ("D1", "settings that saw the evaluation", sealed(tuned_in_place)),
    ("D1", "another tuning origin", said(lambda values: values["declarations"].update(tuning_origin="paper"))),
    (
        "D2",
        "more data in the closed division",
        said(lambda v: v["declarations"].update(data=[{"name": "x", "licence": "MIT", "url": None, "sha256": []}])),
    ),
    ("D3", "evaluation rows among the training hashes", sealed(evaluation_among_training)),
    ("D4", "no run of the method", rescored(only_references)),
)
