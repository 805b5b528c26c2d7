"""Which answers are compared with which: the last ones of a run with the base's, or with another method's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lifealign_bench.benchmark.judged_answers import JudgedRun
from lifealign_bench.data.errors import UnknownNameError
from lifealign_bench.judges.interface import Comparison, JudgedItem

BASE = "base"


def with_comparisons(runs: Sequence[JudgedRun], against: str) -> list[JudgedRun]:
    """The runs with their last answers compared: with `base`, row 0 of the same run, or with those of the named method
    in the same order and seed, whose own runs are compared with nothing.

    Raises:
        UnknownNameError: no run of that method in one of the orders and seeds.
    """
    return [replace(run, comparisons=_comparisons(run, runs, against)) for run in runs]


def _comparisons(run: JudgedRun, runs: Sequence[JudgedRun], against: str) -> dict[str, Comparison]:
    record = run.run.record
    if against == record.identity.method:
        return {}
    others = _base_answers(run) if against == BASE else _answers(_other_run(run, runs, against))
    return {
        sample: Comparison(item, others[item.pair_id], against)
        for sample, item in _last(run).items()
        if item.pair_id in others
    }


def _other_run(run: JudgedRun, runs: Sequence[JudgedRun], against: str) -> JudgedRun:
    mine = run.run.record.identity
    for other in runs:
        theirs = other.run.record.identity
        same = other.run.folder.parent == run.run.folder.parent and theirs.order == mine.order
        if same and theirs.method == against and theirs.seed == mine.seed:
            return other
    known = [BASE, *sorted({other.run.record.identity.method for other in runs})]
    raise UnknownNameError(run.run.folder, "--pairwise", against, known)


def _last(run: JudgedRun) -> Mapping[str, JudgedItem]:
    """The answers that Last is made of, by `sample_id`."""
    record = run.run.record
    isolated = record.method.spec.schedule == "isolated"
    ends = {task: place if isolated else len(record.order.tasks) for place, task in enumerate(record.order.tasks, 1)}
    places = zip(run.samples["sample_id"], run.samples["step"], run.samples["task"], run.items, strict=True)
    return {str(sample): item for sample, step, task, item in places if step == ends[task]}


def _answers(run: JudgedRun) -> dict[str, str]:
    return {item.pair_id: item.answer for item in _last(run).values()}


def _base_answers(run: JudgedRun) -> dict[str, str]:
    places = zip(run.samples["step"], run.items, strict=True)
    return {item.pair_id: item.answer for step, item in places if step == 0}
