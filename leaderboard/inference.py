"""Intervals, ranks and tests of a board, ready to stand beside its numbers; or why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.benchmark.statistics.board import measured
from lifealign_bench.benchmark.statistics.comparison import Comparison, compare_methods, method_intervals
from lifealign_bench.benchmark.statistics.crossed import Interval
from lifealign_bench.benchmark.statistics.measures import LINEAR_MEASURES
from lifealign_bench.benchmark.statistics.ranking import Rank, rank_methods
from lifealign_bench.benchmark.statistics.sign_flip import ALPHA, blocks_needed
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.least_forgetting import least_forgetting
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.ranking import ranking as means_of
from lifealign_bench.leaderboard.statistics_board import statistics_board
from lifealign_bench.leaderboard.visible import named

MOST_METHODS = 40
"""Every pair is compared, so that a page of more methods would keep its reader waiting."""
AWAITED = "…"


@dataclass(frozen=True)
class Inference:
    """What is known beyond the means. last, bwt: intervals by label. comparisons: of Last, corrected for all pairs.

    kept: BWT of the two methods that forget least, first less second, of this pair alone; None where there are not two.
    notes: what the intervals speak of, and why something is missing, each a sentence.
    """

    last: Mapping[str, Interval] = field(default_factory=dict)
    bwt: Mapping[str, Interval] = field(default_factory=dict)
    ranks: Mapping[str, Rank] = field(default_factory=dict)
    comparisons: tuple[Comparison, ...] = ()
    kept: Comparison | None = None
    notes: tuple[str, ...] = ()

    def between(self, first: str, second: str) -> Comparison | None:
        """The comparison of two methods, in whichever direction it was made."""
        names = {first, second}
        return next((found for found in self.comparisons if {found.first, found.second} == names), None)


def too_many(runs: Sequence[BoardRun]) -> str | None:
    """Why nothing is inferred on runs of so many methods, in a sentence; None where they are few enough."""
    count = len({run.entry.label for run in runs})
    if count <= MOST_METHODS:
        return None
    return (
        f"No intervals, ranks or tests: they compare every pair, for up to {MOST_METHODS} methods, and there are "
        f"{count}. Filters at the left leave fewer; Compare tests any two."
    )


def turned(found: Comparison) -> Comparison:
    """The same comparison, second less first."""
    own = found.difference
    # 0 less: a zero stays one without a sign.
    value, low, high = (None if one is None else 0.0 - one for one in (own.value, own.high, own.low))
    difference = replace(own, value=value, low=low, high=high)
    return replace(found, first=found.second, second=found.first, difference=difference)


def infer(rows: Rows, runs: Sequence[BoardRun], metric: str) -> Inference:
    """The inference on runs of one scope; without numbers, and with the reason in `notes`, where it cannot be made."""
    reason = too_many(runs)
    if reason is not None:
        return Inference(notes=(reason,))
    try:
        board = statistics_board(rows, runs, metric)
    except InputError as error:
        return Inference(notes=(f"No intervals: {error.found}; expected {error.expected}.",))
    last, bwt = measured(board, "last"), measured(board, "bwt")
    ranking = rank_methods(last)
    intervals = method_intervals(last)
    notes = _speak_of(intervals)
    if ranking.groups_reason:
        notes.append(f"No tie groups: {ranking.groups_reason}.")
    ranks = {rank.method: rank for rank in ranking.ranks}
    sequential = board.sequential
    best = [name for name in least_forgetting(means_of(runs, metric))["method"] if name in sequential][:2]
    kept = compare_methods(bwt, (best[0], best[1]))[0] if len(best) == 2 else None
    return Inference(intervals, method_intervals(bwt), ranks, ranking.comparisons, kept, tuple(notes))


_SPEAK_OF = {
    "these runs only": "these runs only: the prompts vary, the orders and seeds do not",
    "runs and prompts": "other runs and other prompts, too",
}


def speaks_of(kind: str) -> str:
    """What an interval of this kind speaks of, in words."""
    return _SPEAK_OF.get(kind, kind)


def _speak_of(intervals: Mapping[str, Interval]) -> list[str]:
    """What the intervals speak of; where that differs, whose speak of what, those of most methods as all others."""
    whose: dict[str, list[str]] = {}
    for label, found in intervals.items():
        if found.kind:
            whose.setdefault(found.kind, []).append(label)
    kinds = sorted(whose, key=lambda kind: (len(whose[kind]), kind))
    notes = [f"Intervals of {_listed(whose[kind])} speak of {_SPEAK_OF[kind]}." for kind in kinds[:-1]]
    beginning = "All other intervals" if notes else "Intervals"
    return [*notes, *(f"{beginning} speak of {_SPEAK_OF[kind]}." for kind in kinds[-1:])]


def _listed(labels: Sequence[str]) -> str:
    *first, last = [named(label) for label in sorted(labels)]
    return f"{', '.join(first)} and {last}" if first else last


def compare_two(
    rows: Rows, first: Sequence[BoardRun], second: Sequence[BoardRun], metric: str, measure: str
) -> Comparison | str:
    """First less second over the runs that both have, with its interval and p; or why there is no such number."""
    if measure not in LINEAR_MEASURES:
        return f"{measure} is no mean over prompts"
    try:
        board = statistics_board(rows, [*first, *second], metric)
    except InputError as error:
        return f"{error.found}; expected {error.expected}"
    names = (first[0].entry.label, second[0].entry.label)
    return compare_methods(measured(board, measure), names)[0]


def with_inference(frame: pd.DataFrame, found: Inference) -> pd.DataFrame:
    """The `ranking` with last_low, last_high, last_interval, bwt_interval, ranks and tie, where they are known."""
    if not found.last:
        return frame
    shown = frame.copy()
    labels = list(frame["method"])
    for measure, intervals in (("last", found.last), ("bwt", found.bwt)):
        own = [intervals.get(label) for label in labels]
        shown[f"{measure}_low"] = pd.Series([None if one is None else one.low for one in own], dtype=float)
        shown[f"{measure}_high"] = pd.Series([None if one is None else one.high for one in own], dtype=float)
        shown[f"{measure}_interval"] = [interval_text(one) for one in own]
    ranks = [found.ranks.get(label) for label in labels]
    shown["ranks"] = ["" if one is None or one.low is None else f"{one.low} to {one.high}" for one in ranks]
    shown["tie"] = pd.Series([None if one is None else one.group for one in ranks], dtype="Int64")
    return shown.drop(columns="last_se")


def awaiting(frame: pd.DataFrame) -> pd.DataFrame:
    """The `ranking` with the columns of `with_inference` before their numbers are there: nothing moves then."""
    shown = frame.copy()
    for name in ("last_interval", "bwt_interval", "ranks"):
        shown[name] = AWAITED
    shown["tie"] = pd.Series([None] * len(shown), dtype="Int64")
    return shown.drop(columns="last_se")


def place_in_words(found: Inference, method: str, metric: str) -> str:
    """What the row on top of a ranking is: the first alone where its rank's interval says so."""
    rank = found.ranks.get(method)
    if rank is not None and rank.high == 1:
        return "First"
    return "Lowest mean" if metric in LOWER_IS_BETTER else "Highest mean"


