"""Bundles that are wrong in one way each, made from a golden one; hashes, counts and numbers are sealed again where
the rule is not about them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from beside_mutations import BESIDE
from cheat_mutations import CHEATS
from mutating import Mutation, first, recorded, rescored, rows, said, sealed, text
from row_mutations import (
    a_dropped_hard_prompt,
    a_lost_cell,
    another_base,
    bad_unscored,
    by_another,
    dropped_bad,
    evaluation_among_training,
    flipped,
    half_compared,
    harmless_now,
    in_the_open_division,
    invented,
    judged_twice,
    keyless_with_verdicts,
    no_verdicts,
    of_no_sample,
    of_other_samples,
    only_references,
    other_references,
    raised_metric,
    record_of,
    tuned_in_place,
    without,
)
from small_bundle import (
    ONE,
    RUNS,
    TWO,
    edit_json,
    seal_record,
)

HASH = "ab" * 32


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


def one_seed_twice(folder: Path) -> None:
    shutil.rmtree(folder / "runs" / TWO)
    shutil.copytree(folder / "runs" / ONE, folder / "runs" / TWO)
    edit_json(
        folder / "submission.json",
        lambda values: [e.update(order="order1") for e in values["runs"] if e["folder"] == TWO],
    )


def an_order_of_another_name(folder: Path) -> None:
    edit_json(folder / "runs" / ONE / "run.json", lambda values: values["identity"].update(order="order1b"))
    edit_json(folder / "runs" / ONE / "run.json", lambda values: values["order"].update(name="order1b"))
    edit_json(
        folder / "submission.json",
        lambda values: [e.update(order="order1b") for e in values["runs"] if e["folder"] == ONE],
    )


def an_open_order_of_a_known_name(folder: Path) -> None:
    in_the_open_division(folder)
    edit_json(folder / "runs" / ONE / "run.json", lambda v: v["order"]["tasks"].append(v["order"]["tasks"].pop(0)))


def a_picked_seed(folder: Path) -> None:
    edit_json(folder / "runs" / ONE / "run.json", lambda values: values["identity"].update(seed=5))
    edit_json(
        folder / "submission.json",
        lambda values: [e.update(seed=5) for e in values["runs"] if e["folder"] == ONE],
    )


def renamed_suite(name: str) -> Mutation:
    def change(folder: Path) -> None:
        edit_json(folder / "submission.json", lambda values: values.update(suite=name))
        for run in RUNS:
            edit_json(folder / "runs" / run / "run.json", lambda values: values["suite"].update(name=name))

    return sealed(change)


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
    ("S1", "a suite that is a path", renamed_suite("../../outside/mini-all")),
    ("S1", "a suite below another", renamed_suite("x/mini-all")),
    ("S1", "a suite with an end of line", renamed_suite("mini\u2028x")),
    ("S1", "a suite called as a folder of the board", renamed_suite("submissions")),
    ("S1", "a seed without bounds", said(lambda values: values["runs"][0].update(seed=10**30))),
    ("S1", "a negative seed", said(lambda values: values["runs"][0].update(seed=-1))),
    ("S1", "a count without bounds", said(lambda values: values["counts"].update(pairs=2**63))),
    ("S1", "a tuning origin in words", said(lambda values: values["declarations"].update(tuning_origin="by hand"))),
    ("S1", "a method that is a path", said(lambda values: values["method"].update(name="/x/m.py:M"))),
    ("S1", "another format", said(lambda values: values.update(format_version=2))),
    (
        "S1",
        "a repository without a commit",
        said(lambda v: v["method"]["code"].update(package=None, repository="https://h/r")),
    ),
    ("S2", "NaN in run.json", sealed(text(f"runs/{ONE}/run.json", '"seed": 0', '"seed": NaN'))),
    ("S2", "a key of run.json twice", sealed(text(f"runs/{ONE}/run.json", '"seed": 0', '"seed": 0, "seed": 0'))),
    ("S2", "a seed of run.json without bounds", recorded(lambda values: values["identity"].update(seed=10**30))),
    (
        "S2",
        "a stage's count without bounds",
        recorded(
            lambda values: values.update(stages=[{**stage, "memory_bytes": 10**30} for stage in values["stages"]])
        ),
    ),
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
    ("P5", "an order of one's own", recorded(lambda v: v["order"]["tasks"].append(v["order"]["tasks"].pop(0)))),
    ("P5", "an order under another name", sealed(an_order_of_another_name)),
    ("P5", "another order under a known name in the open division", sealed(an_open_order_of_a_known_name)),
    ("P9", "a seed that nobody else ran", sealed(a_picked_seed)),
    ("P6", "two runs with one order and seed", sealed(one_seed_twice)),
    ("P7", "more epochs", recorded(lambda values: values["budget"].update(beta=0.2), *RUNS)),
    ("C1", "a lost cell", rescored(a_lost_cell)),
    ("C2", "a dropped hard prompt", rescored(a_dropped_hard_prompt)),
    ("C2", "dropped pairs", rescored(without("pairs", lambda frame: frame["pair_id"] == frame.loc[0, "pair_id"]))),
    ("C3", "verdicts where none are promised", sealed(keyless_with_verdicts)),
    ("C3", "no verdicts where they are promised", rescored(no_verdicts)),
    ("C5", "bad verdicts dropped", rescored(rows("judgments", dropped_bad))),
    ("C5", "a bad verdict without a score", rescored(rows("judgments", bad_unscored))),
    ("C5", "a dimension left out", rescored(without("judgments", lambda frame: frame["dimension"] == "safety"))),
    ("C5", "one answer of a cell compared", rescored(rows("judgments", half_compared))),
    ("R1", "a flipped verdict", rescored(rows("judgments", flipped))),
    ("R1", "invented comparisons", rescored(rows("judgments", invented))),
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
    ("R7", "steps that cost nothing", recorded(lambda values: values["stages"][0].update(steps_on=9, with_gradient=1))),
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
    *BESIDE,
    *CHEATS,
)
