"""`lifealign plan`: what a suite would compute, before anything starts."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lifealign_bench.cli import options, variants

if TYPE_CHECKING:
    from rich.console import Console

    from lifealign_bench.benchmark.plan_counts import PlanCounts, Sharing
    from lifealign_bench.benchmark.suite import Suite


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
    condition: variants.Condition = None,
    grid: variants.Grid = None,
    vary: variants.Vary = None,
    bases: variants.Bases = None,
    power: Annotated[
        float | None,
        typer.Option(
            "--power", help="Instead: how many orders and seeds a difference of so many points of Last needs."
        ),
    ] = None,
    half_width: Annotated[
        float | None,
        typer.Option("--half-width", help="Instead: how many an interval of Last of so many points either side needs."),
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Results whose variance counts; else the workspace's of the suite.")
    ] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="With --power: a metric; else the primary.")] = None,
    probe: Annotated[
        bool | None,
        typer.Option(
            "--probe/--no-probe",
            help="Measure this machine for some seconds, for the hours; by default for suites that name the size of "
            "their base, where nothing was measured yet.",
        ),
    ] = None,
    costs: Annotated[
        bool, typer.Option("--costs", help="Instead: a Markdown table of what each method costs, from a probe.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Show how many nodes are planned, shared, cached and to run, and how long they will take; of several variants,
    what each adds to those before it.

    Exits with 1 where the plan is over the suite's own limit of GPU hours a method.
    """
    if power is not None or half_width is not None:
        results = source or workspace / "results" / load_suite_name(suite)
        _show_power(results, metric, methods, power, half_width, as_json=as_json)
        return
    from rich.console import Console

    from lifealign_bench.benchmark.session import overridden
    from lifealign_bench.benchmark.suite import load_suite

    console = Console(stderr=as_json)
    changes = options.make_overrides(methods, orders, seeds, train_rows, eval_rows, base, data_dir, world_seed)
    chosen = overridden(load_suite(suite), changes)
    if costs:
        from lifealign_bench.cli.plan_costs import print_costs

        print_costs(chosen)
        return
    if condition or grid or vary or bases:
        from lifealign_bench.cli.plan_variants import plan_variants

        asked = variants.variants_of(chosen, condition, grid, vary, bases)
        plan_variants(asked, workspace, console, as_json=as_json)
        return
    counts = _counts(chosen, workspace, console, probe=probe)
    over = over_limit(counts)
    if as_json:
        import json

        typer.echo(json.dumps({**as_record(counts), "over_limit": over}, indent=2, sort_keys=True))
    else:
        show(console, counts)
        for line in over:
            console.print(line, markup=False)
    if over:
        raise typer.Exit(1)


def load_suite_name(reference: str) -> str:
    """The name under which a suite's results are kept."""
    from lifealign_bench.benchmark.suite import load_suite

    return load_suite(reference).name


def _show_power(
    results: Path,
    metric: str | None,
    methods: str | None,
    power: float | None,
    half_width: float | None,
    *,
    as_json: bool,
) -> None:
    from rich.console import Console

    from lifealign_bench.benchmark.statistics.power import pair_powers, width_needs
    from lifealign_bench.cli.power import as_record, chosen_methods, seen_board, show_pairs, show_widths
    from lifealign_bench.data.errors import InputError

    for name, value in (("--power", power), ("--half-width", half_width)):
        if value is not None and not 0 < value <= 100:
            raise InputError(name, "points", value, "points above 0, at most 100")
    found = seen_board(results, metric)
    names = chosen_methods(found, methods)
    pairs = pair_powers(found, power, names) if power is not None else ()
    widths = width_needs(found, half_width, names) if half_width is not None else ()
    if as_json:
        import json

        typer.echo(json.dumps(as_record(found, pairs, widths), indent=2, sort_keys=True, allow_nan=False))
        return
    if power is not None:
        show_pairs(Console(), found, power, pairs)
    if half_width is not None:
        show_widths(Console(), found, half_width, widths)


def _counts(suite: Suite, workspace: Path, console: Console, *, probe: bool | None) -> PlanCounts:
    """The plan of a suite in numbers; wrong names and fields are errors whether or not rows and base are here."""
    from lifealign_bench.benchmark.plan import planned_methods
    from lifealign_bench.benchmark.plan_counting import numbers_of
    from lifealign_bench.benchmark.suite_orders import orders_of
    from lifealign_bench.benchmark.workspaces import open_store
    from lifealign_bench.benchmark.world import load_world, outline_world
    from lifealign_bench.data.errors import InputError, UnknownNameError

    device = _device(suite)
    orders_of(suite)
    planned_methods(suite)
    try:
        world = load_world(suite, workspace / "store", lambda text: None)
    except UnknownNameError:
        raise
    except InputError as missing:
        console.print(f"rows or base are not here, so nothing counts as cached ({missing})", markup=False)
        found = numbers_of(suite, outline_world(suite), None, device)
    else:
        found = numbers_of(suite, world, open_store(workspace), device)
    return _probed(found, console, probe=probe)


