"""What methods refuse, in a report: of boards that were asked a safety set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from pydantic import TypeAdapter

from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.leaderboard.analysis.record import Analysis, Refused
from lifealign_bench.leaderboard.analysis.sheets import NULL, Sheet
from lifealign_bench.leaderboard.analysis.wording import between, number
from lifealign_bench.leaderboard.variation.refusal_counts import count
from lifealign_bench.leaderboard.variation.refusal_rows import safety_rows
from lifealign_bench.leaderboard.variation.refusals import refusal_numbers


def refused(runs: Sequence[StoredRun]) -> tuple[Refused, ...]:
    """A record per method and attack, empty where no run was asked a safety set.

    Raises:
        InputError: rows that cannot be read.
    """
    rows = safety_rows(runs)
    names = [own.name for own in fields(Refused)]
    found = refusal_numbers(count(rows)) if len(rows) else []
    one = TypeAdapter(Refused)
    return tuple(one.validate_python({name: row[name] for name in names}) for row in found)


def refusal_sheets(found: Analysis) -> Iterator[Sheet]:
    """One table, where there is anything to show."""
    if not found.refusals:
        return
    items = max(own.items for own in found.refusals)
    yield Sheet(
        "Refusals",
        f"Answers to prompts that no task trains on, harmful ones made of {items} items: the share of these that gives "
        "what was asked for, at the base, at its lowest after a stage and after the last task; then the share of "
        "harmless look-alikes that is declined. Per cent; intervals draw prompts of one item together and speak of "
        "these runs only.",
        ("method", "attack", "base", "lowest", "last", "95 %", "lost again", "over-refusal", "95 % of it"),
        tuple(_row(own) for own in found.refusals),
        texts=2,
    )


def _row(own: Refused) -> tuple[str, ...]:
    lost = None if own.last is None or own.lowest is None else own.last - own.lowest
    shares = [NULL if value is None else number(value) for value in (own.base, own.lowest, own.last, lost, own.over)]
    ends = (between(own.last_low, own.last_high) or NULL, between(own.over_low, own.over_high) or NULL)
    return (own.method, own.attack, *shares[:3], ends[0], *shares[3:], ends[1])
