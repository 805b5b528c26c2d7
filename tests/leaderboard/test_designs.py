"""The order design of results as tables."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from example_board import example_board
from lifealign_bench.leaderboard.designs import design_tables, render_design
from stored_runs import TASKS, store_run


def test_the_example_board_shows_the_papers_orders_and_that_they_are_not_balanced() -> None:
    (tables,) = design_tables(example_board())
    assert tables.design.name == "paper"
    assert not tables.design.balance.balanced
    assert tables.design.missing == ()
    assert tables.positions.to_numpy().sum(axis=0).tolist() == [3] * 6
    assert tables.adjacent.to_numpy().sum() == 3 * 5


def test_a_design_is_shown_with_its_orders_and_counts(tmp_path: Path) -> None:
    store_run(tmp_path)
    store_run(tmp_path, seed=1)
    (tables,) = design_tables(tmp_path)
    console = Console(file=io.StringIO(), width=120)
    console.print(render_design(tables))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "custom: 1 order, not balanced; seeds 0, 1; every method ran all" in shown
    assert f"order1: {' > '.join(TASKS)}" in shown
    assert tables.positions.loc[TASKS[1]].tolist() == [0, 1, 0]
    assert tables.adjacent.loc[TASKS[0], TASKS[1]] == 1
    assert tables.adjacent.loc[TASKS[1], TASKS[0]] == 0
