"""`lifealign run --engine ray`: the same run, its nodes computed by a Ray cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from lifealign_bench.benchmark.engine import Listener, Outcome
    from lifealign_bench.benchmark.session import Session
    from lifealign_bench.benchmark.suite import Suite


def uses_ray(engine: str, address: str | None, workers: int | None) -> bool:
    """Whether a command line asks for Ray.

    Raises:
        InputError: an engine that does not exist, or options that do not go together.
    """
    from lifealign_bench.data.errors import InputError, UnknownNameError

    if engine not in ("local", "ray"):
        raise UnknownNameError("--engine", "engine", engine, ["local", "ray"])
    if address is not None and engine != "ray":
        raise InputError("--address", "address", f"{address!r} with --engine {engine}", "--engine ray")
    if address is not None and workers is not None:
        raise InputError("--workers", "workers", f"{workers} with --address", "one of the two: the cluster has its own")
    return engine == "ray"


def compute_on_ray(
    suite: Suite, workspace: Path, console: Console, workers: int | None, address: str | None
) -> tuple[Session, Outcome]:
    """A suite's session and what its graph came to on the cluster at `address`, or on `workers` workers here.

    Raises:
        LifeAlignError: no ray, no answer, a machine that is unfit, a node that fits no machine.
        typer.Exit: the user stopped it.
    """
    from lifealign_bench.benchmark.cluster.connecting import connected
    from lifealign_bench.benchmark.cluster.demands import at_once, demand_of
    from lifealign_bench.benchmark.cluster.engine import run_on_cluster, surroundings
    from lifealign_bench.benchmark.plan_counts import counts_of
    from lifealign_bench.benchmark.session import session_of
    from lifealign_bench.cli.plan import show
    from lifealign_bench.cli.run import watched

    def notice(text: str) -> None:
        console.print(text, style="dim", markup=False)

    cpus = None if workers is None else workers * (suite.resources.cpus or suite.threads)
    notice(f"reaching the Ray cluster {address}" if address else "starting Ray")
    with connected(address, cpus) as machines:
        around = surroundings(suite, machines)
        session = session_of(suite, workspace.absolute(), notice, around)
        slots = at_once(demand_of("train", suite, gpus_there=machines.gpus_there), machines.each)
        show(console, counts_of(session.plan, session.store, str(around["device"])), slots)

        def walk(listener: Listener) -> Outcome:
            return run_on_cluster(session.plan.graph, session.world, session.store, listener, machines)

        return session, watched(session, console, slots, walk)
