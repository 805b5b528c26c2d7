"""What moves the board most: the spread of Last over the values of a varied field, beside that of orders and seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lifealign_bench.benchmark.statistics.agreement import agreement
from lifealign_bench.benchmark.statistics.board import Block
from lifealign_bench.benchmark.statistics.order_variance import order_sd
from lifealign_bench.leaderboard.variation.order_effects import means_by_order
from lifealign_bench.leaderboard.variation.reading import VariantBoard

ORDER, SEED = "order", "seed"


@dataclass(frozen=True, slots=True)
class FieldSpread:
    """How far one cause moves Last, in points.

    cause: a field of the suite, `order` or `seed`. values: how many were tried, the suite's own among them. sd: over
    the values, of each method's mean Last over the same runs; root mean square over methods. by_method: the same of
    each. apart: of the differences between methods, that is what moves their ranking and not the whole board. tau: the
    least agreement with the ranking as given, -1 to 1, None where it cannot be said. reason: why there is no sd.
    """

    cause: str
    values: int
    sd: float | None
    apart: float | None
    by_method: Mapping[str, float]
    tau: float | None
    reason: str | None = None


def field_spreads(variants: Sequence[VariantBoard]) -> tuple[FieldSpread, ...]:
    """The spread over every field that single variants change, over orders and over seeds; the largest first.

    Only runs that all values of a field have in common count. Order and seed are read from the suite as written.
    """
    plain = next((own for own in variants if not own.fields), None)
    if plain is None:
        return ()
    groups: dict[str, list[VariantBoard]] = {}
    for own in variants:
        if len(own.fields) == 1:
            groups.setdefault(next(iter(own.fields)), []).append(own)
    found = [_of_field(name, [plain, *others]) for name, others in groups.items()]
    found += [_of_runs(plain, ORDER), _of_runs(plain, SEED)]
    return tuple(sorted(found, key=lambda own: (own.sd is None, -(own.sd or 0.0), own.cause)))


def _of_field(name: str, variants: Sequence[VariantBoard]) -> FieldSpread:
    blocks = set.intersection(*(set(own.board.blocks) for own in variants))
    methods = [
        method for method in variants[0].board.sequential if all(method in own.board.methods for own in variants)
    ]
    if not blocks or not methods:
        return FieldSpread(name, len(variants), None, None, {}, None, "no run that all its values have")
    table = np.array([[_mean(own, method, blocks) for method in methods] for own in variants])
    return _spread(name, table, methods)


def _mean(own: VariantBoard, method: str, blocks: set[Block]) -> float:
    rows = [place for place, block in enumerate(own.board.blocks) if block in blocks]
    return float(own.last.means[own.board.methods.index(method), rows].mean())


def _of_runs(plain: VariantBoard, cause: str) -> FieldSpread:
    """Over orders with the seeds averaged, or over seeds within orders."""
    board, methods = plain.board, list(plain.board.sequential)
    orders = sorted({block.order for block in board.blocks})
    seeds = sorted({block.seed for block in board.blocks})
    if cause == ORDER:
        if len(orders) < 2:
            return FieldSpread(ORDER, len(orders), None, None, {}, None, "one order")
        table = np.array([[means_by_order(plain, method)[name] for method in methods] for name in orders])
        return _spread(ORDER, table, methods)
    if len(seeds) < 2:
        return FieldSpread(SEED, len(seeds), None, None, {}, None, "one seed")
    by_method = {name: order_sd(plain.last.means[board.methods.index(name)], board.runs).seed_sd for name in methods}
    known = {name: value for name, value in by_method.items() if value is not None}
    if not known:
        return FieldSpread(SEED, len(seeds), None, None, {}, None, "every order with every seed is needed")
    return FieldSpread(SEED, len(seeds), _root_mean_square(list(known.values())), None, known, None)


def _spread(cause: str, table: np.ndarray[tuple[int, int], np.dtype[np.float64]], methods: list[str]) -> FieldSpread:
    """table: (values, methods), the suite's own value first where the cause is a field."""
    sds = dict(zip(methods, table.std(axis=0, ddof=1).tolist(), strict=True))
    missing = [name for name, value in sds.items() if math.isnan(value)]
    if missing:
        return FieldSpread(cause, len(table), None, None, {}, None, f"{missing[0]} has no Last in some of its runs")
    apart = (table - table.mean(axis=1, keepdims=True)).std(axis=0, ddof=1) if len(methods) > 1 else None
    names = [f"{cause} {place}" for place in range(len(table))]
    taus = [cell.value for cell in agreement(table, names, methods).tau[0][1:]] if len(methods) > 1 else []
    known = [value for value in taus if value is not None]
    return FieldSpread(
        cause,
        len(table),
        _root_mean_square(list(sds.values())),
        None if apart is None else _root_mean_square(apart.tolist()),
        sds,
        min(known) if known and cause != ORDER else None,
    )


def _root_mean_square(values: Sequence[float]) -> float:
    return math.sqrt(statistics.fmean(value**2 for value in values))
