"""Families of tests on one board: what tasks do to each other, which orders and endings differ; Holm over each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.board import Board, Measured, measured
from lifealign_bench.benchmark.statistics.estimates import Estimate, contrast_estimate, mean_estimate
from lifealign_bench.benchmark.statistics.interference import step_changes, task_prompts
from lifealign_bench.benchmark.statistics.positions import PositionEffect
from lifealign_bench.benchmark.statistics.prompts import Prompts
from lifealign_bench.benchmark.statistics.sensitivity import Sensitivity
from lifealign_bench.benchmark.statistics.sign_flip import holm
from lifealign_bench.leaderboard.analysis.record import Endings, Finding

Floats = NDArray[np.float64]
AVERAGE = "mean over methods"
LEAST_METHODS = 2


@dataclass(frozen=True, eq=False)
class Subject:
    """One row of a family: a method, or None for the mean over methods, and its number per run and prompt."""

    method: str | None
    board: Board
    place: int


def averaged_board(board: Board) -> tuple[Board | None, tuple[str, ...], str | None]:
    """A board of one method, the mean over the sequential ones that have every cell that any of them has; which they
    are, or why there is none."""
    places = [m for m, name in enumerate(board.methods) if name in board.sequential]
    missing = np.isnan(board.values[places])
    whole = [m for m, own in zip(places, missing, strict=True) if not (own & ~missing.all(axis=0)).any()]
    names = tuple(board.methods[m] for m in whole)
    if len(whole) < LEAST_METHODS:
        count = "no method has" if not whole else "one method has"
        return None, names, f"{count} every cell of every run: there is no mean over methods"
    mean = board.values[whole].mean(axis=0)[None]
    reasons = {(AVERAGE, *key[1:]): reason for key, reason in board.reasons.items() if key[0] == names[0]}
    return replace(board, methods=(AVERAGE,), schedules=("sequential",), values=mean, reasons=reasons), names, None


def subjects_of(board: Board, averaged: Board | None) -> tuple[Subject, ...]:
    """The mean over methods, where there is one, and each sequential method."""
    first = [Subject(None, averaged, 0)] if averaged is not None else []
    return (*first, *(Subject(name, board, board.methods.index(name)) for name in board.sequential))


def interference_tests(subjects: Iterable[Subject]) -> tuple[Finding, ...]:
    """Each (i, j): the mean change of j when i is learned after it, over runs and the prompts of j, against 0."""
    found = []
    by_task: dict[int, Prompts] = {}
    for subject in subjects:
        board, changes = subject.board, step_changes(subject.board, subject.place)
        places = np.stack([board.task_places(block) for block in board.blocks])
        for j, task in enumerate(board.tasks):
            own = changes[:, :, board.prompts.task == j]
            if j not in by_task:
                by_task[j] = task_prompts(board.prompts, j)
            prompts = by_task[j]
            for i, learned in enumerate(board.tasks):
                if i != j:
                    there = (places[:, j] < places[:, i]) & ~np.isnan(own[:, i]).any(axis=1)
                    never = f"no order has {task} before {learned}, or no run has the cells"
                    estimate = (
                        mean_estimate(own[there, i], prompts, board.runs.of(there)) if there.any() else _null(never)
                    )
                    found.append((subject.method, (learned, task), estimate))
    return _family(found)


def order_tests(averaged: Sensitivity | None, sensitivity: Sequence[Sensitivity]) -> tuple[Finding, ...]:
    """Does the order matter for Last: the permutation F-test of each method; value: the order's standard deviation."""
    rows = [(None, averaged)] if averaged is not None else []
    found = []
    for method, own in [*rows, *((one.method, one) for one in sensitivity)]:
        split = own.last.split
        reason = split.reason or own.last.order_sd.reason
        p = split.p if own.last.order_sd.value is not None else None
        estimate = Estimate(own.last.order_sd.value, None, None, p, None, split.n_runs, reason if p is None else None)
        found.append((method, (), estimate))
    return _family(found)


