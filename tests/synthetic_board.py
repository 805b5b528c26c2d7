"""A board as large as one wants, for measurements: the same few tables under many records."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from example_board import example_board
from lifealign_bench.benchmark.columns import read_table, write_table
from lifealign_bench.benchmark.schema import read_run

WORDS = ("river stone lamp green quiet seven market paper window bread").split()  # noqa: SIM905


def write_synthetic_board(
    folder: Path, methods: int, orders: int, seeds: int, answers: int, seed: int = 0
) -> tuple[int, int]:
    """Runs with the records of the example board (all its metrics), drawn numbers and `answers` answers in all.

    Returns the number of runs and of answers. The tables of a run are written once for each order and linked, so that
    a large board is quick to make; every run has files of its own names.
    """
    draw = np.random.default_rng(seed)
    source = example_board() / "er--order1--s0"
    record, cells = read_run(source), read_table(source, "cells")
    text = (source / "run.json").read_text("utf-8")
    runs, tasks = methods * orders * seeds, len(record.order.tasks)
    each = max(1, round(answers / runs / (tasks * (tasks + 1))))
    template = folder / ".tables"
    template.mkdir()
    write_table(template, "cells", cells)
    samples, judgments = _tables(record.order.tasks, each, draw)
    write_table(template, "samples", samples)
    write_table(template, "judgments", judgments)
    for method in range(methods):
        for order in range(orders):
            for number in range(seeds):
                target = folder / f"m{method}--o{order}--s{number}"
                target.mkdir()
                (target / "run.json").write_text(_record(text, method, order, number, draw), "utf-8")
                for table in ("cells", "samples", "judgments"):
                    os.link(template / f"{table}.parquet", target / f"{table}.parquet")
    for path in template.iterdir():
        path.unlink()
    template.rmdir()
    return runs, runs * len(samples)


def _record(text: str, method: int, order: int, seed: int, draw: np.random.Generator) -> str:
    values = json.loads(text)
    values["identity"] = {"method": f"method-{method}", "order": f"order{order}", "seed": seed}
    values["order"]["name"] = f"order{order}"
    values["method"]["name"] = f"method-{method}"
    shift = float(draw.normal(0, 2)) - method * 0.1
    for measures in values["metrics"].values():
        last = measures["last"]
        if last["value"] is not None:
            last["value"] = max(0.0, min(100.0, last["value"] + shift))
    values["artefacts"] = {}
    return json.dumps(values)


def _tables(tasks: tuple[str, ...], each: int, draw: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    samples, judgments = [], []
    for step in range(len(tasks) + 1):
        for task in tasks:
            for number in range(each):
                pair, sample = f"{task}-{number}", f"{step}-{task}-{number}"
                key = {"sample_id": sample, "task": task, "step": step, "pair_id": pair, "item": pair}
                words = " ".join(draw.choice(WORDS, 40))
                samples.append(
                    {**key, "prompt_hash": "0", "answer": words, "tokens": 40, "finish_reason": "stop"}
                    | {"bleu4_char": 1.0, "rouge_l": 1.0, "harm": "harmless", "category": None}
                )
                judgments.append(
                    {**key, "judge": "oracle", "template": "t@1", "dimension": "rubric", "against": None}
                    | {"position": 0, "status": "scored", "verdict": float(draw.integers(1, 11))}
                    | {"rationale": "", "raw": "", "usage": "{}"}
                )
    return pd.DataFrame(samples), pd.DataFrame(judgments)
