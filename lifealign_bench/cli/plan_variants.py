"""`lifealign plan` of several variants: what each adds to those before it, what they share, how long all take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from lifealign_bench.benchmark.session import Session
    from lifealign_bench.benchmark.variants import Variant


@dataclass(frozen=True)
class VariantCounts:
    """One variant among others, in the order in which they run.

    nodes: of its plan. shared: of these, in the plan of a variant before it. cached: of the others, in the store.
    seconds: estimated of what is left to run. over_limit: a line a method that is over the suite's own limit.
    """

    name: str
    folder: str
    runs: int
    nodes: int
    shared: int
    cached: int
    seconds: float
    over_limit: tuple[str, ...]

    @property
    def to_run(self) -> int:
        """Nodes that are left for this variant."""
        return self.nodes - self.shared - self.cached


def plan_variants(variants: Sequence[Variant], workspace: Path, console: Console, *, as_json: bool) -> None:
    """Print the plan of these variants; rows and base are read, so that what cannot be met is refused here.

    Raises:
        InputError: as `open_session`, for any of them.
        typer.Exit: with 1, where a variant is over the suite's limit.
    """
    from lifealign_bench.cli.variants import open_variants

    quiet = _nothing if as_json else lambda text: console.print(text, style="dim", markup=False)
    found = counts_of_variants(open_variants(variants, workspace, console, quiet))
    if as_json:
        _print_json(found)
    else:
        _show(found, console)
    if any(own.over_limit for own in found):
        raise typer.Exit(1)


def counts_of_variants(sessions: Sequence[Session]) -> tuple[VariantCounts, ...]:
    """The numbers of each; a node that several need counts with the first of them."""
    from lifealign_bench.benchmark.environment import device_class
    from lifealign_bench.benchmark.estimate import seconds_by_node
    from lifealign_bench.benchmark.plan_counts import counts_of
    from lifealign_bench.cli.plan import over_limit
    from lifealign_bench.cli.variants import heading

    known: set[str] = set()
    found = []
    for session in sessions:
        plan, store = session.plan, session.store
        keys = set(plan.graph.nodes)
        new = keys - known
        seconds = seconds_by_node(plan, store, device_class())
        limited = session.suite.limits.gpu_hours_per_method is not None
        found.append(
            VariantCounts(
                heading(session),
                plan.place or session.suite.name,
                len(plan.runs),
                len(keys),
                len(keys) - len(new),
                sum(store.has(key) for key in new),
                sum(seconds[key] for key in new),
                tuple(over_limit(counts_of(plan, store, "cuda"))) if limited else (),
            )
        )
        known |= keys
    return tuple(found)


def _show(found: Sequence[VariantCounts], console: Console) -> None:
    from rich.table import Table

    from lifealign_bench.cli.progress import clock

    table = Table("variant", "runs", "nodes", "shared", "cached", "to run", "time", title="plan of variants")
    for own in found:
        numbers = (f"{number:,}" for number in (own.runs, own.nodes, own.shared, own.cached, own.to_run))
        table.add_row(own.name, *numbers, clock(own.seconds))
    console.print(table)
    console.print("shared: with a variant above; its results go to a folder of its own", markup=False)
    seconds = sum(own.seconds for own in found)
    runs, left = sum(own.runs for own in found), sum(own.to_run for own in found)
    line = f"{runs:,} runs; {left:,} nodes to run, about {clock(seconds)} one after the other"
    console.print(line, markup=False, highlight=False)
    for own in found:
        for text in own.over_limit:
            console.print(f"{own.name}: {text}", markup=False)


def _print_json(found: Sequence[VariantCounts]) -> None:
    import json

    variants = [
        {
            "name": own.name,
            "results": own.folder,
            "run_count": own.runs,
            "nodes": own.nodes,
            "shared": own.shared,
            "cached": own.cached,
            "to_run": own.to_run,
            "estimated_s": round(own.seconds, 1),
            "over_limit": list(own.over_limit),
        }
        for own in found
    ]
    total = {"to_run": sum(own.to_run for own in found), "estimated_s": round(sum(own.seconds for own in found), 1)}
    typer.echo(json.dumps({"variants": variants, **total}, indent=2, sort_keys=True))


def _nothing(text: str) -> None:
    del text
