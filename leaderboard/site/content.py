"""What is exported: the tables of a board, each once, whether they become pages, CSV or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lifealign_bench.leaderboard.board import Board
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.inference import Inference, infer, with_inference
from lifealign_bench.leaderboard.judge_tables import verdict_counts
from lifealign_bench.leaderboard.matrices import matrices_of
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT, in_reading_order
from lifealign_bench.leaderboard.order_tables import order_frame, order_table, orders_of, sequences
from lifealign_bench.leaderboard.published import TITLES, published_table
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.ranking import ranking, ranking_table
from lifealign_bench.leaderboard.shown import Column, Table


@dataclass(frozen=True)
class Scope:
    """The runs of one scope, and what its files are called."""

    name: str
    runs: tuple[BoardRun, ...]

    @property
    def metrics(self) -> list[str]:
        """The metrics that its runs have, the primary one first."""
        return in_reading_order((name for run in self.runs for name in run.metrics), self.runs[0].primary_metric)

    @property
    def contestants(self) -> tuple[BoardRun, ...]:
        """The runs that compete."""
        return tuple(run for run in self.runs if not run.entry.is_reference)


def scopes_of(board: Board) -> list[Scope]:
    """What may be compared, each with a name of its own that is safe as the name of a file."""
    found: list[Scope] = []
    for scope in board.scopes:
        runs = board.of(scope)
        name = file_name(runs[0].suite)
        taken = {other.name for other in found}
        found.append(Scope(f"{name}-{scope[:6]}" if name in taken else name, runs))
    return found


def file_name(text: str) -> str:
    """A text as the name of a file: letters, digits, dots and hyphens of ASCII, at most 60."""
    safe = "".join(mark if mark.isascii() and (mark.isalnum() or mark in "-.") else "-" for mark in text)
    return safe.strip("-.")[:60] or "unnamed"


def ranking_tables(scope: Scope, metric: str, found: Inference) -> tuple[Table, Table]:
    """The contestants and the references of one metric, with the inference on them."""
    frame = with_inference(ranking(scope.runs, metric), found)
    names = (f"{scope.name}-ranking-{metric}", f"{scope.name}-references-{metric}")
    split = [frame[~frame["reference"]], frame[frame["reference"]]]
    first, second = (
        ranking_table(part.reset_index(drop=True), metric, name) for part, name in zip(split, names, strict=True)
    )
    return first, second


def order_tables(scope: Scope, metric: str) -> Table:
    """Last by order of one metric."""
    table = order_table(order_frame(scope.contestants, metric), orders_of(scope.contestants), metric)
    return Table(f"{scope.name}-orders-{metric}", table.frame, table.columns)


def order_list(scope: Scope) -> Table:
    """The tasks of every order."""
    table = sequences(scope.runs)
    return Table(f"{scope.name}-sequences", table.frame, table.columns)


def cell_table(scope: Scope, rows: Rows, metric: str) -> Table:
    """Every cell of every matrix of one metric, a row each."""
    found = []
    for run, detailed in zip(scope.runs, matrices_of(rows, scope.runs, metric), strict=True):
        for step, values in enumerate(detailed.matrix.rows):
            for task, value in zip(run.tasks, values, strict=True):
                found.append(
                    {
                        "method": run.entry.label,
                        "order": run.order,
                        "seed": run.seed,
                        "step": step,
                        "task": task,
                        "value": value,
                        "standard_error": detailed.standard_errors.get((step, task)),
                        "n": detailed.counts.get((step, task)),
                    }
                )
    columns = (
        Column("method", "Method"),
        Column("order", "Order"),
        Column("seed", "Seed", 0),
        Column("step", "Tasks learned", 0),
        Column("task", "Task"),
        Column("value", f"{metric}", 2),
        Column("standard_error", "Standard error", 2),
        Column("n", "Rows", 0),
    )
    return Table(f"{scope.name}-cells-{metric}", pd.DataFrame(found), columns)


def pair_table(scope: Scope, found: Inference, metric: str) -> Table:
    """Every pair of contestants: the difference of Last with its interval and its corrected p."""
    rows = [
        {
            "first": pair.first,
            "second": pair.second,
            "difference": pair.difference.value,
            "low": pair.difference.low,
            "high": pair.difference.high,
            "p": pair.p,
            "p_holm": pair.p_holm,
            "blocks": pair.n_blocks,
        }
        for pair in found.comparisons
    ]
    columns = (
        Column("first", "First"),
        Column("second", "Second"),
        Column("difference", f"First less second, {CHANGE_UNIT}", 2),
        Column("low", f"95 % from, {CHANGE_UNIT}", 2),
        Column("high", f"to, {CHANGE_UNIT}", 2),
        Column("p", "p", 4),
        Column("p_holm", "p, corrected for all pairs", 4),
        Column("blocks", "Paired runs", 0),
    )
    frame = pd.DataFrame(rows, columns=[column.name for column in columns])
    return Table(f"{scope.name}-pairs-{metric}", frame, columns)


def verdict_table(scope: Scope, rows: Rows) -> Table:
    """How many verdicts there are, by judge, question and status."""
    table = verdict_counts(rows, scope.runs)
    return Table(f"{scope.name}-verdicts", table.frame, table.columns)


def left_out_table(board: Board) -> Table:
    """What the board does not show, and why; places by their last part, which says nothing about this machine."""
    rows = [{"place": item.place.rstrip("/").rpartition("/")[2], "reason": item.reason} for item in board.left_out]
    columns = (Column("place", "Where"), Column("reason", "Why"))
    return Table("left-out", pd.DataFrame(rows, columns=["place", "reason"]), columns)


def reported_tables() -> list[Table]:
    """The paper's numbers, a table a metric."""
    return [published_table(metric) for metric in TITLES]


def all_tables(board: Board, rows: Rows, metrics: Sequence[str] | None = None) -> list[Table]:
    """Every table of a board; of all metrics, or of those that are named."""
    found = [left_out_table(board), *reported_tables()]
    for scope in scopes_of(board):
        found += [order_list(scope), verdict_table(scope, rows)]
        for metric in [name for name in scope.metrics if metrics is None or name in metrics]:
            inference = infer(rows, scope.runs, metric)
            found += [*ranking_tables(scope, metric, inference), cell_table(scope, rows, metric)]
            found.append(pair_table(scope, inference, metric))
            if scope.contestants:
                found.append(order_tables(scope, metric))
    return found
