"""`lifealign run`: train, evaluate and score a suite; resumes by itself."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from lifealign_bench.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from lifealign_bench.benchmark.engine import Outcome
    from lifealign_bench.benchmark.session import Session


def run(
    suite: options.SuiteArgument = "mini",
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    methods: options.Methods = None,
    orders: options.Orders = None,
    seeds: options.Seeds = None,
    train_rows: options.TrainRows = None,
    eval_rows: options.EvaluationRows = None,
    base: options.Base = None,
    data_dir: options.DataDir = None,
    world_seed: options.WorldSeed = None,
    judge: options.Judge = None,
    workers: options.Workers = None,
    as_json: options.Json = False,
) -> None:
    """Train, evaluate and score a suite. The same command again goes on where the last one stopped."""
    from rich.console import Console

    from lifealign_bench.benchmark.session import open_session

    console = Console(stderr=as_json)
    changes = options.make_overrides(methods, orders, seeds, train_rows, eval_rows, base, data_dir, world_seed, judge)
    session = open_session(suite, changes, workspace, lambda text: console.print(text, style="dim", markup=False))
    outcome = compute(session, console, workers)
    folders = _materialise(session, outcome, workspace)
    if as_json:
        _print_json(session, outcome, folders)
    else:
        _print_tables(session, folders, workspace, console)
    alike = Counter(failure.message for failure in outcome.failures)
    for failure in {failure.message: failure for failure in reversed(outcome.failures)}.values():
        more = f" (and {alike[failure.message] - 1} more like it)" if alike[failure.message] > 1 else ""
        line = f"failed: {failure.node.label}: {failure.message}{more}"
        console.print(line, markup=False, style="red", soft_wrap=True)
        if os.environ.get("LIFEALIGN_DEBUG"):
            console.print(failure.details, markup=False)
    if outcome.failures:
        lost = len(session.plan.runs) - len(folders)
        state = (
            f"{lost} of {len(session.plan.runs)} runs are incomplete" if lost else "every run is complete but for it"
        )
        console.print(
            f"{state}; all else is kept: the same command goes on",
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(1)


def compute(session: Session, console: Console, workers: int | None) -> Outcome:
    """Compute a session's graph under a progress display; workers: None for as many as the cores allow.

    Raises:
        typer.Exit: the user stopped it.
    """
    from lifealign_bench.benchmark.environment import device_class, usual_workers
    from lifealign_bench.benchmark.plan_counts import counts_of
    from lifealign_bench.cli.plan import show

    plan, store = session.plan, session.store
    workers = usual_workers(session.suite.threads) if workers is None else workers
    show(console, counts_of(plan, store, device_class()), workers)
    return watch(session, console, workers)


def watch(session: Session, console: Console, workers: int | None, *, lines: bool = True) -> Outcome:
    """As `compute`, without the plan; lines: whether every node gets a line where there is no terminal."""
    from lifealign_bench.benchmark.engine import run_graph
    from lifealign_bench.benchmark.environment import device_class, settle_process, usual_workers
    from lifealign_bench.benchmark.estimate import seconds_by_node
    from lifealign_bench.cli.progress import Watcher

    plan, store = session.plan, session.store
    workers = usual_workers(session.suite.threads) if workers is None else workers
    if workers == 1:
        settle_process(session.suite.threads)
    seconds = seconds_by_node(plan, store, device_class())
    watcher = Watcher(console, plan.graph.in_order(), seconds, workers, lines=lines)
    try:
        with watcher.watching():
            return run_graph(plan.graph, session.world, store, watcher, workers)
    except KeyboardInterrupt:
        done, total = watcher.cached + watcher.computed, len(plan.graph.nodes)
        console.print(f"\nstopped: {done} of {total} nodes are kept; type the same command to go on", markup=False)
        raise typer.Exit(130) from None


def _materialise(session: Session, outcome: Outcome, workspace: Path) -> list[Path]:
    from lifealign_bench.benchmark.results import materialise

    return materialise(session.plan, session.world, session.store, outcome, workspace / "results")


def _print_json(session: Session, outcome: Outcome, folders: Sequence[Path]) -> None:
    import json

    from lifealign_bench.benchmark.schema import read_run

    runs = {}
    for folder in folders:
        record = read_run(folder)
        metrics = record.model_dump(mode="json")["metrics"]
        runs[folder.name] = {"folder": str(folder), "metrics": metrics}
    states = {state: outcome.count(state) for state in ("done", "cached", "failed", "skipped")}
    failures = [{"node": failure.node.label, "message": failure.message} for failure in outcome.failures]
    summary = {"suite": session.suite.name, "nodes": states, "failures": failures, "runs": runs}
    typer.echo(json.dumps(summary, indent=2, sort_keys=True, allow_nan=False))


def _print_tables(session: Session, folders: Sequence[Path], workspace: Path, console: Console) -> None:
    from lifealign_bench.leaderboard.report import print_board

    if folders:
        shown = list(dict.fromkeys([session.suite.primary_metric, *(["rubric"] if session.suite.judge else [])]))
        print_board(console, folders, shown)
        console.print(f"all metrics: lifealign leaderboard {workspace / 'results'}", markup=False, soft_wrap=True)
        place = workspace / "results" / session.suite.name
        console.print(f"results: {place}", markup=False, soft_wrap=True)
        if session.suite.judge is None:
            hint = f"no judge yet: lifealign judge run {place} --judge FILE, openai:MODEL or protocol-1"
            console.print(hint, markup=False, soft_wrap=True)