def interval_text(found: Interval | None) -> str:
    """Where it lies, to one digit; empty where there is none."""
    if found is None or found.low is None or found.high is None:
        return ""
    return f"{found.low:.1f} to {found.high:.1f}".replace("-", "−")


def alone_in_words(found: Comparison | None) -> str:
    """What the test of a difference says of this pair alone; empty where there is none."""
    if found is None or found.p is None:
        return ""
    return f"{_verdict(found, found.p)}{_tail(found, 'for this pair alone')}."


def in_words(found: Comparison | None) -> str:
    """What a comparison, corrected for all pairs of a board, says about a difference; empty where there is none."""
    if found is None or found.p_holm is None:
        return ""
    return f"{_verdict(found, found.p_holm)}{_tail(found, 'corrected for all pairs of methods on this board')}."


def pair_in_words(found: Comparison) -> str:
    """The difference of two methods with its interval, and what its test says; empty where they share no run."""
    interval = found.difference
    if found.p is None or interval.value is None:
        return ""
    shown = f"{named(found.first)} less {named(found.second)}: {interval.value:+.1f} {CHANGE_UNIT}"
    if interval.low is not None and interval.high is not None:
        shown += f" (95 % interval {interval.low:+.1f} to {interval.high:+.1f})"
    return f"{shown.replace('-', '−')}. {alone_in_words(found)}"


def _verdict(found: Comparison, p: float) -> str:
    runs = f"{found.n_blocks} paired run{'s' if found.n_blocks > 1 else ''}"
    if found.smallest_p >= ALPHA:
        return f"Not shown to be real: {runs} can give no p under {found.smallest_p:.2g}; {blocks_needed()} are needed"
    shown = p_in_words(p)
    own = found.difference
    holds_0 = own.low is None or own.high is None or own.low * own.high <= 0
    if p < ALPHA and holds_0:
        # Where methods take orders differently the test over runs alone is wrong too often.
        return f"Not shown to be more than chance: {shown} over {runs}, but the interval holds 0"
    verdict = "Real, as far as these runs can tell" if p < ALPHA else "Not shown to be more than chance"
    return f"{verdict}: {shown} over {runs}"


def p_in_words(p: float) -> str:
    """A p-value as people read it."""
    return "p under 0.001" if p < 0.001 else f"p = {p:.2g}"


def _tail(found: Comparison, words: str) -> str:
    return f", {words}" if found.smallest_p < ALPHA else ""
