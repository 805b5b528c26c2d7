"""What many tests stand on: preference pairs on disk, a tiny base, a suite that runs in seconds."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
import yaml

TASKS = {
    "general-dpo": "general-dpo",
    "hc3": "HC3",
    "hh-harmless": "hh-rlhf-harmless-base",
    "hh-helpful": "hh-rlhf-helpful-base",
    "safe-rlhf": "safe-rlhf",
    "truthfulqa": "TruthfulQA",
}
WORDS = "river stone lamp green quiet seven market paper window bread north simple garden answer early cloud".split()


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


@pytest.fixture(scope="session")
def synthetic_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic pairs in the formats of the real ones."""
    return write_synthetic(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The real pairs; tests that need them are skipped where they are not."""
    folder = os.environ.get("LIFEALIGN_TEST_DATA")
    if not folder:
        pytest.skip("LIFEALIGN_TEST_DATA is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def pair_data(synthetic_data: Path) -> Path:
    """The real pairs where they are here, else the synthetic ones."""
    folder = os.environ.get("LIFEALIGN_TEST_DATA")
    return Path(folder) if folder else synthetic_data


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A llama of a few thousand parameters with a tokenizer and a chat template, untrained but for a few steps."""
    from lifealign_bench.benchmark.base_builder import BaseRecipe, build_base
    from lifealign_bench.data.rows import Message

    texts = [
        (Message("user", row["query"]), Message("assistant", row["chosen"]))
        for index in range(80)
        for row in [synthetic_pair("HC3", index)]
    ]
    folder = tmp_path_factory.mktemp("base") / "tiny"
    build_base(BaseRecipe.tiny(), texts, folder)
    return folder


SuiteFile = Path


@pytest.fixture
def tiny_suite(tmp_path: Path, synthetic_data: Path, tiny_base: Path) -> SuiteFile:
    """A suite of three tasks that trains in a second or two a stage."""
    return write_suite(tmp_path / "tiny.yaml", synthetic_data, tiny_base)


def write_suite(path: Path, data: Path, base: Path | str, **changes: object) -> SuiteFile:
    """A small suite file; `changes` replace top-level fields."""
    values: dict[str, object] = {
        "name": "tiny",
        "tasks": ["hc3", "hh-harmless", "truthfulqa"],
        "data_dir": str(data),
        "base": {"source": str(base)},
        "rows": {"train": 12, "evaluation": 6},
        "budget": {
            "lora": {"r": 2, "alpha": 4, "targets": "query_value"},
            "phases": [
                {"kind": "sft", "epochs": 1, "learning_rate": 1e-2},
                {"kind": "preference", "epochs": 1, "learning_rate": 5e-3},
            ],
            "batch_size": 4,
            "micro_batch_size": 2,
            "max_length": 96,
        },
        "evaluation": {"cells": "full", "prompts": 2, "max_new_tokens": 4, "batch_size": 4},
        "methods": ["seqft", "lifealign"],
        "orders": [["hc3", "hh-harmless", "truthfulqa"]],
        "seeds": [0],
        "threads": 1,
    }
    path.write_text(yaml.safe_dump({**values, **changes}), "utf-8")
    return path
