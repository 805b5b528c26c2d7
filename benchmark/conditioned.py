"""A suite's rows under its data condition and phrasing, and what was changed about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.data.cards import TaskCard
from lifealign_bench.data.conditioning import Applied, Conditioned, TaskRows, apply_condition
from lifealign_bench.data.conditions import AGAIN
from lifealign_bench.data.phrasings import find_phrasing, phrased
from lifealign_bench.data.stream import TaskData, TaskRequest

Loader = Callable[[Sequence[TaskRequest], Path | None, int], tuple[TaskData, ...]]
"""Reads the tasks of a stream: requests, data folder, seed."""


@dataclass(frozen=True)
class Stream:
    """The rows of every task, second visits last; applied: what the suite's condition changed, empty without one."""

    tasks: Mapping[str, TaskData]
    applied: Mapping[str, Applied]


def read_stream(suite: Suite, cards: Mapping[str, TaskCard], load: Loader) -> Stream:
    """The stream of a suite. Without a condition it is what `load` gives, row by row.

    Raises:
        InputError: rows that cannot be read, or a condition that they cannot meet.
    """
    requests = [
        TaskRequest(
            cards[task.name], task.train_rows or suite.rows.train, task.evaluation_rows or suite.rows.evaluation
        )
        for task in suite.tasks
    ]
    folder = Path(suite.data_dir) if suite.data_dir else None
    names = [task.name for task in suite.tasks]
    if not suite.condition.changes:
        loaded = load(requests, folder, suite.data_seed)
        return Stream(_phrased(suite, dict(zip(names, loaded, strict=True))), {})
    loaded = load([_whole(request) for request in requests], folder, suite.data_seed)
    pools = dict(zip(names, loaded, strict=True))
    usual = {
        name: request.train_rows or request.card.sizes.train or len(pools[name].train)
        for name, request in zip(names, requests, strict=True)
    }
    rows = {name: TaskRows(data.train, data.evaluation) for name, data in pools.items()}
    found = apply_condition(rows, usual, suite.condition, suite.data_seed)
    tasks = {name: _with_rows(pools[name.removesuffix(AGAIN)], cards, name, found) for name in found.rows}
    return Stream(_phrased(suite, tasks), found.applied)


def _whole(request: TaskRequest) -> TaskRequest:
    """The request for every training pair of its task."""
    sizes = request.card.sizes.model_copy(update={"train": None})
    return replace(request, card=request.card.model_copy(update={"sizes": sizes}), train_rows=None)


def _with_rows(data: TaskData, cards: Mapping[str, TaskCard], name: str, found: Conditioned) -> TaskData:
    rows = found.rows[name]
    report = replace(data.report, train=replace(data.report.train, selected=len(rows.train)))
    card = cards[name.removesuffix(AGAIN)]
    return replace(data, card=card, train=rows.train, evaluation=rows.evaluation, report=report)


def _phrased(suite: Suite, tasks: dict[str, TaskData]) -> dict[str, TaskData]:
    if suite.evaluation.phrasing is None:
        return tasks
    phrasing = find_phrasing(suite.evaluation.phrasing)
    return {name: replace(data, evaluation=phrased(data.evaluation, phrasing)) for name, data in tasks.items()}
