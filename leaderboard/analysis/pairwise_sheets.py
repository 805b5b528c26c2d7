"""The table of strengths from answers that were compared in pairs."""

from __future__ import annotations

from lifealign_bench.leaderboard.analysis.record import Compared
from lifealign_bench.leaderboard.analysis.sheets import NULL, Sheet, merged
from lifealign_bench.leaderboard.analysis.wording import counted


def pairwise_sheet(found: Compared) -> Sheet:
    """Strengths of one dimension, the best first."""
    rows = [
        (own.method, _two(own.value), _between(own.low, own.high), own.kind or NULL) for own in found.result.strengths
    ]
    notes = [f"{own.method}: {own.reason}" for own in found.result.strengths if own.reason]
    ties = "" if found.result.nu is None else f" Equal methods tie in {found.result.nu / (2 + found.result.nu):.0%}."
    return Sheet(
        f"Answers compared in pairs: {found.dimension}",
        f"Bradley and Terry's strengths from {counted(found.n_verdicts, 'comparison')} of the last answers in "
        f"{counted(found.n_runs, 'block')} (order, seed), {counted(found.n_prompts, 'prompt')}: a difference of 0.7 is "
        f"odds of two to one, 0 the mean of the methods.{ties}",
        ("method", "strength", "95 %", "speaks of"),
        tuple(rows),
        merged(notes),
    )  # fmt: skip


def _two(value: float | None) -> str:
    return NULL if value is None else f"{value:+.2f}".replace("-", "−")


def _between(low: float | None, high: float | None) -> str:
    return NULL if low is None or high is None else f"[{_two(low)}, {_two(high)}]"
