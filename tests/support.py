"""Helpers that tests import: synthetic pairs and small suite files."""

from __future__ import annotations

import json
import random
from pathlib import Path

import yaml

TASKS = {
    "general-dpo": "general-dpo",
    "hc3": "HC3",
    "hh-harmless": "hh-rlhf-harmless-base",
    "hh-helpful": "hh-rlhf-helpful-base",
    "safe-rlhf": "safe-rlhf",
    "truthfulqa": "TruthfulQA",
}
BUDGET = {
    "lora": {"r": 2, "alpha": 4, "targets": "query_value"},
    "phases": [
        {"kind": "sft", "epochs": 1, "learning_rate": 1e-2},
        {"kind": "preference", "epochs": 1, "learning_rate": 5e-3},
    ],
    "batch_size": 4,
    "micro_batch_size": 2,
    "max_length": 96,
}
WORDS = ("river stone lamp green quiet seven market paper window bread north simple garden answer early cloud").split()  # noqa: SIM905


def synthetic_pair(task: str, index: int) -> dict[str, str]:
    """A row in the format of the real files of a task, from the index alone."""
    draw = random.Random(f"{task} {index}")
    question = f"What is the {' '.join(draw.choices(WORDS, k=4))} number {index}?"
    right, wrong = (" ".join(draw.choices(WORDS, k=6)) for _ in range(2))
    if task.startswith("hh-rlhf"):
        earlier = " ".join(draw.choices(WORDS, k=5))
        query = f"Human: {earlier}?\nAssistant: {earlier}.\nHuman: {question}"
        return {"query": query, "chosen": f"Assistant: {right}", "rejected": f"Assistant: {wrong} perhaps"}
    if task == "TruthfulQA":
        return {"query": question, "chosen": right, "rejected": f"{wrong}; {right} never; maybe {wrong}"}
    return {"query": question, "chosen": right, "rejected": f"{wrong} perhaps"}


def write_synthetic(folder: Path, train: int = 60, test: int = 20) -> Path:
    """Six folders with `train.jsonl` and `test.jsonl`, as the real ones are laid out."""
    for name in TASKS.values():
        (folder / name).mkdir(parents=True)
        for split, indices in (("train", range(train)), ("test", range(train, train + test))):
            rows = [synthetic_pair(name, index) for index in indices]
            (folder / name / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def write_suite(path: Path, data: Path, base: Path | str, **changes: object) -> Path:
    """A small suite file; `changes` replace top-level fields."""
    values: dict[str, object] = {
        "name": "tiny",
        "tasks": ["hc3", "hh-harmless", "truthfulqa"],
        "data_dir": str(data),
        "base": {"source": str(base)},
        "rows": {"train": 12, "evaluation": 6},
        "budget": BUDGET,
        "evaluation": {"cells": "full", "prompts": 2, "max_new_tokens": 4, "batch_size": 4},
        "methods": ["seqft", "lifealign"],
        "orders": {"order1": ["hc3", "hh-harmless", "truthfulqa"]},
        "seeds": [0],
        "threads": 1,
    }
    path.write_text(yaml.safe_dump({**values, **changes}), "utf-8")
    return path
