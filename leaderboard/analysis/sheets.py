"""The tables of a report, as texts: the terminal and the page show the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lifealign_bench.benchmark.metrics import Measure
from lifealign_bench.benchmark.statistics.crossed import Interval
from lifealign_bench.benchmark.statistics.power import Need
from lifealign_bench.leaderboard.analysis.record import Analysis, Coverage, MetricAnalysis
from lifealign_bench.leaderboard.analysis.wording import between, chance, counted, number
from lifealign_bench.leaderboard.shown import Rounded
from lifealign_bench.leaderboard.task_names import short_tasks

NULL = "–"
MOST_NOTES = 6


@dataclass(frozen=True)
class Sheet:
    """A table: a title, one sentence on how to read it, headings, rows of texts, and why there are dashes.

    texts: how many of the first columns hold names; the others are numbers. brief: whether the terminal shows it.
    """

    title: str
    sentence: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    texts: int = 1
    brief: bool = True


def design_sheets(found: Analysis) -> Iterator[Sheet]:
    """The orders, and how often each task stands where and after which other."""
    design = found.design
    rows = tuple((order.name, " > ".join(order.tasks)) for order in design.orders)
    yield Sheet("Orders", design.summary, ("order", "tasks, first to last"), rows[:60], _more(rows, 60), texts=2)
    names = short_tasks(design.tasks)
    places = tuple(str(place) for place in range(1, len(names) + 1))
    yield Sheet(
        "Balance: positions",
        "How many orders have a task in each position; equal numbers keep a task and its position apart.",
        ("task", *places),
        tuple((name, *map(str, row)) for name, row in zip(names, design.positions, strict=True)),
    )
    yield Sheet(
        "Balance: neighbours",
        "How many orders learn the task of the column right after that of the row.",
        ("task", *names),
        tuple(
            (name, *(NULL if i == j else str(count) for j, count in enumerate(row)))
            for i, (name, row) in enumerate(zip(names, design.adjacent, strict=True))
        ),
    )


def method_sheet(found: MetricAnalysis) -> Sheet:
    """Ranks, means and intervals."""
    ranks = {row.method: row for row in found.ranking.ranks}
    rows, notes = [], []
    for own in found.methods:
        rank = ranks.get(own.method)
        spread = NULL if rank is None or rank.low is None else f"{rank.low}–{rank.high}"
        shown = [NULL if value is None else str(value) for value in ((rank.rank, rank.group) if rank else (None, None))]
        rows.append(
            (
                own.method,
                shown[0],
                spread,
                shown[1],
                *_interval(own.last),
                *_interval(own.bwt),
                _value(own.ap.value),
                str(own.last.n_runs),
            )
        )
        notes += [f"{own.method}, {name}: {cell.reason}" for name, cell in _cells(own.last, own.bwt) if cell.reason]
        if rank is None:
            notes.append(f"{own.method}, rank: a reference ({own.schedule}) is not ranked")
        elif rank.reason:
            notes.append(f"{own.method}: {rank.reason}")
    if found.ranking.groups_reason:
        notes.append(f"tie groups: {found.ranking.groups_reason}")
    return Sheet(
        "Ranking",
        "Last: all tasks at the end. BWT: change of earlier tasks since they were learned. In brackets 95 % intervals.",
        ("method", "rank", "ranks", "tie", "Last", "95 %", "BWT", "95 %", "AP", "runs"),
        tuple(rows),
        merged(notes),
    )


def comparison_sheets(found: MetricAnalysis) -> Iterator[Sheet]:
    """All pairs, and the neighbours in the ranking for the terminal."""
    ranked = [row.method for row in found.ranking.ranks if row.rank is not None]
    neighbours = {frozenset(pair) for pair in pairwise(ranked)}
    rows, near = [], []
    notes = []
    for own in found.ranking.comparisons:
        value, low, high, names = own.difference.value, own.difference.low, own.difference.high, (own.first, own.second)
        row = (
            *names, _signed(value), between(low, high) or NULL,
            chance_alone(own.p), chance_alone(own.p_holm), str(own.n_blocks),
        )  # fmt: skip
        rows.append(row)
        if frozenset(names) in neighbours:
            near.append(row)
        if own.difference.reason:
            notes.append(f"{' − '.join(names)}: {own.difference.reason}")
    heads = ("first", "less second", "Last", "95 %", "p", "p, Holm", "blocks")
    sentence = (
        "Difference of Last over the (order, seed) blocks in which both ran; p of the sign-flip test, corrected for "
        f"{counted(len(rows), 'pair')}."
    )
    several = len(rows) > len(near)
    yield Sheet("Neighbours in the ranking", sentence, heads, tuple(near), merged(notes), texts=2)
    if several:
        yield Sheet("All pairs of methods", sentence, heads, tuple(rows), merged(notes), texts=2, brief=False)


def coverage_sheet(found: MetricAnalysis) -> Sheet:
    """What stands behind the numbers."""
    rows = [
        (
            own.method,
            f"{own.coverage.runs} of {own.coverage.blocks}",
            str(own.coverage.cells_missing),
            _scored(own.coverage),
        )
        for own in found.methods
    ]
    return Sheet(
        "Coverage",
        "Runs that are there of the blocks that any method ran; cells without a number; verdicts of those expected.",
        ("method", "runs", "cells missing", "verdicts"),
        tuple(rows),
        brief=any(own.coverage.runs < own.coverage.blocks or own.coverage.cells_missing for own in found.methods),
    )


def similarity_sheet(found: MetricAnalysis) -> Sheet:
    """Mantel tests, exploratory."""
    rows = [
        (own.method, own.of, _two(own.mantel.correlation), chance_alone(own.mantel.p), str(own.mantel.n_pairs))
        for own in found.similarity.tests
    ]
    notes = [f"{own.method}, {own.of}: {own.mantel.reason}" for own in found.similarity.tests if own.mantel.reason]
    reasons = (found.similarity.reason,) if found.similarity.reason else ()
    return Sheet(
        "Similar tasks and forgetting (exploratory)",
        "Correlation of the similarity of two tasks with what learning one does to the other; below 0: similar tasks "
        "lose more. A handful of tasks is a handful of points: look, do not conclude.",
        ("method", "similarity of", "correlation", "p", "pairs"),
        tuple(rows),
        (*reasons, *merged(notes)),
        texts=2,
        brief=bool(rows),
    )


def power_sheet(found: MetricAnalysis) -> Sheet:
    """How many orders a difference needs, by number of seeds."""
    seeds = sorted({need.seeds for pair in found.power for need in pair.needs})
    rows = []
    for pair in found.power:
        by_seeds = {need.seeds: need for need in pair.needs}
        cells = [_orders(by_seeds.get(count)) for count in seeds]
        rows.append((pair.first, pair.second, _signed(pair.seen), _value(pair.block_sd), *cells))
    notes = [f"{pair.first} − {pair.second}: {pair.reason}" for pair in found.power if pair.reason]
    if seeds == [1]:
        notes.append("one seed an order: more seeds cannot be weighed against more orders")
    return Sheet(
        f"Orders that find a difference of {found.difference:g} points",
        "In 80 % of cases, for this pair alone, if blocks go on differing as they did (sign-flip test at 5 %); in "
        "brackets if they only happened to differ so little, as they do once in ten times.",
        ("first", "second", "seen", "sd of a block", *(f"{counted(count, 'seed')}" for count in seeds)),
        tuple(rows),
        merged(notes),
        texts=2,
        brief=False,
    )


def _orders(need: Need | None) -> str:
    """`8 (19)`: as the variance seen says, and as its upper 90 % bound does."""
    if need is None or need.orders is None:
        return NULL
    return f"{need.orders:,}" + ("" if need.unlucky is None else f" ({need.unlucky:,})")


def merged(notes: Iterable[str]) -> tuple[str, ...]:
    """Notes `name: reason`, one for each reason, naming a few of those that share it."""
    found: dict[str, list[str]] = {}
    for note in notes:
        name, _, reason = note.partition(": ")
        found.setdefault(reason or name, []).append(name if reason else "")
    lines = []
    for reason, names in found.items():
        known = [name for name in dict.fromkeys(names) if name]
        more = f" and {len(known) - MOST_NOTES} more" if len(known) > MOST_NOTES else ""
        lines.append(f"{'; '.join(known[:MOST_NOTES])}{more}: {reason}" if known else reason)
    return tuple(lines)


def measure(found: Measure) -> str:
    """A number with one digit, or a dash."""
    return _value(found.value)


def _cells(last: Interval, bwt: Interval) -> tuple[tuple[str, Interval], ...]:
    return (("Last", last), ("BWT", bwt))


def _interval(found: Interval) -> tuple[str, str]:
    return _value(found.value), between(found.low, found.high) or NULL


def _value(value: float | None) -> str:
    return NULL if value is None else number(value)


def _signed(value: float | None) -> str:
    return NULL if value is None else number(value, sign=True)


def _two(value: float | None) -> str:
    return NULL if value is None else Rounded(f"{value:.2f}".replace("-", "−"), value)


def chance_alone(value: float | None) -> str:
    """A p-value without its name: `0.012`, `< 0.001`."""
    return NULL if value is None else Rounded(chance(value).removeprefix("p ").removeprefix("= "), value)


def _scored(found: Coverage) -> str:
    return "no judge" if not found.expected else _share(100.0 * (found.scored or 0) / found.expected)


def _share(value: float) -> str:
    return Rounded(f"{value:.1f} %", value)


def _more(rows: Sequence[object], most: int) -> tuple[str, ...]:
    return (f"and {len(rows) - most} more",) if len(rows) > most else ()
