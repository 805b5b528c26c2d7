"""The stream that hyper-parameters are tuned on: tasks of the same kind, and none of the rows that are evaluated."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from lifealign_bench.data.cards import TaskCard, WorldSource
from lifealign_bench.data.cleaning import SplitReport, clean_split
from lifealign_bench.data.rows import Pair, digest
from lifealign_bench.data.sources import prompt_key, read_tuning_source
from lifealign_bench.data.stream import LoadReport, TaskData, TaskRequest, check_names, select, without_overlap

TuningRows = Literal["tuning items", "training rows"]
"""Where a task's rows to tune on come from: items that no suite meets, or the suite's own training rows."""


def tuning_rows(card: TaskCard) -> TuningRows:
    """Which rows of a task are tuned on."""
    return "tuning items" if isinstance(card.source, WorldSource) else "training rows"


def load_tuning_stream(requests: Sequence[TaskRequest], data_dir: Path | None, seed: int) -> tuple[TaskData, ...]:
    """The tasks of a tuning stream: one half of the items is learned, the other evaluated, divided by a hash of `seed`.

    An item is on one side in all tasks, and no evaluated prompt stands in what any task learns. A request for more
    pairs than a half has takes the half. Evaluation rows of the tasks themselves are never opened.

    Raises:
        InputError: a source cannot be read, a task stands twice, or a half is empty.
    """
    check_names(requests)
    pools = [_pool(request.card, data_dir) for request in requests]
    learned = _learned_items(pools, seed)
    halves = [_divided(pool, learned) for pool in pools]
    trained = {prompt_key(pair.prompt) for task in halves for pair in task.train}
    tasks = [without_overlap(task, trained) for task in halves]
    return tuple(select(task, _at_most(request, task), seed) for task, request in zip(tasks, requests, strict=True))


def _pool(card: TaskCard, data_dir: Path | None) -> TaskData:
    source = read_tuning_source(card, data_dir)
    pairs, counts = clean_split(source.train, card.name, card.text)
    return TaskData(card, pairs, (), LoadReport(card.name, source.origin, source.revision, counts, SplitReport()))


def _learned_items(pools: Iterable[TaskData], seed: int) -> set[str]:
    """The items of the learned half; each task's are halved in turn, an item that an earlier one had keeps its side.

    Ranks, not a threshold: of a dozen items a threshold might leave one side nearly empty.
    """
    learned: set[str] = set()
    seen: set[str] = set()
    for pool in sorted(pools, key=lambda pool: pool.card.name):
        fresh = sorted({_item(pair) for pair in pool.train} - seen, key=lambda item: digest(["tuning", seed, item]))
        seen |= set(fresh)
        learned |= set(fresh[: (len(fresh) + 1) // 2])
    return learned


def _divided(pool: TaskData, learned: set[str]) -> TaskData:
    train = tuple(pair for pair in pool.train if _item(pair) in learned)
    evaluation = tuple(pair for pair in pool.train if _item(pair) not in learned)
    counts = SplitReport(read=len(evaluation), kept=len(evaluation))
    report = dataclasses.replace(
        pool.report, train=dataclasses.replace(pool.report.train, kept=len(train)), evaluation=counts
    )
    return dataclasses.replace(pool, train=train, evaluation=evaluation, report=report)


def _at_most(request: TaskRequest, task: TaskData) -> TaskRequest:
    """The request, asking for no more than there is."""
    return dataclasses.replace(
        request,
        train_rows=_smaller(request.train_rows, task.train),
        evaluation_rows=_smaller(request.evaluation_rows, task.evaluation),
    )


def _smaller(wanted: int | None, pairs: Sequence[Pair]) -> int | None:
    return min(wanted, len(pairs)) if wanted is not None else None


def _item(pair: Pair) -> str:
    return pair.item or pair.pair_id
