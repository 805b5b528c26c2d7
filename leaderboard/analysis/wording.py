"""How numbers and names stand in sentences."""

from __future__ import annotations

import math

from lifealign_bench.benchmark.statistics.estimates import Estimate
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.shown import Rounded
from lifealign_bench.leaderboard.visible import named

LEAST_P = 1e-6
"""Evidence beyond this counts no more where statements are sorted."""


def points_of(metric: str) -> str:
    """`points of preference accuracy`."""
    return f"points of {named(metric_name(metric).title.lower())}"


def number(value: float, sign: bool = False) -> str:
    """One digit after the point and a minus sign that is one; never a negative 0."""
    shown = f"{value:+.1f}" if sign else f"{value:.1f}"
    shown = shown.replace("-0.0", "0.0").replace("+0.0", "0.0")
    return Rounded(shown.replace("-", "−"), value)


def between(low: float | None, high: float | None) -> str:
    """`[−3.1, 2.0]`, or nothing where there is no interval."""
    return "" if low is None or high is None else Rounded(f"[{number(low)}, {number(high)}]", f"[{low}, {high}]")


def give_or_take(estimate: Estimate) -> str:
    """The size of an estimate and half its 95 % interval: `12.3 ± 2.1`."""
    if estimate.value is None:
        return ""
    half = "" if estimate.low is None or estimate.high is None else f" ± {number((estimate.high - estimate.low) / 2)}"
    return f"{number(abs(estimate.value))}{half}"


def chance(p: float) -> str:
    """`p = 0.012`, or `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {min(1.0, p):.2f}"


def strength(value: float | None, p: float | None) -> float:
    """Size in points times -log10 p; 0 where either is not known."""
    if value is None or p is None:
        return 0.0
    return abs(value) * -math.log10(min(1.0, max(p, LEAST_P)))


def counted(count: int, word: str) -> str:
    """`1 run`, `3 runs`."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def who(method: str | None, over: int) -> str:
    """A method's name, or `mean over 8 methods`."""
    return f"mean over {counted(over, 'method')}" if method is None else named(method)
