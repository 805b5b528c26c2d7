"""`lifealign plan`: what a suite would compute, before anything starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from lifealign_bench.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from lifealign_bench.benchmark.estimate import Estimate
    from lifealign_bench.benchmark.plan import Plan
    from lifealign_bench.benchmark.store import Store


def plan(
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
    as_json: options.Json = False,
) -> None:
    """Show how many nodes are planned, shared, cached and to run, and how long they will take.

    Exits with 1 where the plan is over the suite's own limit of GPU hours a method.
    """
    from rich.console import Console

    from lifealign_bench.benchmark.estimate import estimate
    from lifealign_bench.benchmark.session import open_session, outline
    from lifealign_bench.data.errors import InputError, UnknownNameError

    console = Console(stderr=as_json)
    changes = options.make_overrides(methods, orders, seeds, train_rows, eval_rows, base, data_dir, world_seed)
    store: Store | None = None
    # Wrong names and fields are errors whether or not rows and base are here.
    made = outline(suite, changes)
    try:
        session = open_session(suite, changes, workspace, lambda text: None)
        made, store = session.plan, session.store
    except UnknownNameError:
        raise
    except InputError as missing:
        console.print(f"rows or base are not here, so nothing counts as cached ({missing})", markup=False)
    guess = estimate(made, store, _device(made))
    over = over_limit(made, guess)
    if as_json:
        import json

        typer.echo(json.dumps({**as_record(made, guess, store), "over_limit": over}, indent=2, sort_keys=True))
    else:
        show(console, made, guess, store)
        for line in over:
            console.print(line, markup=False)
    if over:
        raise typer.Exit(1)


def as_record(made: Plan, guess: Estimate, store: Store | None) -> dict[str, object]:
    """A plan as JSON values."""
    cached = _cached(made, store)
    kinds = {
        kind: {
            "planned": made.graph.planned[kind],
            "distinct": count,
            "cached": cached.get(kind, 0),
            "to_run": count - cached.get(kind, 0),
            "estimated_s": round(guess.remaining_s.get(kind, 0.0), 1),
        }
        for kind, count in made.graph.counts().items()
    }
    hours = {method: round(value, 3) for method, value in guess.gpu_hours_by_method.items()}
    return {
        "suite": made.suite.name,
        "runs": [run.name for run in made.runs],
        "nodes": kinds,
        "gpu_hours_by_method": hours,
        "estimated_s": round(sum(guess.remaining_s.values()), 1),
        "rates_measured": guess.measured,
    }


def show(console: Console, made: Plan, guess: Estimate, store: Store | None, workers: int = 1) -> None:
    """Print a plan for people; workers: how many nodes will be computed at once."""
    from rich.table import Table

    from lifealign_bench.cli.progress import clock

    cached = _cached(made, store)
    table = Table("node", "planned", "shared", "cached", "to run", "time", title=f"plan of {made.suite.name}")
    for kind, count in made.graph.counts().items():
        planned, have = made.graph.planned[kind], cached.get(kind, 0)
        left = clock(guess.remaining_s.get(kind, 0.0))
        table.add_row(kind, str(planned), str(planned - count), str(have), str(count - have), left)
    console.print(table)
    hours = ", ".join(f"{name} {value:.2f}" for name, value in guess.gpu_hours_by_method.items())
    source = "measured in this workspace" if guess.measured else "assumed, nothing was measured here yet"
    left = clock(sum(guess.remaining_s.values()) / workers)
    at_once = f", {workers} nodes at once" if workers > 1 else ""
    console.print(f"{len(made.runs)} runs; about {left} left{at_once} (rates {source})", markup=False, highlight=False)
    if made.suite.base.parameters is not None:
        assumed = made.suite.limits.assumed_tflops
        console.print(f"GPU hours a method at {assumed:g} TFLOP/s: {hours}", markup=False, highlight=False)


def over_limit(made: Plan, guess: Estimate) -> list[str]:
    """One line for every method that is estimated over the suite's limit."""
    limit = made.suite.limits.gpu_hours_per_method
    if limit is None:
        return []
    return [
        f"method {name}: found {hours:.1f} GPU hours, expected at most {limit:g} (limits.gpu_hours_per_method)"
        for name, hours in guess.gpu_hours_by_method.items()
        if hours > limit
    ]


def _cached(made: Plan, store: Store | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for node in made.graph.in_order():
        if store is not None and store.has(node.key):
            found[node.kind] = found.get(node.kind, 0) + 1
    return found


def _device(made: Plan) -> str:
    from lifealign_bench.benchmark.environment import device_class

    # A suite that names its GPU's throughput is meant for one, wherever it is planned.
    return "cuda" if made.suite.limits.gpu_hours_per_method else device_class()
