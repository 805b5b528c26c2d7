"""The tables of orders, interference and positions."""

from __future__ import annotations

from collections.abc import Iterator

from lifealign_bench.benchmark.statistics.interference import Interference
from lifealign_bench.benchmark.statistics.positions import PositionEffect
from lifealign_bench.benchmark.statistics.sensitivity import Sensitivity
from lifealign_bench.benchmark.statistics.sign_flip import ALPHA
from lifealign_bench.leaderboard.analysis.findings import AVERAGE
from lifealign_bench.leaderboard.analysis.record import Finding, MetricAnalysis
from lifealign_bench.leaderboard.analysis.sheets import NULL, Sheet, chance_alone, measure, merged
from lifealign_bench.leaderboard.analysis.wording import between, number
from lifealign_bench.leaderboard.shown import Rounded, in_full
from lifealign_bench.leaderboard.task_names import short_tasks


def order_sheet(found: MetricAnalysis) -> Sheet:
    """How much the order matters, by method: the worst order first in importance, not the spread."""
    tests = {own.method: own for own in found.order_tests}
    rows, notes = [], []
    for method, own in _all(found):
        test = tests.get(method)
        name = AVERAGE if method is None else method
        worst, best = own.worst, own.best
        rows.append(
            (
                name,
                _order(worst),
                _order(best),
                measure(own.last.raw_sd),
                measure(own.last.order_sd),
                measure(own.last.seed_sd),
                chance_alone(None if test is None else test.p_holm),
                measure(own.bwt.raw_sd),
                measure(own.differences.aopd),
                measure(own.differences.mopd),
            )
        )
        notes += [f"{name}: {text}" for text in _why(own)]
    return Sheet(
        "Order sensitivity",
        "Standard deviation of Last over orders, as it is and without the seeds' part, beside that over seeds; p of "
        "the permutation F-test, Holm; AOPD and MOPD: mean and largest difference of a task over orders, without "
        "intervals: chance alone keeps a largest less a smallest number above 0.",
        ("method", "worst order", "best order", "sd", "order", "seed", "p", "BWT sd", "AOPD", "MOPD"),
        tuple(rows),
        merged(notes),
    )


def variance_sheet(found: MetricAnalysis) -> Sheet:
    """The variance of Last split by order and seed."""
    rows, notes = [], []
    for method, own in _all(found):
        name, split = AVERAGE if method is None else method, own.last.split
        numbers = (split.order, split.seed, split.prompts)
        share = NULL if split.order_share is None else Rounded(f"{split.order_share:.0%}", 100 * split.order_share)
        f = NULL if split.f is None else Rounded(f"{split.f:.1f}", split.f)
        rows.append((name, *(NULL if one is None else number(one) for one in numbers), share, f, str(split.n_runs)))
        if split.reason:
            notes.append(f"{name}: {split.reason}")
    return Sheet(
        "Where the variance of Last is from",
        "In squared points: another order, another seed in the same order, these prompts; an estimate may be below 0.",
        ("method", "order", "seed", "prompts", "order's share", "F", "runs"),
        tuple(rows),
        merged(notes),
        brief=False,
    )


def by_order_sheet(found: MetricAnalysis) -> Sheet:
    """Last of each method in each order, seeds averaged."""
    names = [order for order, _ in found.sensitivity[0].by_order] if found.sensitivity else []
    orders = sorted(names)
    rows = []
    for method, own in _all(found):
        values = dict(own.by_order)
        rows.append((AVERAGE if method is None else method, *(measure(values[order]) for order in orders)))
    return Sheet("Last by order", "Seeds averaged.", ("method", *orders), tuple(rows), brief=len(orders) <= 6)


def opd_sheet(found: MetricAnalysis) -> Sheet:
    """OPD of each task."""
    tasks = short_tasks(found.interference[0].tasks) if found.interference else []
    rows = [
        (AVERAGE if method is None else method, *(measure(one) for one in own.differences.opd))
        for method, own in _all(found)
    ]
    return Sheet(
        "OPD: what the order decides about each task",
        "The largest less the smallest number of a task at the end, over orders; seeds averaged. No interval: chance "
        "alone keeps it above 0, the more the more orders there are.",
        ("method", *tasks), tuple(rows), brief=False,
    )  # fmt: skip


