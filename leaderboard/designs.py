"""The order design of results as tables: how often each task stands where, and after which other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table

from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.benchmark.statistics.design import Design, design_of
from lifealign_bench.leaderboard.rendering import new_table, plain


@dataclass(frozen=True, eq=False)
class DesignTables:
    """One board's design. positions: orders with each task (row) in position 1..T (column). adjacent: orders that
    learn a task (column) right after another (row)."""

    suite: str
    comparability_key: str
    design: Design
    positions: pd.DataFrame
    adjacent: pd.DataFrame


def design_tables(results: Path | Sequence[Path]) -> tuple[DesignTables, ...]:
    """The design of each board among these results, by suite; a board is what one comparability key allows to compare.

    Raises:
        InputError: no runs, or one order name for two orders.
    """
    boards: dict[tuple[str, str], list[StoredRun]] = {}
    for run in find_runs(results):
        boards.setdefault((run.record.suite.name, run.record.comparability_key), []).append(run)
    return tuple(_tables(suite, key, design_of(runs)) for (suite, key), runs in sorted(boards.items()))


def render_design(tables: DesignTables) -> RenderableType:
    """The orders, then both counts; tasks are headed by their number, which the rows spell out."""
    design = tables.design
    orders = [f"{order.name}: {' > '.join(order.tasks)}" for order in design.orders]
    most = 12
    more = [f"and {len(orders) - most} more"] if len(orders) > most else []
    parts: list[RenderableType] = [
        plain(f"{tables.suite}, orders {design.summary}"),
        *(plain(line, "dim") for line in [*orders[:most], *more, *design.missing]),
        _counts("orders with the task in position", tables.positions, [str(place) for place in tables.positions]),
        _counts("orders with the task of the column right after it", tables.adjacent, _numbered(tables.adjacent)),
    ]
    return Group(*parts)


def _tables(suite: str, key: str, design: Design) -> DesignTables:
    balance = design.balance
    tasks = list(balance.positions)
    places = list(range(1, len(tasks) + 1))
    positions = pd.DataFrame([balance.positions[task] for task in tasks], index=tasks, columns=places)
    pairs = [[0 if a == b else balance.adjacent[a, b] for b in tasks] for a in tasks]
    return DesignTables(suite, key, design, positions, pd.DataFrame(pairs, index=tasks, columns=tasks))


def _numbered(frame: pd.DataFrame) -> list[str]:
    return [str(place) for place in range(1, len(frame) + 1)]


def _counts(title: str, frame: pd.DataFrame, heads: Sequence[str]) -> Table:
    table = new_table(title)
    table.add_column("")
    table.add_column("task")
    for head in heads:
        table.add_column(head, justify="right")
    for place, (task, row) in enumerate(frame.iterrows(), 1):
        table.add_row(str(place), plain(task), *(plain(count) for count in row))
    return table
