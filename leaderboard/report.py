"""The board in a terminal: a ranking per metric and, where asked for, forgetting matrices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.leaderboard.beside_reference import beside_in_words, beside_reference, beside_runs_table
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.costs import cost_table
from lifealign_bench.leaderboard.designs import design_tables, render_design
from lifealign_bench.leaderboard.rendering import (
    plain,
    render_costs,
    render_matrix,
    render_ranking,
    render_reasons,
    render_table,
)
from lifealign_bench.leaderboard.shipped import board_folder
from lifealign_bench.leaderboard.tables import forgetting_matrix, ranking_table


def print_board(console: Console, results: Sequence[Path], metrics: Sequence[str] | None = None) -> None:
    """Print a ranking for each metric that has a matrix, the primary one first, or for the named ones; then why there
    are dashes.

    Raises:
        InputError: results that cannot be read, or an unknown metric.
    """
    frames = [ranking_table(list(results), metric) for metric in metrics or _metrics(results)]
    for frame in frames:
        console.print(render_ranking(frame))
    console.print(render_reasons(frames))


def print_beside(console: Console, results: Sequence[Path], suite: str, metric: str) -> None:
    """Print own runs beside the reference, where runs of their suite ship."""
    shipped = board_folder() / suite
    if not shipped.is_dir():
        return
    found = beside_reference(load_board([*results, shipped]).runs, metric)
    if found:
        console.print(render_table(beside_runs_table(found, metric), f"beside the reference that ships: {metric}"))
        console.print(beside_in_words(found), markup=False, soft_wrap=True)


def print_costs(console: Console, results: Sequence[Path]) -> None:
    """Print what a run of each method costs."""
    console.print(render_costs(cost_table(list(results))))


def print_designs(console: Console, results: Sequence[Path]) -> None:
    """Print the order design of every board: its name, orders, seeds and balance."""
    for tables in design_tables(list(results)):
        console.print(render_design(tables))


def print_matrices(console: Console, results: Sequence[Path], metric: str | None = None) -> None:
    """Print the forgetting matrix of every run, of one metric or of each run's primary one."""
    for run in find_runs(list(results)):
        chosen = metric or run.record.primary_metric
        console.print(render_matrix(forgetting_matrix(run.folder, chosen), f"{chosen}, {run.folder.name}"))
        order = " > ".join(f"{place} {task}" for place, task in enumerate(run.record.order.tasks, 1))
        console.print(plain(order, "dim"))
        console.print()


def _metrics(results: Sequence[Path]) -> list[str]:
    runs = find_runs(list(results))
    primary = list(dict.fromkeys(run.record.primary_metric for run in runs))
    return list(dict.fromkeys([*primary, *(name for run in runs for name in run.record.metrics)]))
