"""`lifealign data check mini`: whether a miniature world shows what it must, measured by running its suite."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from lifealign_bench.benchmark.matrix import Matrix
    from lifealign_bench.benchmark.session import Session
    from lifealign_bench.benchmark.world_check import Measured, Requirement

SUITE = "mini"


def check_world(world_seed: int | None, workspace: Path, workers: int | None) -> list[Requirement]:
    """The table of requirements of one world; whatever a run of `mini` in this workspace has computed is used again.

    Raises:
        InputError: the workspace cannot be used.
        typer.Exit: a node failed, or the user stopped it.
    """
    from rich.console import Console

    from lifealign_bench.benchmark.session import Overrides, overridden, session_of
    from lifealign_bench.benchmark.suite import load_suite
    from lifealign_bench.benchmark.world_check import METHODS, requirements

    console = Console(stderr=True)
    asked = overridden(load_suite(SUITE), Overrides(methods=METHODS, world_seed=world_seed))
    # The table needs the first and the last row and what was just learned.
    corners = asked.evaluation.model_copy(update={"cells": "corners"})
    session = session_of(asked.model_copy(update={"evaluation": corners}), workspace, _notice(console))
    return requirements(_measure(session, workspace / "check" / f"world-{session.suite.world}", console, workers))


def print_requirements(lines: Sequence[Requirement]) -> None:
    """The table, and what to make of it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("measured", "must be", "found", "", box=box.SIMPLE_HEAD, pad_edge=False)
    for line in lines:
        table.add_row(line.measured, line.expected, line.found, "holds" if line.holds else "[bold red]FAILS[/]")
    console = Console()
    console.print(table)
    failing = sum(not line.holds for line in lines)
    console.print(f"{failing} of {len(lines)} requirements fail" if failing else f"all {len(lines)} requirements hold")


def _measure(session: Session, folder: Path, console: Console, workers: int | None) -> Measured:
    from lifealign_bench.benchmark.world_check import ACCURACY, METRICS, Measured

    folders = _run(session, folder / "results", console, workers)
    matrices: dict[str, dict[str, dict[str, Matrix]]] = {metric: {} for metric in METRICS}
    for run in session.plan.runs:
        for metric in METRICS:
            of_method = matrices[metric].setdefault(run.entry.title, {})
            of_method[run.order.name] = _matrix(folders[run.name], metric)
    order = session.plan.runs[0].order.name
    again = _once_more(session, order, session.suite.threads, folder / "again", console, workers)
    other = _once_more(session, order, 2 if session.suite.threads == 1 else 1, folder / "threads", console, workers)
    return Measured(
        matrices,
        _parseable(next(iter(folders.values()))),
        {metric: (matrices[metric]["seqft"][order], again[metric]) for metric in METRICS},
        (matrices[ACCURACY]["seqft"][order], other[ACCURACY]),
    )


def _once_more(
    session: Session, order: str, threads: int, folder: Path, console: Console, workers: int | None
) -> dict[str, Matrix]:
    """SeqFT's matrices in one order, from nothing but the world and its base; the folder is removed afterwards."""
    from lifealign_bench.benchmark.session import Overrides, overridden, session_of
    from lifealign_bench.benchmark.world_check import METRICS

    shutil.rmtree(folder, ignore_errors=True)
    base = str(session.world.folder_of_base(session.store))
    suite = overridden(session.suite, Overrides(methods=["seqft"], orders=order, base=base))
    try:
        fresh = session_of(suite.model_copy(update={"threads": threads}), folder, _notice(console))
        (run,) = _run(fresh, folder / "results", console, workers).values()
        return {metric: _matrix(run, metric) for metric in METRICS}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(session: Session, results: Path, console: Console, workers: int | None) -> dict[str, Path]:
    """Compute a session and write its runs; their folders by name."""
    from lifealign_bench.benchmark.results import materialise
    from lifealign_bench.cli.run import compute

    outcome = compute(session, console, workers)
    for failure in outcome.failures:
        console.print(f"failed: {failure.node.label}: {failure.message}", markup=False, style="red", soft_wrap=True)
    if outcome.failures:
        raise typer.Exit(1)
    return {folder.name: folder for folder in materialise(session.plan, session.world, session.store, outcome, results)}


def _notice(console: Console) -> Callable[[str], None]:
    return lambda text: console.print(text, style="dim", markup=False)


def _matrix(run: Path, metric: str) -> Matrix:
    from lifealign_bench.leaderboard.tables import forgetting_matrix

    return forgetting_matrix(run, metric)


def _parseable(run: Path) -> float:
    """Percent of the base's answers that the oracle could read."""
    from lifealign_bench.benchmark.columns import read_table
    from lifealign_bench.judges.oracle import UNKNOWN

    samples, judgments = read_table(run, "samples"), read_table(run, "judgments")
    of_base = set(samples.loc[samples["step"] == 0, "sample_id"])
    said = judgments[judgments["sample_id"].isin(of_base) & (judgments["dimension"] == "helpfulness")]
    return 100.0 * float((said["rationale"] != UNKNOWN).mean())
