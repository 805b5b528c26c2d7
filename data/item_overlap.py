"""Tasks that are about the same things: which pairs of a task are drawn for the items that the next task has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Pair
from lifealign_bench.data.sources import prompt_key


def item_of(pair: Pair) -> str:
    """What a pair was made of, its prompt where the source says nothing."""
    return pair.item or prompt_key(pair.prompt)


def drawn_by_items(
    ordered: Mapping[str, Sequence[Pair]], wanted: Mapping[str, int], share: float
) -> dict[str, tuple[Pair, ...]]:
    """Of every task but the last, exactly `round(share x wanted)` pairs are of items that the next task learns from.

    ordered: all pairs of each task in the order in which they are drawn. The last task's are drawn as they come.

    Raises:
        InputError: a task has too few pairs of the next task's items, or of others; with the numbers.
    """
    names = list(ordered)
    found = {names[-1]: tuple(ordered[names[-1]][: wanted[names[-1]]])}
    for name, other in reversed(list(pairwise(names))):
        items = {item_of(pair) for pair in found[other]}
        inside = [pair.pair_id for pair in ordered[name] if item_of(pair) in items]
        outside = [pair.pair_id for pair in ordered[name] if item_of(pair) not in items]
        within = round(share * wanted[name])
        beside = wanted[name] - within
        if len(inside) < within or len(outside) < beside:
            said = f"{len(inside)} pairs of items of task {other}, {len(outside)} of others"
            raise InputError("condition", f"item_overlap of task {name}", said, f"at least {within} and {beside}")
        chosen = {*inside[:within], *outside[:beside]}
        found[name] = tuple(pair for pair in ordered[name] if pair.pair_id in chosen)
    return {name: found[name] for name in names}


def of_items(rows: Sequence[Pair], others: Sequence[Pair]) -> frozenset[str]:
    """The ids of the rows whose items the others have, too."""
    items = {item_of(pair) for pair in others}
    return frozenset(pair.pair_id for pair in rows if item_of(pair) in items)