def agreement_sheet(found: MetricAnalysis) -> Sheet:
    """Kendall's W and tau."""
    own = found.agreement
    names = own.orders
    rows = tuple(
        (
            name,
            *(
                NULL if i == j or one.value is None else Rounded(f"{one.value:.2f}".replace("-", "−"), one.value)
                for j, one in enumerate(row)
            ),
        )
        for i, (name, row) in enumerate(zip(names, own.tau, strict=True))
    )
    w = f"W {own.w.reason}" if own.w.value is None else f"Kendall's W over all orders is {own.w.value:.2f}"
    line = "" if own.w_line.value is None else f" (line of chance {own.w_line.value:.2f})"
    tau = (
        f"no line of chance for tau: {own.tau_line.reason}"
        if own.tau_line.value is None
        else f"two rankings by chance exceed {own.tau_line.value:.2f} in at most 5 % of cases"
    )
    notes = (f"left out, a number is missing in some order: {', '.join(own.left_out)}",) if own.left_out else ()
    return Sheet(
        "Do orders rank the methods alike?", f"Kendall's tau-b of each two orders; {tau}. {w}{line}.",
        ("order", *names), rows, notes, brief=len(names) <= 6,
    )  # fmt: skip


def interference_sheets(found: MetricAnalysis) -> Iterator[Sheet]:
    """What learning the row does to the column learned before: on average over methods, then by method."""
    known = [(None, found.averaged.interference)] if found.averaged.interference is not None else []
    for method, own in [*known, *((one.method, one) for one in found.interference)]:
        tests = {one.subject: one for one in found.interference_tests if one.method == method}
        yield _matrix(method, own, tests, found, brief=method is None or not known)


def position_sheet(found: MetricAnalysis) -> Sheet:
    """What being learned first, second, ... does."""
    own = [*(found.averaged.positions), *found.positions]
    size = len(own[0].effects) if own else 0
    rows, notes = [], []
    average = len(found.averaged.positions)
    for place, one in enumerate(own):
        rows.append((one.method, "after learning" if one.at == "learned" else "at the end", *_effects(one)))
        notes += [f"{one.method}: {effect.reason}" for effect in one.effects if effect.reason]
        notes += [one.caution] if one.caution and place == 0 else []
    shown = rows[:average] if average else rows
    return Sheet(
        "Position effect",
        "How much better than in the mean position a task is when it is learned first, second, ...; 95 % in brackets.",
        ("method", "measured", *(str(place) for place in range(1, size + 1))),
        tuple(rows if not average else [*shown, *rows[average:]]),
        merged(notes), texts=2, brief=False,
    )  # fmt: skip


def _all(found: MetricAnalysis) -> list[tuple[str | None, Sensitivity]]:
    first: list[tuple[str | None, Sensitivity]] = (
        [(None, found.averaged.sensitivity)] if found.averaged.sensitivity is not None else []
    )
    ranked = sorted(
        found.sensitivity, key=lambda own: (own.worst is None, -(own.worst[1] if own.worst else 0.0), own.method)
    )
    return [*first, *((own.method, own) for own in ranked)]


def _why(own: Sensitivity) -> list[str]:
    reasons = [own.caution or "", own.last.seed_sd.reason or "", own.differences.aopd.reason or ""]
    return [reason for reason in dict.fromkeys(reasons) if reason]


def _matrix(
    method: str | None, own: Interference, tests: dict[tuple[str, ...], Finding], found: MetricAnalysis, *, brief: bool
) -> Sheet:
    tasks, names = own.tasks, short_tasks(own.tasks)
    rows, notes = [], []
    for i, row in enumerate(own.learned_before):
        cells = []
        for j, cell in enumerate(row):
            test = tests.get((tasks[i], tasks[j]))
            sure = test is not None and test.p_holm is not None and test.p_holm < ALPHA
            cells.append(NULL if cell.value is None else _marked(cell.value, sure))
            if i != j and cell.reason:
                notes.append(f"{names[i]} on {names[j]}: {cell.reason}")
        rows.append((names[i], *cells))
    family = found.interference_tests[0].family if found.interference_tests else 0
    name = f"mean over {len(found.averaged.over)} methods" if method is None else method
    return Sheet(
        f"Interference: {name}",
        "Mean change of the column's task, learned before, when the row's is learned; * told apart from 0 "
        f"(Holm over {family} tests)." if family else
        "Mean change of the column's task, learned before, when the row's is learned; in these runs only.",
        ("learning", *names), tuple(rows), merged(notes), brief=brief,
    )  # fmt: skip


def _effects(found: PositionEffect) -> list[str]:
    return [
        NULL if one.value is None else _with_interval(one.value, between(one.low, one.high)) for one in found.effects
    ]


def _order(found: tuple[str, float] | None) -> str:
    return NULL if found is None else Rounded(f"{found[0]} {number(found[1])}", f"{found[0]} {found[1]}")


def _marked(value: float, sure: bool) -> str:
    return Rounded(f"{number(value, sign=True)}*", f"{value}*") if sure else number(value, sign=True)


def _with_interval(value: float, interval: str) -> str:
    if not interval:
        return number(value, sign=True)
    return Rounded(f"{number(value, sign=True)} {interval}", f"{value} {in_full(interval)}")
