"""`lifealign plan --power`: how many orders and seeds a difference needs, from the runs that are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from lifealign_bench.benchmark.statistics.board import Measured
    from lifealign_bench.benchmark.statistics.power import Need, PairPower, WidthNeed

NULL = "–"


def seen_board(results: Path, metric: str | None) -> Measured:
    """Last of every run below a folder, of a metric or of the runs' primary one.

    Raises:
        InputError: nothing was run yet, or runs that cannot be compared.
        UnknownNameError: a metric that has no number per prompt.
    """
    from lifealign_bench.benchmark.compact.opening import below
    from lifealign_bench.benchmark.runs import find_runs
    from lifealign_bench.benchmark.schema import RUN_FILE
    from lifealign_bench.benchmark.statistics.board import measured
    from lifealign_bench.benchmark.statistics.reading import read_board
    from lifealign_bench.data.errors import InputError

    if not results.is_dir() or not any(any(place.rglob(RUN_FILE)) for place in below(results)):
        expected = "runs whose variance can be seen: `lifealign run` a few blocks first, or name others with --from"
        raise InputError(results, "--power", "no runs", expected)
    primary = metric or find_runs(results)[0].record.primary_metric
    return measured(read_board(results, primary), "last")


def chosen_methods(found: Measured, methods: str | None) -> list[str]:
    """The sequential methods of a board, or those that the user named.

    Raises:
        UnknownNameError: a method without runs.
    """
    from lifealign_bench.data.errors import UnknownNameError

    known = list(found.board.sequential)
    names = known if methods is None else [name.strip() for name in methods.split(",")]
    for name in names:
        if name not in known:
            raise UnknownNameError("--methods", "method", name, known)
    return names


def show_pairs(console: Console, found: Measured, difference: float, pairs: Sequence[PairPower]) -> None:
    """Print what finding a difference between each two methods needs."""
    title = f"orders that find a difference of {difference:g} points of Last in 80 % of cases ({found.board.metric})"
    heads = ("methods", "blocks", "seen", "sd of a block", "of orders", "of seeds")
    rows = [
        (
            f"{pair.first} - {pair.second}",
            str(pair.n_blocks),
            *(_points(value) for value in (pair.seen, pair.block_sd, pair.order_sd, pair.seed_sd)),
        )
        for pair in pairs
    ]
    console.print(_table(title, heads, rows, [pair.needs for pair in pairs]))
    notes = {f"{pair.first} - {pair.second}": pair.reason for pair in pairs if pair.reason}
    _explain(console, found, notes, [pair.needs for pair in pairs])


def show_widths(console: Console, found: Measured, half_width: float, needs: Sequence[WidthNeed]) -> None:
    """Print what an interval of so many points to either side needs."""
    title = f"orders that bring the interval of Last to +-{half_width:g} points ({found.board.metric})"
    heads = ("method", "runs", "sd of a run", "+- of prompts")
    rows = [(need.method, str(need.n_runs), _points(need.run_sd), _points(need.prompts_half)) for need in needs]
    console.print(_table(title, heads, rows, [need.needs for need in needs]))
    notes = {need.method: need.reason for need in needs if need.reason}
    _explain(console, found, notes, [need.needs for need in needs])


def as_record(found: Measured, pairs: Sequence[PairPower], widths: Sequence[WidthNeed]) -> dict[str, object]:
    """What the tables show, as JSON values."""
    return {
        "metric": found.board.metric,
        "measure": found.measure,
        "power": 0.8,
        "alpha": 0.05,
        "pairs": [asdict(pair) for pair in pairs],
        "widths": [asdict(width) for width in widths],
    }


def _table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], needs: Sequence[Sequence[Need]]
) -> RenderableType:
    from rich.table import Table

    from lifealign_bench.leaderboard.rendering import plain

    seeds = sorted({need.seeds for own in needs for need in own})
    table = Table(title=plain(title), title_justify="left")
    for head in (*heads, *(f"orders at {count} seed{'s' if count > 1 else ''}" for count in seeds)):
        table.add_column(head, justify="left" if head == heads[0] else "right")
    for row, own in zip(rows, needs, strict=True):
        by_seeds = {need.seeds: need for need in own}
        cells = [_need(by_seeds.get(count)) for count in seeds]
        table.add_row(*(plain(text) for text in (*row, *cells)))
    return table


def _need(need: Need | None) -> str:
    if need is None:
        return NULL
    if need.orders is None:
        return "over 100,000"
    most = "?" if need.unlucky is None else f"{need.unlucky:,}"
    return f"{need.orders:,} (to {most})"


def _points(value: float | None) -> str:
    return NULL if value is None else f"{value:.2f}"


def _explain(console: Console, found: Measured, notes: dict[str, str], needs: Sequence[Sequence[Need]]) -> None:
    board = found.board
    lines = [
        f"from {len(board.blocks)} blocks of {len(board.orders)} orders; in brackets what is needed if the variance is "
        "at its upper 90 % bound; differences are tested over blocks (sign-flip, two-sided, 5 %)",
        *(f"{NULL} {name}: {reason}" for name, reason in notes.items()),
    ]
    if any(len(own) == 1 for own in needs):
        lines.append(f"{NULL} one seed an order: more seeds cannot be weighed against more orders")
    for line in lines:
        console.print(line, markup=False, highlight=False, style="dim")
