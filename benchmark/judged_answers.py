"""Answers that exist, as judges see them: every run's samples with their texts, each distinct one once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.judging import verdict_row
from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.benchmark.texts import FILE as TEXTS
from lifealign_bench.data.catalogue import find_card
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.data.rows import Message
from lifealign_bench.judges.interface import Comparison, Judge, JudgedItem, Judgment, asked_of, compared_in


@dataclass(frozen=True)
class JudgedRun:
    """A run, its `samples`, and beside each of them what a judge is given.

    comparisons: by `sample_id`, of the answers that are compared with another one.
    """

    run: StoredRun
    samples: pd.DataFrame
    items: tuple[JudgedItem, ...]
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)


@dataclass(frozen=True)
class JudgedBy:
    """One judge and what it said of each distinct item and comparison."""

    judge: Judge
    said: Mapping[JudgedItem, Sequence[Judgment]]
    compared: Mapping[Comparison, Sequence[Judgment]]


def answers_of(runs: Sequence[StoredRun]) -> list[JudgedRun]:
    """The answers of these runs with their prompts and references.

    Raises:
        InputError: a suite's texts are not beside its runs, lack a prompt, or a task's rubric is not known.
    """
    texts = {folder: _texts(folder) for folder in sorted({run.folder.parent for run in runs})}
    found = []
    for run in runs:
        samples = read_table(run.folder, "samples")
        items = tuple(_item(row, texts[run.folder.parent], run.folder) for row in samples.to_dict("records"))
        found.append(JudgedRun(run, samples, items))
    return found


def distinct(runs: Sequence[JudgedRun]) -> list[JudgedItem]:
    """Every item once, however many runs share it."""
    return list(dict.fromkeys(item for run in runs for item in run.items))


def distinct_comparisons(runs: Sequence[JudgedRun]) -> list[Comparison]:
    """Every comparison once."""
    return list(dict.fromkeys(found for run in runs for found in run.comparisons.values()))


def by_item(
    judge: Judge,
    items: Sequence[JudgedItem],
    judgments: Sequence[Judgment],
    comparisons: Sequence[Comparison],
    compared: Sequence[Judgment],
) -> JudgedBy:
    """A judge's judgments of these items and comparisons, by item and comparison."""
    left, also = iter(judgments), iter(compared)
    both = 2 * len(compared_in(judge.dimensions))
    return JudgedBy(
        judge,
        {item: [next(left) for _ in asked_of(item, judge.dimensions)] for item in items},
        {pair: [next(also) for _ in range(both)] for pair in comparisons},
    )


def judgments_table(run: JudgedRun, judges: Sequence[JudgedBy]) -> pd.DataFrame:
    """The `judgments` rows of a run: answers in their order, of each every judge's verdicts."""
    rows: list[dict[str, Any]] = []
    places = run.samples[["sample_id", "task", "step", "item"]].to_dict("records")
    for place, item in zip(places, run.items, strict=True):
        sample = {str(name): value for name, value in place.items()}
        pair = run.comparisons.get(str(place["sample_id"]))
        for by in judges:
            said = [*by.said[item], *(by.compared[pair] if pair is not None else ())]
            rows += [verdict_row(by.judge, judgment) | sample for judgment in said]
    frame = pd.DataFrame(rows)
    return frame.astype({"verdict": float}) if rows else frame


def _texts(folder: Path) -> Mapping[str, Mapping[Any, Any]]:
    path = folder / TEXTS
    if not path.is_file():
        expected = "the prompts of the suite, as `lifealign run` writes them beside its runs"
        raise InputError(path, "texts", "no such file", expected)
    frame = pd.read_parquet(path)
    if "rubric" not in frame.columns:
        rubrics = {task: _rubric(str(task), path) for task in frame["task"].unique()}
        frame["rubric"] = [rubrics[task] for task in frame["task"]]
    return {str(row["pair_id"]): row for row in frame.to_dict("records")}


def _rubric(task: str, path: Path) -> str:
    """The rubric of a task of the catalogue, for texts that were written before they named it."""
    try:
        return find_card(task, path.parent).rubric
    except UnknownNameError:
        expected = "texts that name it; `lifealign run` with the suite writes them again"
        raise InputError(path, "rubric", f"none for task {task}, which is not of the catalogue", expected) from None


def _item(sample: Mapping[Any, Any], texts: Mapping[str, Mapping[Any, Any]], folder: Path) -> JudgedItem:
    text = texts.get(sample["pair_id"])
    if text is None:
        raise InputError(folder / "samples.parquet", "pair_id", sample["pair_id"], f"a pair of {TEXTS} beside the run")
    turns = tuple(Message(role, content) for role, content in json.loads(text["prompt"]))
    return JudgedItem(
        pair_id=str(sample["pair_id"]),
        task=str(sample["task"]),
        rubric=str(text["rubric"]),
        prompt=turns,
        answer=str(sample["answer"]),
        reference=str(text["chosen"]),
        harm=sample["harm"],
        item=str(sample["item"]),
    )
