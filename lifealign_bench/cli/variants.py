"""Variants of a suite on the command line: data conditions, grids, bases, one-field changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from lifealign_bench.benchmark.session import Session
    from lifealign_bench.benchmark.suite import Suite
    from lifealign_bench.benchmark.variants import Variant

Condition = Annotated[
    list[str] | None,
    typer.Option("--condition", help="field=value of the data condition, or of any part of the suite; repeatable."),
]
Grid = Annotated[
    list[str] | None,
    typer.Option("--grid", help="field=value,value: every combination with other --grid, repeatable or in one text."),
]
Vary = Annotated[
    list[str] | None,
    typer.Option("--vary", help="field=value,value: the suite as it is, then each value by itself; repeatable."),
]
Bases = Annotated[str | None, typer.Option("--bases", help="The same suite over several bases, comma-separated.")]


def variants_of(
    suite: Suite,
    condition: Sequence[str] | None,
    grid_of: Sequence[str] | None,
    vary: Sequence[str] | None,
    bases: str | None,
) -> tuple[Variant, ...]:
    """The variants that a command line asks for; the suite itself where it asks for none.

    Raises:
        InputError: a setting that cannot be read, or a suite that no value allows.
    """
    from lifealign_bench.benchmark.variants import crossed, grid, one_at_a_time, parse_settings
    from lifealign_bench.data.errors import InputError

    fixed = parse_settings(condition or (), "--condition")
    several = [name for name, values in fixed.items() if len(values) > 1]
    if several:
        raise InputError("--condition", several[0], "several values", "one; --grid takes several")
    if grid_of and vary:
        raise InputError("--vary", "together with", "--grid", "one of the two")
    found = grid(suite, fixed)
    if vary:
        settings = parse_settings(vary, "--vary")
        (start,) = found
        found = tuple(_after(start, further) for further in one_at_a_time(start.suite, settings))
    found = crossed(found, parse_settings(grid_of or (), "--grid"))
    names = [name.strip() for name in bases.split(",")] if bases else []
    return crossed(found, {"base.source": tuple(names)}) if names else found


def _after(start: Variant, further: Variant) -> Variant:
    from dataclasses import replace

    return replace(further, changed={**start.changed, **further.changed})


def open_variants(
    variants: Sequence[Variant], workspace: Path, console: Console, notice: Callable[[str], None]
) -> tuple[Session, ...]:
    """Sessions of all variants, each planned before any is run; of several, prints what they share.

    Raises:
        InputError: as `open_session`, for any of them.
    """
    from lifealign_bench.benchmark.session import open_variant

    sessions = tuple(open_variant(own, workspace, notice) for own in variants)
    if len(sessions) > 1:
        planned = sum(len(session.plan.graph.nodes) for session in sessions)
        distinct = {key for session in sessions for key in session.plan.graph.nodes}
        kept = sum(sessions[0].store.has(key) for key in distinct)
        line = f"{len(sessions)} variants: {planned:,} nodes, {len(distinct):,} distinct, {kept:,} of these are kept"
        console.print(line, markup=False, highlight=False)
    return sessions


def heading(session: Session) -> str:
    """What a variant is called above its output."""
    from lifealign_bench.benchmark.variant_records import condition_record, in_words

    suite = session.suite
    condition = condition_record(suite.condition, suite.data_seed, session.world.applied)
    return f"{suite.name}: {in_words(condition, session.plan.varied)}"
