"""Statements about methods: who is ahead of whom, who is not told apart, and what it would take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from lifealign_bench.benchmark.statistics.comparison import Comparison
from lifealign_bench.benchmark.statistics.power import PairPower
from lifealign_bench.benchmark.statistics.ranking import Ranking
from lifealign_bench.benchmark.statistics.sign_flip import ALPHA, blocks_needed
from lifealign_bench.leaderboard.analysis.record import Level, Statement
from lifealign_bench.leaderboard.analysis.wording import between, chance, counted, number, points_of, strength
from lifealign_bench.leaderboard.visible import named


def method_statements(
    ranking: Ranking, power: Sequence[PairPower], difference: float, seeds: int, metric: str
) -> Iterator[Statement]:
    """Shown: every pair whose own test and interval separate it. For neighbours in the ranking that are not separated,
    seen: that one is ahead in these runs; open: that they are not told apart; both with what it would take."""
    needs = {frozenset((pair.first, pair.second)): pair for pair in power}
    by_pair = {frozenset((found.first, found.second)): found for found in ranking.comparisons}
    shown = {pair for pair, found in by_pair.items() if _separated(found)}
    for pair in by_pair:
        if pair in shown:
            yield _ahead(by_pair[pair], len(by_pair), metric)
    ranked = [row.method for row in ranking.ranks if row.rank is not None]
    for better, worse in pairwise(ranked):
        pair = frozenset((better, worse))
        if pair in by_pair and pair not in shown:
            yield _not_separated(by_pair[pair], needs, len(by_pair), difference, seeds, metric)


def _separated(found: Comparison) -> bool:
    """Both: other orders and seeds (the sign-flip test) and other prompts (the interval) leave the sign as it is."""
    own = found.difference
    if found.p_holm is None or found.p_holm >= ALPHA or own.low is None or own.high is None:
        return False
    return own.low * own.high > 0


def _ahead(found: Comparison, family: int, metric: str) -> Statement:
    own = found.difference
    value, low, high = own.value or 0.0, own.low or 0.0, own.high or 0.0
    names = (found.first, found.second)
    if value < 0:
        names, value, low, high = names[::-1], -value, -high, -low
    first, second = (named(name) for name in names)
    text = (
        f"{first} is ahead of {second} by {number(value)} {between(low, high)} {points_of(metric)} at the end (Last)."
    )
    p = 1.0 if found.p_holm is None else found.p_holm
    rule = (
        f"sign-flip test over {counted(found.n_blocks, 'block')} (order, seed): {chance(p)} after Holm over "
        f"{counted(family, 'pair')}; and the interval over runs and prompts leaves out 0"
    )
    limits = "On this base, these tasks and this budget; tuning may change it."
    return Statement(
        "methods", "shown", text, None, names, value, low, high, p, family, found.n_blocks, rule, limits,
        strength(value, p),
    )  # fmt: skip


def _not_separated(
    found: Comparison,
    needs: Mapping[frozenset[str], PairPower],
    family: int,
    difference: float,
    seeds: int,
    metric: str,
) -> Statement:
    own = found.difference
    value, low, high, names = own.value, own.low, own.high, (found.first, found.second)
    if value is not None and value < 0:
        value, names = -value, names[::-1]
        low, high = (None, None) if low is None or high is None else (-high, -low)
    first, second = (named(name) for name in names)
    required = _required(needs.get(frozenset(names)), found.n_blocks, family, difference, seeds)
    ahead = low is not None and low > 0
    size = "" if value is None else f" ({number(value)} {between(low, high)} {points_of(metric)} of Last)"
    level: Level = "seen" if ahead else "open"
    if ahead:
        blocks = counted(found.n_blocks, "block")
        text = f"In these runs {first} is ahead of {second}{size}; {blocks} do not show it for other orders and seeds"
    else:
        text = f"{first} and {second} are not told apart{size}"
    p = found.p_holm
    rule = f"sign-flip test over {counted(found.n_blocks, 'block')}: " + (
        "no block" if p is None else f"{chance(p)} after Holm over {counted(family, 'pair')}"
    )
    limits = "It does not say that they are equal."
    return Statement(
        "methods", level, f"{text}{required}.", None, names, value, low, high, p, family, found.n_blocks, rule, limits,
        0.0,
    )  # fmt: skip


def _required(pair: PairPower | None, blocks: int, family: int, difference: float, seeds: int) -> str:
    """What would be needed, as the end of a sentence."""
    least = blocks_needed(family)
    need = (
        None if pair is None else next((own for own in pair.needs if own.seeds == seeds), next(iter(pair.needs), None))
    )
    found = need.orders * need.seeds if need is not None and need.orders is not None else None
    several = counted(family, "comparison")
    if least is None:
        return f"; no number of blocks separates {several}"
    if found is None:
        reason = f" ({pair.reason})" if pair is not None and pair.reason else ""
        return f"; {several} need{'s' if family == 1 else ''} {least} blocks at least{reason}" if blocks < least else ""
    more = max(found, least) - blocks
    asked = f"a difference of {difference:g} points"
    if more <= 0:
        return f"; so many blocks find {asked} in 80 % of cases"
    because = f" ({several} need{'s' if family == 1 else ''} {least} in all)" if least > blocks else ""
    return f"; at least {counted(more, 'more block')} would be needed for {asked}{because}"
