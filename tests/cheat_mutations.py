"""Bundles of somebody who cheats where no number is wrong: in what surrounds the numbers, or in what they rest on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from mutating import Mutation, recorded, rescored, rows, said, sealed
from row_mutations import in_the_open_division, record_of
from small_bundle import ONE, REFERENCE, TWO, edit_json, edit_table, seal_record

Change = Callable[[pd.DataFrame], None]


def later(column: str, value: Callable[[pd.DataFrame], object]) -> Change:
    """Another value in every row after row 0."""

    def change(frame: pd.DataFrame) -> None:
        chosen = frame["step"] > 0
        frame.loc[chosen, column] = value(frame[chosen])

    return change


def tensors(**more: bytes) -> bytes:
    """A safetensors file of one number, and what stands behind it."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return len(header).to_bytes(8, "little") + header + b"\0" * 4 + more.get("behind", b"")


def adapter(name: str, content: bytes, run: str = ONE) -> Mutation:
    def change(folder: Path) -> None:
        path = folder / "adapters" / run / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)

    return sealed(change)


def an_infinite_loss(folder: Path) -> None:
    path = folder / "runs" / ONE / "losses.parquet"
    table = pq.read_table(path)
    place = table.column_names.index("value")
    field = table.schema.field(place)
    pq.write_table(table.set_column(place, field, pa.array([float("inf")] * len(table), pa.float64())), path)
    seal_record(folder / "runs" / ONE)


def another_rubric(folder: Path) -> None:
    path = folder / "runs" / "texts.parquet"
    frame = pd.read_parquet(path)
    frame["rubric"] = frame["rubric"].iloc[0]
    frame.to_parquet(path, index=False)


def items_of_its_own(frame: pd.DataFrame) -> None:
    frame["item"] = frame["pair_id"]


def a_longer_answer_everywhere(frame: pd.DataFrame) -> None:
    frame.loc[frame["pair_id"] == frame.loc[0, "pair_id"], "chosen_tokens"] += 1


def a_second_worse_mtl(folder: Path) -> None:
    worse = folder / "runs" / "mtl--order2--s0"
    shutil.copytree(folder / "runs" / REFERENCE, worse)
    identity = record_of(folder, REFERENCE).identity.model_copy(update={"order": "order2"})
    seal_record(worse, order=record_of(folder, TWO).order, identity=identity)
    edit_table(worse, "pairs", later("chosen_logp", lambda frame: frame["chosen_logp"] - 3.0))
    entry = {"folder": worse.name, "order": "order2", "seed": 0, "role": "reference"}
    _one_more(folder, entry)


def one_run_as_two_seeds(folder: Path) -> None:
    in_the_open_division(folder)
    again = folder / "runs" / "er--order1--s1"
    shutil.copytree(folder / "runs" / ONE, again)
    edit_json(again / "run.json", lambda values: values["identity"].update(seed=1))
    _one_more(folder, {"folder": again.name, "order": "order1", "seed": 1, "role": "method"})


def _one_more(folder: Path, entry: dict[str, object]) -> None:
    path = folder / "submission.json"
    edit_json(path, lambda values: values["runs"].append(entry))
    edit_json(path, lambda values: values["counts"].update(runs=len(values["runs"])))


def a_mixed_alphabet(folder: Path) -> None:
    said(lambda values: values["method"].update(label="\u0435r"))(folder)


CHEATS: tuple[tuple[str, str, Mutation], ...] = (
    ("S1", "a label that looks like another", a_mixed_alphabet),
    ("S5", "a reference called as the method", recorded(lambda v: v["identity"].update(method="ER"), REFERENCE)),
    ("S9", "another rubric", sealed(another_rubric)),
    ("S11", "a pickle called safetensors", adapter("adapter.safetensors", b"\x80\x04\x95\x05\0\0\0\0\0\0\0N.")),
    ("S11", "bytes behind an adapter's tensors", adapter("adapter.safetensors", tensors(behind=b"#!/bin/sh"))),
    ("S11", "an adapter of no run", adapter("adapter.safetensors", tensors(), "er--order9--s0")),
    ("S11", "NaN in an adapter's JSON", adapter("adapter_config.json", b'{"r": NaN}')),
    ("S12", "log-probabilities over 0", rescored(rows("pairs", later("chosen_logp", lambda _: 3.0)))),
    ("S12", "answers of no length", rescored(rows("samples", later("tokens", lambda _: -1)))),
    ("S12", "answers longer than allowed", rescored(rows("samples", later("tokens", lambda _: 100_000)))),
    ("S12", "another finish reason", rescored(rows("samples", later("finish_reason", lambda _: "done")))),
    ("S3", "an infinite loss", sealed(an_infinite_loss)),
    ("P6", "a second, worse MTL of one seed", rescored(a_second_worse_mtl)),
    ("P6", "one run as two seeds", rescored(one_run_as_two_seeds)),
    ("R7", "no costs in the closed division", recorded(lambda values: values.update(stages=[]))),
    ("T4", "pairs that are items of their own", rescored(rows("pairs", items_of_its_own))),
    ("T4", "longer answers later", rescored(rows("pairs", later("chosen_tokens", lambda f: 9 * f["chosen_tokens"])))),
    ("T4", "a longer answer everywhere", rescored(rows("pairs", a_longer_answer_everywhere))),
)
