"""Boards on disk for tests of what shows them: whole runs with answers, verdicts and texts, friendly or hostile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lifealign_bench.benchmark.columns import write_table
from lifealign_bench.benchmark.judge_records import JudgeRecord
from lifealign_bench.benchmark.matrix import Matrix
from lifealign_bench.benchmark.metrics import measure_all
from lifealign_bench.benchmark.schema import (
    DataRecord,
    MeasureRecord,
    comparability_key,
    write_run,
)
from stored_runs import HASH, cells_frame, make_record

SCRIPT = "<script>window.hacked = 1</script>"
IMAGE = "<img src=x onerror='window.hacked = 2'>"
MARKDOWN = (
    "**bold** [link](javascript:window.hacked=3) ![i](https://evil.example/x.png) :red[red] $\\frac{1}{2}$ `code`"
)
FORMULA = '=HYPERLINK("https://evil.example";"x")'
RIGHT_TO_LEFT = "שלום עולם \u202eمرحبا بالعالم"
LONG = "a-very-long-name-" * 11


@dataclass(frozen=True)
class Names:
    """What things are called on a board."""

    methods: Sequence[str] = ("er", "seqft")
    orders: Sequence[str] = ("order1", "order2")
    tasks: Sequence[str] = ("a", "b", "c")
    answers: Sequence[str] = ("a good answer", "a bad answer")
    prompt: str = "Tell me."
    judge: str = "oracle"
    rationale: str = "fine"
    suite: str = "tiny"


HOSTILE = Names(
    methods=(SCRIPT, MARKDOWN, FORMULA, RIGHT_TO_LEFT, LONG[:180]),
    orders=(IMAGE, "+1+cmd|' /C calc'!A0"),
    tasks=("=1+1", "</script>" + SCRIPT, RIGHT_TO_LEFT),
    answers=(SCRIPT + IMAGE, MARKDOWN, FORMULA, RIGHT_TO_LEFT * 20, "long " * 4000),
    prompt=f"{SCRIPT} {MARKDOWN} </script>",
    judge="@judge " + IMAGE,
    rationale=f"{MARKDOWN} {SCRIPT}",
    suite="-suite [x](https://evil.example)",
)


def store_board(results: Path, names: Names = Names(), seeds: Sequence[int] = (0,), pairs: int = 4) -> Path:
    """Write a board of whole runs below `results`: every method in every order with every seed, and the texts.

    The first half of each task's prompts is harmful; the last pair may not be passed on. Verdicts fall with the number
    of tasks since the answer's own was learned.
    """
    for m, method in enumerate(names.methods):
        for o in range(len(names.orders)):
            for seed in seeds:
                _store(results / f"m{m}--o{o}--s{seed}", names, method, m, o, seed, pairs)
    _texts(results, names, pairs)
    return results


def _store(folder: Path, names: Names, method: str, m: int, o: int, seed: int, pairs: int) -> None:
    tasks = tuple(names.tasks[(place + o) % len(names.tasks)] for place in range(len(names.tasks)))
    matrix = _matrix(tasks, m, o + seed)
    judge = JudgeRecord(
        name=names.judge, model_requested="m", model_served="m", revision=None, template="t", template_version="1",
        template_sha256=HASH, templates={"t@1": HASH}, parameters={"temperature": 0.0},
    )  # fmt: skip
    data = {task: DataRecord(train_sha256=HASH, evaluation_sha256=HASH) for task in tasks}
    measures = {name: MeasureRecord.from_measure(found, n=60) for name, found in measure_all(matrix).items()}
    record = make_record(
        method, names.orders[o], seed, matrix,
        suite={"name": names.suite, "sha256": HASH, "protocol": 1},
        judges=(judge,),
        metrics={"preference_accuracy": measures, "rubric": measures},
        comparability_key=comparability_key(1, data, {"max_new_tokens": 48}, (judge,)),
        coverage={"rubric": {"expected": 4, "scored": 4, "unscored": {}}},
    )  # fmt: skip
    folder.mkdir(parents=True)
    write_run(folder, record)
    write_table(folder, "cells", pd.concat([cells_frame(matrix), cells_frame(matrix, "rubric")]))
    samples, judgments = _answers(names, tasks, m, pairs)
    write_table(folder, "samples", samples)
    write_table(folder, "judgments", judgments)


def _matrix(tasks: tuple[str, ...], m: int, noise: int) -> Matrix:
    size = len(tasks)
    rows = [
        tuple(
            40.0 + noise if step <= place else max(5.0, 95.0 - noise - (step - place - 1) * (6.0 + 8.0 * m))
            for place in range(size)
        )
        for step in range(size + 1)
    ]
    return Matrix(tasks, tuple(rows))


def _answers(names: Names, tasks: Sequence[str], m: int, pairs: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    samples, judgments = [], []
    for step in range(len(tasks) + 1):
        for place, task in enumerate(tasks):
            for number in range(pairs):
                key = {
                    "task": task,
                    "step": step,
                    "pair_id": f"{names.tasks.index(task)}-{number}",
                    "item": str(number),
                }
                sample = f"{step}-{place}-{number}"
                samples.append(
                    {
                        "sample_id": sample, **key, "prompt_hash": "0", "tokens": 5, "finish_reason": "stop",
                        "answer": names.answers[(step + number) % len(names.answers)], "bleu4_char": 1.0,
                        "rouge_l": 1.0, "harm": "harmful" if number < pairs // 2 else "harmless", "category": None,
                    }
                )  # fmt: skip
                fallen = max(0, step - place - 1) * (1 + m)
                judgments.append(
                    {
                        "sample_id": sample, **key, "judge": names.judge, "template": "t@1", "dimension": "rubric",
                        "against": None, "position": 0, "status": "scored", "verdict": max(1.0, 10.0 - fallen),
                        "rationale": names.rationale, "raw": "", "usage": "{}",
                    }
                )  # fmt: skip
    return pd.DataFrame(samples), pd.DataFrame(judgments)


def _texts(results: Path, names: Names, pairs: int) -> None:
    rows = [
        {
            "pair_id": f"{t}-{number}", "task": task, "rubric": "general",
            "prompt": json.dumps([["user", names.prompt]]), "chosen": "better " + names.answers[0],
            "rejected": "worse", "harm": "harmful" if number < pairs // 2 else "harmless", "category": None,
            "redistributable": number < pairs - 1,
        }
        for t, task in enumerate(names.tasks)
        for number in range(pairs)
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(results / "texts.parquet", index=False)
