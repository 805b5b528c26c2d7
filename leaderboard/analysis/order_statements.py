"""Statements about orders: whether they matter, which to prefer, whether they agree about the methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifealign_bench.benchmark.statistics.agreement import Agreement
from lifealign_bench.benchmark.statistics.ranking import Ranking
from lifealign_bench.benchmark.statistics.sensitivity import LEAST_ORDERS, LEAST_SEEDS, Sensitivity
from lifealign_bench.benchmark.statistics.sign_flip import ALPHA
from lifealign_bench.leaderboard.analysis.record import Averaged, DesignRecord, Finding, Statement
from lifealign_bench.leaderboard.analysis.wording import (
    chance,
    counted,
    give_or_take,
    number,
    points_of,
    strength,
    who,
)
from lifealign_bench.leaderboard.visible import named


def order_statements(
    tests: Sequence[Finding],
    effects: Sequence[Finding],
    averaged: Averaged,
    sensitivity: Sequence[Sensitivity],
    design: DesignRecord,
    metric: str,
) -> Iterator[Statement]:
    """Shown: for whom the order matters; the order to prefer and the one to avoid. Seen: the worst and the best order
    where seeds are too few to tell. Open: what is missing."""
    for found in tests:
        if found.p_holm is not None and found.p_holm < ALPHA:
            yield _matters(found, averaged, sensitivity, metric)
    methods = list(dict.fromkeys(found.method for found in effects))
    for method in methods:
        own = [found for found in effects if found.method == method and found.p_holm is not None]
        yield from _extremes(own, averaged, design, metric)
    if not any(found.p_holm is not None for found in tests):
        yield from _seen(averaged, sensitivity, metric)
        yield _too_few(design)


def agreement_statements(found: Agreement, ranking: Ranking) -> Iterator[Statement]:
    """Shown: the orders rank the methods more alike than chance, and a rank is told from another. Open: they do not, or
    it cannot be known.

    Shuffled ranks hold the prompts fixed, which all orders share: methods that differ on these prompts alone are ranked
    alike, too. The intervals of ranks draw the prompts.
    """
    w, line = found.w.value, found.w_line.value
    asked = f"{counted(len(found.methods), 'method')} in {counted(len(found.orders), 'order')}"
    limits = "That orders agree about the ranks does not make neighbours in the ranking different."
    if w is None or found.p is None:
        text = f"Whether orders rank the methods alike is not known: {found.w.reason}."
        yield _agreement("open", text, "no W", "", None)
        return
    beside = "" if line is None else f"; chance alone exceeds {line:.2f} in at most 5 % of cases"
    numbers = f"Kendall's W = {w:.2f} ({asked}{beside})"
    rule = f"shuffled ranks: {chance(found.p)}"
    ranked = [one for one in ranking.ranks if one.low is not None]
    told_apart = any((one.low, one.high) != (1, len(ranked)) for one in ranked)
    if found.p < ALPHA and not told_apart:
        text = f"On these prompts the orders rank the methods alike: {numbers}."
        yield _agreement("seen", text, rule, "On other prompts no rank is told from another.", found.p)
    elif found.p < ALPHA:
        yield _agreement("shown", f"The orders rank the methods alike: {numbers}.", rule, limits, found.p)
    else:
        text = f"That the orders rank the methods alike is not shown: {numbers}."
        yield _agreement("open", text, rule, "It does not say that they disagree.", found.p)


def _matters(found: Finding, averaged: Averaged, sensitivity: Sequence[Sensitivity], metric: str) -> Statement:
    own = averaged.sensitivity if found.method is None else next(s for s in sensitivity if s.method == found.method)
    seeds = own.last.seed_sd.value if own is not None else None
    beside = "" if seeds is None else f", over seeds within an order by {number(seeds)}"
    whom = ("the " if found.method is None else "") + who(found.method, len(averaged.over))
    text = (
        f"The order matters for {whom}: over orders Last has a standard deviation "
        f"of {number(found.estimate.value or 0.0)} {points_of(metric)}, seeds' part taken out{beside}."
    )
    limits = "It does not say which order is better; a method that learns nothing does not depend on the order either."
    return _statement("order matters", found, text, "permutation F-test over orders", limits)


def _extremes(own: Sequence[Finding], averaged: Averaged, design: DesignRecord, metric: str) -> Iterator[Statement]:
    """The best and the worst order of one method, where their tests separate them from the others."""
    if not own:
        return
    ranked = sorted(own, key=lambda found: found.estimate.value or 0.0)
    for found, better in ((ranked[-1], True), (ranked[0], False)):
        value = found.estimate.value or 0.0
        if found.p_holm is None or found.p_holm >= ALPHA or (value > 0) != better:
            continue
        learned = next(order.tasks for order in design.orders if order.name == found.subject[0])
        tasks = " > ".join(named(task) for task in learned)
        text = (
            f"For {'the ' if found.method is None else ''}{who(found.method, len(averaged.over))} the order to "
            f"{'prefer' if better else 'avoid'} is {named(found.subject[0])} ({tasks}): "
            f"Last is {give_or_take(found.estimate)} {points_of(metric)} {'above' if better else 'below'} the mean of "
            f"the {len(own) - 1} others."
        )
        limits = "Of these orders alone: others were not run. Which part of the order does it is not said."
        yield _statement("order", found, text, "contrast of orders, error from seeds within an order", limits)


def _seen(averaged: Averaged, sensitivity: Sequence[Sensitivity], metric: str) -> Iterator[Statement]:
    spreads = [own for own in sensitivity if own.worst is not None and own.best is not None]
    widest = sorted(spreads, key=lambda own: -_range(own))[:1]
    average = [averaged.sensitivity] if averaged.sensitivity is not None and averaged.sensitivity.worst else []
    for own in [*average, *widest]:
        method = None if own is averaged.sensitivity else own.method
        worst, best = own.worst, own.best
        if worst is None or best is None or _range(own) == 0:
            continue
        beside = "" if method is None else ", the widest range of all methods"
        text = (
            f"In these runs the worst order for {'the ' if method is None else ''}{who(method, len(averaged.over))} is "
            f"{named(worst[0])} (Last {number(worst[1])}) and the best {named(best[0])} ({number(best[1])}){beside}."
        )
        yield Statement(
            "order", "seen", text, method, (worst[0], best[0]), best[1] - worst[1], None, None, None, 0,
            own.last.split.n_runs, f"means of these runs, {points_of(metric)}",
            "Another seed may put them otherwise; the largest of several differences is larger than a typical one.",
            0.0,
        )  # fmt: skip


def _range(own: Sensitivity) -> float:
    return 0.0 if own.best is None or own.worst is None else own.best[1] - own.worst[1]


def _too_few(design: DesignRecord) -> Statement:
    orders, seeds = len(design.orders), len(design.seeds)
    missing = [
        f"{needed - there} more {word}{'' if needed - there == 1 else 's'}"
        for there, needed, word in ((orders, LEAST_ORDERS, "order"), (seeds, LEAST_SEEDS, "seed"))
        if there < needed
    ]
    lacking = f": {' and '.join(missing)} would be needed" if missing else ": runs are missing, or have the same score"
    text = (
        f"How much the order matters is not told apart from seed noise with {counted(orders, 'order')} and "
        f"{counted(seeds, 'seed')}{lacking}."
    )
    return Statement(
        "order matters", "open", text, None, (), None, None, None, None, 0, 0,
        f"at least {LEAST_ORDERS} orders and {LEAST_SEEDS} seeds", "", 0.0,
    )  # fmt: skip


def _statement(kind: str, found: Finding, text: str, rule: str, limits: str) -> Statement:
    own = found.estimate
    p = 1.0 if found.p_holm is None else found.p_holm
    tail = f"{chance(p)} after Holm over {counted(found.family, 'test')}"
    return Statement(
        kind, "shown", text, found.method, found.subject, own.value, own.low, own.high, p, found.family,  # type: ignore[arg-type]
        own.n_runs, f"{rule}: {tail}", limits, strength(own.value, p),
    )  # fmt: skip


def _agreement(level: str, text: str, rule: str, limits: str, p: float | None) -> Statement:
    return Statement(
        "agreement", level, text, None, (), None, None, None, p, 1, 0, rule, limits, 0.0  # type: ignore[arg-type]
    )  # fmt: skip
