"""Everything that variants of a suite say about order, bases and settings: computed once, kept as JSON, drawn later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.places import is_url
from lifealign_bench.leaderboard.variation.bases import BaseTable, base_table
from lifealign_bench.leaderboard.variation.order_effects import OrderEffect, order_effects
from lifealign_bench.leaderboard.variation.reading import VariantBoard, read_variants
from lifealign_bench.leaderboard.variation.spreads import ORDER, SEED, FieldSpread, field_spreads


@dataclass(frozen=True)
class Variation:
    """What can be said of variants; a part is empty where they do not speak of it.

    effects: where there are several data conditions. spreads: where a single field was changed. variants: of each its
    base, its words and its number of runs.
    """

    metric: str
    effects: tuple[OrderEffect, ...]
    bases: BaseTable | None
    spreads: tuple[FieldSpread, ...]
    variants: tuple[tuple[str, str, int], ...]


def variation(variants: Sequence[VariantBoard]) -> Variation:
    """The record of these variants, at least one."""
    effects = order_effects(variants)
    spreads = field_spreads(variants)
    return Variation(
        variants[0].board.metric,
        effects if len({own.condition for own in effects}) > 1 else (),
        base_table(variants),
        spreads if any(own.cause not in (ORDER, SEED) for own in spreads) else (),
        tuple((own.base, own.words, len(own.runs)) for own in variants),
    )


def board_variation(runs: Sequence[BoardRun], metric: str) -> Variation | str:
    """The record of a board's runs of one suite, or in words why there is none."""
    if any(is_url(run.folder) for run in runs):
        return "rows of variants are read from folders of this machine only"
    try:
        return variation(read_variants([Path(run.folder) for run in runs], metric))
    except InputError as error:
        return f"{error.found}; expected {error.expected}"
