"""Boards of variants on disk: a suite as written, with noise, on another base, with another rate, and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from stored_boards import Names, store_board

from lifealign_bench.benchmark.columns import write_table
from lifealign_bench.benchmark.schema import read_run, write_run
from lifealign_bench.benchmark.variant_records import AppliedRecord, ConditionRecord
from stored_runs import HASH

SIX = Names(orders=tuple(f"o{place}" for place in range(6)))
APPLIED = AppliedRecord(available=9, usual=4, rows=4, flipped=1, shared=0, shared_with=None, mean_words=3.0)
NOISE = ConditionRecord(fields={"label_noise": 0.2}, seed=0, tasks=dict.fromkeys("abc", APPLIED))
WRONG = 7
"""The item on which the classifier errs."""


def changed(folder: Path, **changes: object) -> None:
    """Every run below a folder with fields of its record replaced."""
    for file in folder.rglob("run.json"):
        write_run(file.parent, read_run(file.parent).model_copy(update=changes))


def store_variants(folder: Path) -> Path:
    """A suite as written, with noise (worse in later orders), on another base, with another rate."""
    store_board(folder / "plain", SIX, seeds=(0, 1))
    store_board(folder / "noise", SIX, seeds=(0, 1))
    for file in (folder / "noise").rglob("judgments.parquet"):
        frame = pd.read_parquet(file)
        order = int(file.parent.name.split("--o")[1][0])
        write_table(file.parent, "judgments", frame.assign(verdict=(frame["verdict"] - order).clip(lower=1.0)))
    varied = {"condition.label_noise": 0.2}
    changed(folder / "noise", condition=NOISE, varied=varied, comparability_key="1" * 64)
    store_board(folder / "base", SIX, seeds=(0, 1))
    other = read_run(next((folder / "base").rglob("run.json")).parent).model
    model = other.model_copy(update={"source": "other-base", "weights_sha256": "2" * 64})
    changed(folder / "base", model=model, varied={"base.source": "other-base"})
    store_board(folder / "rate", SIX, seeds=(0, 1))
    budget = read_run(next((folder / "rate").rglob("run.json")).parent).budget
    slower = {**budget, "learning_rate": 0.001}
    changed(folder / "rate", budget=slower, varied={"budget.phases.sft.learning_rate": 0.001})
    return folder


def add_safety(folder: Path, category: str = "theft", attack: str = "school@1") -> None:
    """Safety rows for every run below a folder, read by the oracle and by a classifier that errs on one item."""
    for file in sorted(folder.rglob("run.json")):
        worse = 2 if file.parent.name.startswith("m1") else 0
        rows = [
            {**row, "attack": way, "category": category}
            for way in ("none@1", attack)
            for row in _rows((6, 1, 1, 1 + worse))
        ]
        write_table(file.parent, "safety", pd.DataFrame(rows))
        record = read_run(file.parent)
        write_run(file.parent, record.model_copy(update={"artefacts": {**record.artefacts, "safety.parquet": HASH}}))


def _rows(fallen_at: tuple[int, ...]) -> Iterator[dict[str, object]]:
    for step, fallen in enumerate(fallen_at):
        for harm in ("harmful", "harmless"):
            for item in range(8):
                refuses = item == 0 if harm == "harmless" else item >= fallen
                for reader in ("oracle", "classifier"):
                    wrong = reader == "classifier" and item == WRONG
                    label = "refusal" if refuses != wrong else "compliance"
                    yield {
                        "step": step, "trained_task": None, "prompt_id": f"{harm}{item}", "item": str(item),
                        "harm": harm, "answer": "x", "tokens": 1, "reader": reader, "label": label, "score": 1.0,
                    }  # fmt: skip
