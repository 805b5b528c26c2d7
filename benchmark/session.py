"""From what a user asks for to a plan: suite, overrides, world, store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lifealign_bench.benchmark.plan import Plan, make_plan
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import Suite, judge_reference, load_suite
from lifealign_bench.benchmark.suite_orders import orders_of
from lifealign_bench.benchmark.variants import Variant
from lifealign_bench.benchmark.workspaces import open_store
from lifealign_bench.benchmark.world import LoadedWorld, load_world, outline_world
from lifealign_bench.data.errors import UnknownNameError
from lifealign_bench.methods.registry import method_names

NOBODY = "none"
DESIGNS = ("paper", "williams", "all", "random:")


@dataclass(frozen=True)
class Overrides:
    """What a command line changes about a suite; None leaves it alone."""

    methods: Sequence[str] | None = None
    orders: str | None = None
    seeds: Sequence[int] | None = None
    train_rows: int | None = None
    evaluation_rows: int | None = None
    base: str | None = None
    data_dir: Path | None = None
    world_seed: int | None = None
    judge: str | None = None


@dataclass(frozen=True)
class Session:
    """Everything that one command works on."""

    suite: Suite
    world: LoadedWorld
    store: Store
    plan: Plan


def open_session(reference: str, overrides: Overrides, workspace: Path, notice: Callable[[str], None]) -> Session:
    """Load and plan a suite over a workspace's store.

    Raises:
        InputError: anything about the suite, its data or its base that cannot be used.
    """
    return session_of(overridden(load_suite(reference), overrides), workspace, notice)


def open_variant(variant: Variant, workspace: Path, notice: Callable[[str], None]) -> Session:
    """A session of one variant of a suite; raises as `open_session` does."""
    return as_variant(variant, session_of(variant.suite, workspace, notice))


def as_variant(variant: Variant, opened: Session) -> Session:
    """A session of a variant's suite that writes what it finds to the variant's own folder."""
    place = variant.folder if variant.changed else ""
    return replace(opened, plan=replace(opened.plan, varied=variant.changed, place=place))


def session_of(
    suite: Suite, workspace: Path, notice: Callable[[str], None], around: Mapping[str, object] | None = None
) -> Session:
    """Plan a suite over a workspace's store; around: see `load_world`; raises as `open_session` does."""
    store = open_store(workspace)
    world = load_world(suite, store.root, notice, around=around)
    return Session(suite, world, store, make_plan(suite, world))


def outline(reference: str, overrides: Overrides) -> Plan:
    """The plan of a suite whose rows or base are not here."""
    suite = overridden(load_suite(reference), overrides)
    return make_plan(suite, outline_world(suite))


def overridden(suite: Suite, overrides: Overrides) -> Suite:
    """The suite with a command line's changes, checked again.

    Raises:
        InputError: a value that no suite may have, a method that is neither the suite's nor installed, or an order that
            the suite does not know.
    """
    changes: dict[str, object] = {}
    if overrides.methods is not None:
        known = {entry.title: entry.model_dump(mode="json") for entry in suite.methods}
        changes["methods"] = [_entry(name, known) for name in overrides.methods]
    if overrides.orders is not None:
        changes["orders"] = _orders(suite, overrides.orders)
    if overrides.seeds is not None:
        changes["seeds"] = list(overrides.seeds)
    if overrides.train_rows is not None or overrides.evaluation_rows is not None:
        rows = suite.rows.model_dump()
        rows |= {"train": overrides.train_rows} if overrides.train_rows is not None else {}
        rows |= {"evaluation": overrides.evaluation_rows} if overrides.evaluation_rows is not None else {}
        changes["rows"] = rows
    if overrides.base is not None:
        kept = suite.base.model_dump(mode="json", include={"dtype", "quantization"})
        changes["base"] = {"source": overrides.base, **kept}
    if overrides.data_dir is not None:
        changes["data_dir"] = str(overrides.data_dir.resolve())
    if overrides.world_seed is not None:
        changes["world_seed"] = overrides.world_seed
    if overrides.judge is not None:
        changes["judge"] = None if overrides.judge == NOBODY else judge_reference(overrides.judge, Path.cwd())
    return suite.with_overrides(changes) if changes else suite


def _entry(name: str, own: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The suite's entry of that label, else a method of that name."""
    if name not in own and ".py:" not in name and name not in method_names():
        raise UnknownNameError("methods", "name", name, {*own, *method_names()})
    return own.get(name, {"name": name})


def _orders(suite: Suite, asked: str) -> object:
    """A design by name, orders of the suite by name (`order1,order3`), or an order spelt out (`a>b>c`)."""
    if asked.startswith(DESIGNS) and "," not in asked and not asked.startswith("all-"):
        return asked
    if ">" in asked:
        return [[task.strip() for task in order.split(">")] for order in asked.split(",")]
    own = {order.name: list(order.tasks) for order in orders_of(suite)}
    names = [name.strip() for name in asked.split(",")]
    for name in names:
        if name not in own:
            raise UnknownNameError("--orders", "order", name, [*own, *DESIGNS])
    return {name: own[name] for name in names}
