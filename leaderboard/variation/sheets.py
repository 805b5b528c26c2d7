"""What variants show, as tables for terminal, JSON and pages, and the sentences above them."""

from __future__ import annotations

from collections.abc import Sequence

from lifealign_bench.leaderboard.inference import p_in_words
from lifealign_bench.leaderboard.order_agreement import line_in_words
from lifealign_bench.leaderboard.shown import Column, Table, text_table
from lifealign_bench.leaderboard.variation.bases import BaseTable
from lifealign_bench.leaderboard.variation.order_effects import OrderEffect
from lifealign_bench.leaderboard.variation.spreads import ORDER, SEED, FieldSpread

POINTS = "points"
ALPHA = 0.05


def order_effect_table(effects: Sequence[OrderEffect]) -> Table:
    """A row per condition, base and method."""
    bases = len({own.base for own in effects}) > 1
    rows = [
        {
            "condition": own.condition,
            **({"base": own.base} if bases else {}),
            "method": own.method,
            "last": own.last,
            "worst": own.worst,
            "order_sd": own.spread.value,
            "interval": _between(own.spread.low, own.spread.high),
            "seed_sd": own.spread.seed_sd,
            "p": own.p,
            "ratio": None if own.against is None else own.against.ratio,
            "ratio_p": None if own.against is None else own.against.p,
            "orders": own.spread.orders,
            "seeds": own.spread.seeds,
        }
        for own in effects
    ]
    columns = [
        Column("condition", "Condition", pinned=True),
        *([Column("base", "Base")] if bases else []),
        Column("method", "Method", pinned=True),
        Column("last", f"Last, {POINTS}", 1),
        Column("worst", "Worst order", 1),
        Column("order_sd", "Order SD", 2, "Standard deviation over orders, the seeds' part subtracted."),
        Column("interval", "95 % interval", help="Williams' interval of the order's standard deviation."),
        Column("seed_sd", "Seed SD", 2, "Over seeds and all else within an order."),
        Column("p", "p, no order effect", 3),
        Column("ratio", "x as given", 2, "Spread over orders against the same orders of the condition as given."),
        Column("ratio_p", "p of it", 3),
        Column("orders", "Orders", 0),
        Column("seeds", "Seeds", 0),
    ]
    return text_table("order-effects", rows, columns)


def order_effect_words(effects: Sequence[OrderEffect]) -> list[str]:
    """What the table says of spreads that differ between conditions, a sentence each."""
    found = []
    for own in effects:
        ratio = own.against
        if ratio is None or ratio.ratio is None or ratio.p is None:
            continue
        where = f"{own.method}, {own.condition}: orders spread {ratio.ratio:.2f} times as far as they do as given"
        if ratio.smallest_p > ALPHA:
            least = f"{ratio.orders} orders can give no p under {ratio.smallest_p:.2g}"
            found.append(f"{where}; {least}: nothing is shown.")
        else:
            said = "more than chance" if ratio.p <= ALPHA else "not shown to be more than chance"
            found.append(f"{where}: {said} ({p_in_words(ratio.p)}, {ratio.orders} orders).")
    return found


def base_sheet(table: BaseTable) -> Table:
    """A row per method, a column per base."""
    names = [f"base {place}" for place in range(len(table.bases))]
    rows = []
    for method, cells in zip(table.methods, table.cells, strict=True):
        shown = {name: None if cell is None else cell.value for name, cell in zip(names, cells, strict=True)}
        ends = {
            f"{name} interval": "" if cell is None else _between(cell.low, cell.high)
            for name, cell in zip(names, cells, strict=True)
        }
        rows.append({"method": method, **shown, **ends})
    columns = [Column("method", "Method", pinned=True)]
    for name, base in zip(names, table.bases, strict=True):
        columns += [Column(name, f"{base}, Last", 1), Column(f"{name} interval", f"{base}, 95 %")]
    return text_table("bases", rows, columns)


def base_words(table: BaseTable) -> list[str]:
    """How far the bases rank the methods alike, with the line of chance."""
    found = table.agreement
    texts = []
    for first in range(len(table.bases)):
        for second in range(first + 1, len(table.bases)):
            tau = found.tau[first][second]
            pair = f"{table.bases[first]} and {table.bases[second]}"
            shown = f"Kendall's tau {tau.value:.2f}" if tau.value is not None else f"no Kendall's tau: {tau.reason}"
            texts.append(f"{pair}: {shown} over {len(found.methods)} ranked methods.")
    return texts + line_in_words(found, "bases", "on some base")


def spread_table(spreads: Sequence[FieldSpread]) -> Table:
    """A row per cause, the one that moves Last most first."""
    rows = [
        {
            "cause": own.cause,
            "values": own.values,
            "sd": own.sd,
            "apart": own.apart,
            "tau": own.tau,
            "most": max(own.by_method, key=lambda name: own.by_method[name], default=""),
            "reason": own.reason or "",
        }
        for own in spreads
    ]
    columns = [
        Column("cause", "What is varied", pinned=True),
        Column("values", "Values", 0),
        Column("sd", "SD of Last, points", 2, "Root mean square over methods."),
        Column("apart", "Methods apart, points", 2, "Of the differences between methods alone."),
        Column("tau", "Least tau", 2, "With the ranking as given."),
        Column("most", "Moves most"),
        Column("reason", "No number because"),
    ]
    return text_table("spreads", rows, columns)


def spread_words(spreads: Sequence[FieldSpread]) -> list[str]:
    """What moves the board most, in a sentence."""
    known = [own for own in spreads if own.sd is not None]
    if not known:
        return []
    first = known[0]
    named = {ORDER: "the order of the tasks", SEED: "the seed"}.get(first.cause, first.cause)
    texts = [f"Of what was varied, {named} moves Last most: {first.sd:.2f} points (standard deviation)."]
    few = [own.cause for own in known if own.values < 3 and own.cause != SEED]
    if few:
        texts.append(f"Of two values each, so hardly an estimate: {', '.join(few)}.")
    return texts


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.1f} to {high:.1f}"