def order_effects(subjects: Iterable[Subject]) -> tuple[Finding, ...]:
    """Last of each order less the mean of the other orders; the seeds within an order are the error."""
    found = []
    for subject in subjects:
        own = _last(subject)
        names = sorted({block.order for block in subject.board.blocks})
        codes = np.array([names.index(block.order) for block in subject.board.blocks])
        for place, name in enumerate(names):
            found.append((subject.method, (name,), _against_others(own, subject.place, codes, place)))
    return _family(found)


def ending_effects(averaged: Board | None) -> Endings:
    """Last where a task is learned last, less the mean over the other endings, for the mean over methods."""
    if averaged is None:
        return Endings((), other_orders=False, reason="there is no mean over methods")
    last = measured(averaged, "last")
    tasks = list(averaged.tasks)
    names = sorted({block.order for block in averaged.blocks})
    end = np.array([tasks.index(averaged.orders[name].tasks[-1]) for name in names])
    endings = np.unique(end)
    if len(endings) < 2:
        return Endings((), other_orders=False, reason="every order ends with the same task")
    codes = np.array([names.index(block.order) for block in averaged.blocks])
    several = len(names) - len(endings) >= 2
    found = []
    for task in endings:
        by_order = np.where(end == task, 1.0 / (end == task).sum(), 0.0)
        others = [np.where(end == other, 1.0 / (end == other).sum(), 0.0) for other in endings if other != task]
        weights = by_order - np.mean(others, axis=0)
        if several:
            values = np.stack([last.values[0][codes == o].mean(axis=0) for o in range(len(names))])
            estimate = contrast_estimate(values, weights, end, averaged.prompts)
        else:
            estimate = _contrast(last, 0, codes, weights)
        found.append((None, (tasks[task],), estimate))
    return Endings(_family(found), other_orders=several, reason=None)


def position_tests(effects: Sequence[PositionEffect]) -> tuple[Finding, ...]:
    """Each position less the mean position, right after learning and at the end; only of balanced orders, in others it
    is mixed with what neighbours do."""
    found = []
    for own in effects:
        method = None if own.method == AVERAGE else own.method
        for place, one in enumerate(own.effects, 1):
            p = one.p if own.caution is None else None
            reason = None if p is not None else one.reason or own.caution
            estimate = Estimate(one.value, one.low, one.high, p, None, one.n_orders, reason)
            found.append((method, (own.at, str(place)), estimate))
    return _family(found)


def _last(subject: Subject) -> Measured:
    return measured(subject.board, "last")


def _against_others(last: Measured, place: int, codes: NDArray[np.intp], order: int) -> Estimate:
    count = int(codes.max()) + 1
    if count < 2:
        return _null("one order: nothing to compare")
    weights = np.full(count, -1.0 / (count - 1))
    weights[order] = 1.0
    return _contrast(last, place, codes, weights)


def _contrast(last: Measured, place: int, codes: NDArray[np.intp], by_order: Floats) -> Estimate:
    """A contrast of orders, each the mean of its runs."""
    ran = last.ran[place]
    counts = np.bincount(codes[ran], minlength=len(by_order))
    if (counts == 0).any():
        return _null(last.why_missing(last.board.methods[place]) or "an order without a run")
    runs = last.board.runs.of(ran)
    weights = (by_order / counts)[codes[ran]]
    seeds = runs.seed if runs.crossed else None
    return contrast_estimate(last.values[place, ran], weights, codes[ran], last.board.prompts, seeds)


def _family(found: Sequence[tuple[str | None, tuple[str, ...], Estimate]]) -> tuple[Finding, ...]:
    """The tests with their p-values corrected as one family."""
    known = [estimate.p for _, _, estimate in found if estimate.p is not None]
    corrected = iter(holm(known))
    return tuple(
        Finding(method, subject, estimate, None if estimate.p is None else next(corrected), len(known))
        for method, subject, estimate in found
    )


def _null(reason: str) -> Estimate:
    return Estimate(None, None, None, None, None, 0, reason)
