"""How much the order matters in each data condition: a row per condition and method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.order_variance import OrderSd, SpreadRatio, order_sd, spread_ratio
from lifealign_bench.benchmark.statistics.variance import variance_split
from lifealign_bench.leaderboard.variation.reading import DATA, VariantBoard

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OrderEffect:
    """One method in one condition.

    last, worst: mean Last over runs, and of the worst order, in points. spread: over orders. p: permutation F-test of
    no order effect. against: the spread against the same orders of the condition as given, None in that one.
    """

    condition: str
    base: str
    method: str
    last: float
    worst: float
    spread: OrderSd
    p: float | None
    against: SpreadRatio | None


def order_effects(variants: Sequence[VariantBoard]) -> tuple[OrderEffect, ...]:
    """The order effects of every sequential method in every data condition; variants of anything else are left out.

    A method that lacks a number in some run of a condition has no row there.
    """
    shown = [own for own in variants if all(name.startswith(DATA) for name in own.without_base)]
    plain = {own.base: own for own in shown if not own.without_base}
    return tuple(
        _effect(own, method, plain.get(own.base))
        for own in shown
        for method in own.board.sequential
        if own.last.ran[own.board.methods.index(method)].all()
    )


def _effect(own: VariantBoard, method: str, plain: VariantBoard | None) -> OrderEffect:
    means = own.last.means[own.board.methods.index(method)]
    by_order = means_by_order(own, method)
    return OrderEffect(
        condition=own.words,
        base=own.base,
        method=method,
        last=float(means.mean()),
        worst=min(by_order.values()),
        spread=order_sd(means, own.board.runs),
        p=variance_split(means, own.board.runs).p,
        against=None if plain is None or plain is own else _against(plain, own, method),
    )


def means_by_order(own: VariantBoard, method: str) -> dict[str, float]:
    """Last of a method by order, the mean over seeds."""
    means = own.last.means[own.board.methods.index(method)]
    names = sorted({block.order for block in own.board.blocks})
    rows = {name: [place for place, block in enumerate(own.board.blocks) if block.order == name] for name in names}
    return {name: float(means[rows[name]].mean()) for name in names}


def _against(plain: VariantBoard, own: VariantBoard, method: str) -> SpreadRatio | None:
    if method not in plain.board.methods or not plain.last.ran[plain.board.methods.index(method)].all():
        return None
    first, second = means_by_order(plain, method), means_by_order(own, method)
    both = sorted(first.keys() & second.keys())
    return spread_ratio(np.array([first[name] for name in both]), np.array([second[name] for name in both]))
