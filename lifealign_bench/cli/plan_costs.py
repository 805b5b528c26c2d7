"""`lifealign plan --costs`: what each method of a suite costs, as a Markdown table that says what was measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from lifealign_bench.benchmark.graph import Kind
    from lifealign_bench.benchmark.plan import Plan
    from lifealign_bench.benchmark.probe import Probe
    from lifealign_bench.benchmark.suite import Suite


def print_costs(suite: Suite) -> None:
    """Print the table of a suite whose orders can be built.

    Raises:
        InputError: too many orders.
    """
    from lifealign_bench.benchmark.environment import device_class
    from lifealign_bench.benchmark.orders import count_orders
    from lifealign_bench.benchmark.plan import make_plan
    from lifealign_bench.benchmark.plan_counting import MOST_BUILT
    from lifealign_bench.benchmark.probe import probe
    from lifealign_bench.benchmark.world import outline_world
    from lifealign_bench.data.errors import InputError

    orders = count_orders(suite.orders, suite.task_names)
    if orders > MOST_BUILT:
        raise InputError("--costs", "orders", f"{orders:,}", f"at most {MOST_BUILT}")
    found = probe(suite, device_class())
    plan = make_plan(suite, outline_world(suite))
    typer.echo("\n".join(lines(plan, found, training_factors())))


def lines(plan: Plan, found: Probe, factors: Mapping[str, float]) -> Iterable[str]:
    """The table, a row for each method as if it stood alone, and below it what its numbers rest on.

    factors: what the training of a method takes of SeqFT's time for the same stages, where that was measured.
    """
    assumed = plan.suite.limits.assumed_tflops * 1e12
    rates = {"verdicts": assumed, **found.rates}
    yield "| method | operations, 10^18 | training time, of SeqFT's | hours, measured rate | hours, assumed rate |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    works = work_by_method(plan)
    for title, work in works.items():
        factor = factors.get(title) if title in _sequential(plan) else None
        if factor is not None and "seqft" in works:
            # The count knows rows and epochs; what a method does beside them was measured.
            work = {**work, "train": works["seqft"]["train"] * factor, "memory": 0.0}
        here = sum(amount / rates[kind] for kind, amount in work.items()) / 3600
        there = sum(work.values()) / assumed / 3600
        shown = "counted" if factor is None else f"{factor:.2f}"
        yield f"| {title} | {sum(work.values()) / 1e18:,.1f} | {shown} | {here:,.0f} | {there:,.0f} |"
    yield ""
    yield f"Suite {plan.suite.name}, {len(plan.runs)} runs in all; a row is what a method's runs take by themselves."
    yield f"Measured rate: {found}."
    yield f"Assumed rate: {assumed / 1e12:g} TFLOP/s, the suite's own guess of a GPU; nothing was measured on one."
    yield "Training time: CPU seconds of stages and memory in the shipped runs of the miniature world, on a CPU."


def training_factors() -> dict[str, float]:
    """CPU seconds of a run's stages and memory over SeqFT's, by method, in the runs that ship with the package."""
    from lifealign_bench.leaderboard.costs import cost_table
    from lifealign_bench.leaderboard.shipped import shipped_results

    seconds = cost_table(shipped_results()).set_index("method")["cpu_s"]
    return {str(name): float(value / seconds["seqft"]) for name, value in seconds.items()}


def _sequential(plan: Plan) -> set[str]:
    return {run.entry.title for run in plan.runs if run.method.spec.schedule == "sequential"}


def work_by_method(plan: Plan) -> dict[str, dict[Kind, float]]:
    """Operations by kind of node of each method's runs, as if it stood alone."""
    from lifealign_bench.benchmark.estimate import operations, sizes_of

    sizes = sizes_of(plan.suite)
    found: dict[str, dict[Kind, float]] = {}
    for title in dict.fromkeys(run.entry.title for run in plan.runs):
        runs = [run for run in plan.runs if run.entry.title == title]
        own = [node for run in runs for node in (*run.nodes, *(extra.node for extra in run.extras))]
        kinds: dict[Kind, float] = defaultdict(float)
        for node in plan.graph.leading_to(own).in_order():
            kinds[node.kind] += operations(node, plan.suite, sizes)
        found[title] = dict(kinds)
    return found