def _probed(counts: PlanCounts, console: Console, *, probe: bool | None) -> PlanCounts:
    """The plan with the hours that a probe of this machine gives, where one is asked for or nothing else is known."""
    from dataclasses import replace

    from lifealign_bench.benchmark.environment import device_class
    from lifealign_bench.benchmark.probe import probe as measure

    usual = counts.suite.base.parameters is not None and not counts.guess.measured
    if not (usual if probe is None else probe):
        return counts
    console.print("measuring this machine for some seconds (--no-probe leaves it out)", style="dim", markup=False)
    found = measure(counts.suite, device_class())
    return replace(counts, guess=counts.guess.on(found.rates, str(found), found.device))


def as_record(counts: PlanCounts) -> dict[str, object]:
    """A plan as JSON values."""
    guess = counts.guess
    kinds = {
        kind: {
            "planned": counts.planned[kind],
            "distinct": count,
            "cached": counts.cached.get(kind, 0),
            "to_run": count - counts.cached.get(kind, 0),
            "estimated_s": round(guess.remaining_s.get(kind, 0.0), 1),
        }
        for kind, count in counts.distinct.items()
    }
    hours = {method: round(value, 3) for method, value in guess.gpu_hours_by_method.items()}
    return {
        "suite": counts.suite.name,
        "runs": list(counts.run_names) if counts.listed else None,
        "run_count": counts.runs,
        "stages": asdict(counts.sharing),
        "nodes": kinds,
        "gpu_hours_by_method": hours,
        "estimated_s": round(sum(guess.remaining_s.values()), 1),
        "rates_measured": guess.measured,
        "probe": guess.probe,
        "notes": list(counts.notes),
    }


def show(console: Console, counts: PlanCounts, workers: int = 1) -> None:
    """Print a plan for people; workers: how many nodes will be computed at once."""
    from rich.table import Table

    from lifealign_bench.cli.progress import clock

    guess, suite = counts.guess, counts.suite
    table = Table("node", "planned", "shared", "cached", "to run", "time", title=f"plan of {suite.name}")
    for kind, count in counts.distinct.items():
        planned, have = counts.planned[kind], counts.cached.get(kind, 0)
        left = clock(guess.remaining_s.get(kind, 0.0))
        numbers = (f"{number:,}" for number in (planned, planned - count, have, count - have))
        table.add_row(kind, *numbers, left)
    console.print(table)
    console.print(sharing_line(counts.sharing), markup=False, highlight=False)
    for note in counts.notes:
        console.print(note, markup=False, style="yellow", soft_wrap=True)
    hours = ", ".join(f"{name} {value:.2f}" for name, value in guess.gpu_hours_by_method.items())
    assumed_rates = "assumed, nothing was measured here yet" if guess.probe is None else "measured by a probe"
    source = "measured in this workspace" if guess.measured else assumed_rates
    left = clock(sum(guess.remaining_s.values()) / workers)
    at_once = f", {workers} nodes at once" if workers > 1 else ""
    console.print(f"{counts.runs:,} runs; about {left} left{at_once} (rates {source})", markup=False, highlight=False)
    if guess.probe is not None:
        console.print(f"this machine: {guess.probe}", markup=False, highlight=False, soft_wrap=True)
    if suite.base.parameters is not None:
        rate = "as measured here" if guess.on_gpu else f"at {suite.limits.assumed_tflops:g} TFLOP/s, assumed"
        console.print(f"GPU hours a method {rate}: {hours}", markup=False, highlight=False)


def sharing_line(sharing: Sharing) -> str:
    """What orders with common beginnings share, in words."""
    if sharing.orders == 1:
        return f"1 order of {sharing.tasks} tasks"
    return (
        f"{sharing.orders:,} orders of {sharing.tasks} tasks: {sharing.distinct:,} distinct stages for "
        f"{sharing.planned:,} of a sequential method and seed (common beginnings are learned once)"
    )


def over_limit(counts: PlanCounts) -> list[str]:
    """One line for every method that is estimated over the suite's limit."""
    limit = counts.suite.limits.gpu_hours_per_method
    if limit is None:
        return []
    return [
        f"method {name}: found {hours:.1f} GPU hours, expected at most {limit:g} (limits.gpu_hours_per_method)"
        for name, hours in counts.guess.gpu_hours_by_method.items()
        if hours > limit
    ]


def _device(suite: Suite) -> str:
    from lifealign_bench.benchmark.environment import device_class

    # A suite that names its GPU's throughput is meant for one, wherever it is planned.
    return "cuda" if suite.limits.gpu_hours_per_method else device_class()
