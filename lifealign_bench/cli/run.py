"""`lifealign run`: train, evaluate and score a suite; resumes by itself."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from lifealign_bench.cli import options, variants

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from lifealign_bench.benchmark.engine import Listener, Outcome
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
    condition: variants.Condition = None,
    grid: variants.Grid = None,
    vary: variants.Vary = None,
    bases: variants.Bases = None,
    workers: options.Workers = None,
    engine: options.Engine = "local",
    address: options.Address = None,
    as_json: options.Json = False,
) -> None:
    """Train, evaluate and score a suite, or several variants of it. The same command again goes on where the last one
    stopped."""
    from rich.console import Console

    from lifealign_bench.benchmark.session import as_variant, overridden
    from lifealign_bench.benchmark.suite import load_suite
    from lifealign_bench.cli.on_ray import compute_on_ray, uses_ray

    console = Console(stderr=as_json)
    on_ray = uses_ray(engine, address, workers)
    changes = options.make_overrides(methods, orders, seeds, train_rows, eval_rows, base, data_dir, world_seed, judge)
    asked = variants.variants_of(overridden(load_suite(suite), changes), condition, grid, vary, bases)
    found: list[tuple[Session, Outcome, list[Path]]] = []
    if on_ray:
        for own in asked:
            opened, outcome = compute_on_ray(own.suite, workspace, console, workers, address)
            session = as_variant(own, opened)
            found.append((session, outcome, _materialise(session, outcome, workspace)))
    else:
        sessions = variants.open_variants(
            asked, workspace, console, lambda text: console.print(text, style="dim", markup=False)
        )
        found = [_run_one(session, workspace, console, workers, heads=len(sessions) > 1) for session in sessions]
    if as_json:
        summaries = [_summary(*done) for done in found]
        _print_json(summaries[0] if len(summaries) == 1 else {"variants": summaries})
    else:
        for session, _, folders in found:
            _print_tables(session, folders, workspace, console)
    lost = [_show_failures(*done, console) for done in found]
    if any(lost):
        raise typer.Exit(1)


def _run_one(
    session: Session, workspace: Path, console: Console, workers: int | None, *, heads: bool
) -> tuple[Session, Outcome, list[Path]]:
    """A variant's session, what became of its nodes, and the folders of its finished runs."""
    if heads:
        console.print(variants.heading(session), markup=False, highlight=False)
    outcome = compute(session, console, workers)
    return session, outcome, _materialise(session, outcome, workspace)


def _show_failures(session: Session, outcome: Outcome, folders: Sequence[Path], console: Console) -> bool:
    """Print what failed and why; returns whether anything did."""
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
    return bool(outcome.failures)


def compute(session: Session, console: Console, workers: int | None) -> Outcome:
    """Compute a session's graph under a progress display; workers: None for as many as the cores allow.

    Raises:
        typer.Exit: the user stopped it.
    """
    from lifealign_bench.benchmark.environment import device_class, usual_workers
    from lifealign_bench.benchmark.plan_counts import counts_of
    from lifealign_bench.cli.plan import show

    plan, store = session.plan, session.store
    workers = usual_workers(session.suite.threads * session.suite.training.processes) if workers is None else workers
    show(console, counts_of(plan, store, device_class()), workers)
    return watch(session, console, workers)


def watch(session: Session, console: Console, workers: int | None, *, lines: bool = True) -> Outcome:
    """As `compute`, without the plan; lines: whether every node gets a line where there is no terminal."""
    from lifealign_bench.benchmark.engine import run_graph
    from lifealign_bench.benchmark.environment import settle_process, usual_workers

    at_once = usual_workers(session.suite.threads * session.suite.training.processes) if workers is None else workers
    if at_once == 1:
        settle_process(session.suite.threads)

    def walk(listener: Listener) -> Outcome:
        return run_graph(session.plan.graph, session.world, session.store, listener, at_once)

    return watched(session, console, at_once, walk, lines=lines)


def watched(
    session: Session, console: Console, workers: int, walk: Callable[[Listener], Outcome], *, lines: bool = True
) -> Outcome:
    """What a walk of a session's graph comes to, under a progress display; raises and lines: as `watch`."""
    from lifealign_bench.benchmark.estimate import seconds_by_node
    from lifealign_bench.cli.progress import Watcher

    plan = session.plan
    seconds = seconds_by_node(plan, session.store, str(session.world.environment["device"]))
    watcher = Watcher(console, plan.graph.in_order(), seconds, workers, lines=lines)
    try:
        with watcher.watching():
            return walk(watcher)
    except KeyboardInterrupt:
        done, total = watcher.cached + watcher.computed, len(plan.graph.nodes)
        console.print(f"\nstopped: {done} of {total} nodes are kept; type the same command to go on", markup=False)
        raise typer.Exit(130) from None


def _materialise(session: Session, outcome: Outcome, workspace: Path) -> list[Path]:
    from lifealign_bench.benchmark.results import materialise
    from lifealign_bench.benchmark.workspaces import shared_results

    with shared_results(workspace, session.store, session.suite.name) as results:
        return materialise(session.plan, session.world, session.store, outcome, results)


def _print_json(summary: object) -> None:
    import json

    typer.echo(json.dumps(summary, indent=2, sort_keys=True, allow_nan=False))


def _summary(session: Session, outcome: Outcome, folders: Sequence[Path]) -> dict[str, object]:
    from lifealign_bench.benchmark.schema import read_run

    runs = {}
    for folder in folders:
        record = read_run(folder)
        metrics = record.model_dump(mode="json")["metrics"]
        runs[folder.name] = {"folder": str(folder), "metrics": metrics}
    states = {state: outcome.count(state) for state in ("done", "cached", "failed", "skipped")}
    failures = [{"node": failure.node.label, "message": failure.message} for failure in outcome.failures]
    found: dict[str, object] = {"suite": session.suite.name, "nodes": states, "failures": failures, "runs": runs}
    varied: dict[str, object] = {"varied": dict(session.plan.varied)} if session.plan.varied else {}
    return found | varied


def _print_tables(session: Session, folders: Sequence[Path], workspace: Path, console: Console) -> None:
    from lifealign_bench.benchmark.workspaces import address
    from lifealign_bench.leaderboard.report import print_beside, print_board

    if folders:
        shown = list(dict.fromkeys([session.suite.primary_metric, *(["rubric"] if session.suite.judge else [])]))
        print_board(console, folders, shown)
        print_beside(console, folders, session.suite.name, session.suite.primary_metric)
        results = address(workspace, "results")
        console.print(f"all metrics: lifealign leaderboard {results}", markup=False, soft_wrap=True)
        place = f"{results}/{session.plan.folder}"
        console.print(f"results: {place}", markup=False, soft_wrap=True)
        if session.suite.judge is None:
            hint = f"no judge yet: lifealign judge run {place} --judge FILE, openai:MODEL or protocol-1"
            console.print(hint, markup=False, soft_wrap=True)
