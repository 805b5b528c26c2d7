"""Statements about tasks: what learning one costs another, and which is the worst to end with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifealign_bench.benchmark.statistics.crossed import Interval
from lifealign_bench.benchmark.statistics.interference import Interference
from lifealign_bench.benchmark.statistics.run_part import LEAST_RUNS
from lifealign_bench.benchmark.statistics.sign_flip import ALPHA
from lifealign_bench.leaderboard.analysis.record import Averaged, Endings, Finding, Statement
from lifealign_bench.leaderboard.analysis.wording import (
    between,
    chance,
    counted,
    give_or_take,
    number,
    points_of,
    strength,
    who,
)
from lifealign_bench.leaderboard.visible import named

MOST_SEEN = 3
STEP = (
    "It is the change at the step that learns the first task, for tasks learned before it; later steps may change it "
    "again. Other bases, budgets and data are not looked at."
)


def interference_statements(
    tests: Sequence[Finding], matrices: Sequence[Interference], averaged: Averaged, metric: str
) -> Iterator[Statement]:
    """Shown: every pair that its test separates from 0, for the mean over methods first, for single methods where the
    mean does not show it. Seen: the largest changes of these runs where no pair has runs enough. Open: how many runs
    are missing."""
    shown = [found for found in tests if found.p_holm is not None and found.p_holm < ALPHA]
    on_average = {found.subject for found in shown if found.method is None}
    for found in shown:
        if found.method is None or found.subject not in on_average:
            yield _costs(found, tests, averaged, metric)
    known = [averaged.interference] if averaged.interference is not None else list(matrices)
    if not any(found.estimate.p is not None for found in tests):
        yield from _seen(known, averaged, metric)
    runs = [found.estimate.n_runs for found in tests]
    if runs and min(runs) < LEAST_RUNS:
        yield _too_few(tests, metric)


def ending_statements(endings: Endings, averaged: Averaged, metric: str) -> Iterator[Statement]:
    """Shown: the worst and the best task to end with, where their tests separate them from the other endings."""
    known = [found for found in endings.findings if found.p_holm is not None and found.estimate.value is not None]
    for extreme, better in ((min, False), (max, True)):
        sure = [found for found in known if found.p_holm is not None and found.p_holm < ALPHA]
        found = extreme(known, key=_value, default=None)
        if found in sure and found is not None and (_value(found) > 0) == better:
            yield _ending(found, endings, averaged, metric, better=better)


def _value(found: Finding) -> float:
    return found.estimate.value or 0.0


def _costs(found: Finding, tests: Sequence[Finding], averaged: Averaged, metric: str) -> Statement:
    learned, task = (named(name) for name in found.subject)
    verb = "costs" if _value(found) < 0 else "gives"
    by_method = {one.method: one.estimate.value for one in tests if one.subject == found.subject and one.method}
    values = {name: value for name, value in by_method.items() if value is not None}
    text = (
        f"Learning {learned} {verb} {task} {give_or_take(found.estimate)} {points_of(metric)} "
        f"({who(found.method, len(averaged.over))}, {counted(found.estimate.n_runs, 'run')}"
    )
    if found.method is None and len(values) > 1:
        low, high = min(values, key=lambda name: values[name]), max(values, key=lambda name: values[name])
        least, most = (number(values[name], sign=True) for name in (low, high))
        text += f"; from {least} for {named(low)} to {most} for {named(high)}"
    limits = STEP + (" A single method may do otherwise." if found.method is None else "")
    return _statement("interference", found, f"{text}).", "t-test over runs and prompts against 0", limits)


def _ending(found: Finding, endings: Endings, averaged: Averaged, metric: str, *, better: bool) -> Statement:
    task = named(found.subject[0])
    text = (
        f"The {'best' if better else 'worst'} task to end with is {task}: Last is {give_or_take(found.estimate)} "
        f"{points_of(metric)} {'higher' if better else 'lower'} than with the other endings "
        f"({who(None, len(averaged.over))})."
    )
    limits = (
        "What comes before the end is mixed over the orders there are. A single method may do otherwise."
        if endings.other_orders
        else "One order ends with it: what is due to the end and what to the rest of that order is not told apart, and "
        "only other seeds are spoken of, not other orders."
    )
    over = "orders that end alike" if endings.other_orders else "seeds within an order"
    return _statement("ending", found, text, f"contrast of endings, error from {over}", limits)


def _statement(kind: str, found: Finding, text: str, rule: str, limits: str) -> Statement:
    own = found.estimate
    p = found.p_holm if found.p_holm is not None else 1.0
    return Statement(
        kind=kind,  # type: ignore[arg-type]
        level="shown",
        text=text,
        method=found.method,
        subject=found.subject,
        value=own.value,
        low=own.low,
        high=own.high,
        p=p,
        family=found.family,
        n_runs=own.n_runs,
        rule=f"{rule}: {chance(p)} after Holm over {counted(found.family, 'test')}",
        limits=limits,
        strength=strength(own.value, p),
    )


def _seen(matrices: Sequence[Interference], averaged: Averaged, metric: str) -> Iterator[Statement]:
    """The largest changes that other prompts would confirm, in these runs."""
    found: list[tuple[Interval, str, tuple[str, str]]] = [
        (cell, matrix.method, (matrix.tasks[i], matrix.tasks[j]))
        for matrix in matrices
        for i, row in enumerate(matrix.learned_before)
        for j, cell in enumerate(row)
        if cell.value is not None and cell.low is not None and cell.high is not None and cell.low * cell.high > 0
    ]
    found.sort(key=lambda one: (-abs(one[0].value or 0.0), one[2]))
    for cell, method, (learned, task) in found[:MOST_SEEN]:
        own = None if averaged.interference is not None else method
        value = cell.value or 0.0
        text = (
            f"In {counted(cell.n_runs, 'run')} learning {named(learned)} changed {named(task)} by "
            f"{number(value, sign=True)} {between(cell.low, cell.high)} {points_of(metric)} "
            f"({who(own, len(averaged.over))})."
        )
        yield Statement(
            "interference", "seen", text, own, (learned, task), cell.value, cell.low, cell.high, None, 0, cell.n_runs,
            "95 % interval over prompts, these runs held fixed", "Other orders and seeds may do otherwise. " + STEP,
            0.0,
        )  # fmt: skip


def _too_few(tests: Sequence[Finding], metric: str) -> Statement:
    runs = [found.estimate.n_runs for found in tests]
    few = len({found.subject for found in tests if found.estimate.n_runs < LEAST_RUNS})
    pairs = len({found.subject for found in tests})
    seen = f"{min(runs)} to {min(max(runs), LEAST_RUNS - 1)} runs of a method"
    text = (
        f"What learning one task does to another in other runs is not known for {few} of "
        f"{counted(pairs, 'ordered pair')}: they were seen in {seen}, "
        f"{LEAST_RUNS} are needed."
    )
    limits = "In Williams' design a task comes before each other one in half of the orders: six orders need two seeds."
    return Statement(
        "interference", "open", text, None, (), None, None, None, None, 0, min(runs), "fewer runs than a test needs",
        limits, 0.0,
    )  # fmt: skip
