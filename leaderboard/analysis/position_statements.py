"""Statements about positions: whether it matters when a task is learned, right after learning it and at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifealign_bench.benchmark.statistics.sign_flip import ALPHA
from lifealign_bench.leaderboard.analysis.record import Averaged, Finding, Statement
from lifealign_bench.leaderboard.analysis.wording import chance, counted, give_or_take, points_of, strength, who

WHEN: dict[str, str] = {"learned": "right after it is learned", "end": "at the end"}
LIMITS: dict[str, str] = {
    "learned": "It holds what the tasks learned before do on average, too; which of them is not said.",
    "end": "At the end a position holds how much is learned after it, too; which task does it is not said.",
}
RULE = "t-test of a position against the mean position, error from the rest between orders"


def position_statements(tests: Sequence[Finding], averaged: Averaged, size: int, metric: str) -> Iterator[Statement]:
    """Shown: the best and the worst position of the mean over methods, and of single methods where the mean shows
    none; size: T. Open: why it is not known."""
    shown = [found for found in tests if found.p_holm is not None and found.p_holm < ALPHA]
    on_average = {found.subject[0] for found in shown if found.method is None}
    for method in dict.fromkeys(found.method for found in shown):
        for at in WHEN:
            own = [found for found in shown if found.method == method and found.subject[0] == at]
            if own and (method is None or at not in on_average):
                for found in dict.fromkeys((max(own, key=_value), min(own, key=_value))):
                    yield _matters(found, averaged, size, metric)
    if tests and all(found.p_holm is None for found in tests):
        yield _not_known(tests[0].estimate.reason or "no number")


def _value(found: Finding) -> float:
    return found.estimate.value or 0.0


def _matters(found: Finding, averaged: Averaged, size: int, metric: str) -> Statement:
    at, place = found.subject
    words = {"1": "first", str(size): "last"}.get(place, f"in position {place} of {size}")
    text = (
        f"A task learned {words} is {give_or_take(found.estimate)} {points_of(metric)} "
        f"{'better' if _value(found) > 0 else 'worse'} {WHEN[at]} than in the mean position "
        f"({who(found.method, len(averaged.over))}, {counted(found.estimate.n_runs, 'order')})."
    )
    own, p = found.estimate, 1.0 if found.p_holm is None else found.p_holm
    rule = f"{RULE}: {chance(p)} after Holm over {counted(found.family, 'test')}"
    return Statement(
        "position", "shown", text, found.method, found.subject, own.value, own.low, own.high, p, found.family,
        own.n_runs, rule, LIMITS[at], strength(own.value, p),
    )  # fmt: skip


def _not_known(reason: str) -> Statement:
    return Statement(
        "position", "open", f"Whether it matters when a task is learned is not known: {reason}.", None, (), None, None,
        None, None, 0, 0, "balanced orders, more of them than a fit of tasks and positions takes", "", 0.0,
    )  # fmt: skip
