"""The parts of a report in reading order: what the terminal and the page have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lifealign_bench.leaderboard.analysis.order_sheets import (
    agreement_sheet,
    by_order_sheet,
    interference_sheets,
    opd_sheet,
    order_sheet,
    position_sheet,
    variance_sheet,
)
from lifealign_bench.leaderboard.analysis.record import MetricAnalysis
from lifealign_bench.leaderboard.analysis.sheets import (
    Sheet,
    comparison_sheets,
    coverage_sheet,
    method_sheet,
    power_sheet,
    similarity_sheet,
)

LEVEL_TITLES = {
    "shown": "Shown: differences that their tests allow to be stated",
    "seen": "Seen in these runs: not stated about other orders and seeds",
    "open": "Open: not known yet, and what it would take",
}


@dataclass(frozen=True)
class Section:
    """A part of a report. figures: names of the figures that stand before its tables, see `figures`."""

    name: str
    title: str
    sheets: tuple[Sheet, ...]
    figures: tuple[str, ...] = ()


def sections(found: MetricAnalysis) -> Iterator[Section]:
    """The parts of one metric."""
    yield Section("ranking", "Ranking", (method_sheet(found), *comparison_sheets(found)), ("ranks",))
    yield Section(
        "orders",
        "Orders",
        (order_sheet(found), by_order_sheet(found), variance_sheet(found), opd_sheet(found), agreement_sheet(found)),
        ("last by order", "ranks by order"),
    )
    yield Section("interference", "Interference", tuple(interference_sheets(found)), ("interference",))
    yield Section("positions", "Positions", (position_sheet(found),))
    yield Section("matrices", "Forgetting matrices", (), ("matrices",))
    yield Section("similarity", "Similarity of tasks", (similarity_sheet(found),))
    yield Section("power", "What more runs would show", (power_sheet(found),))
    yield Section("coverage", "Coverage", (coverage_sheet(found),))
