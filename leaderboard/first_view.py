"""What a reader sees before choosing anything: of runs that do not compare, those that are most; their metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from lifealign_bench.leaderboard.board_run import BoardRun

METHODS, VARIANTS, TUNED = "methods", "variants", "tuned settings"


def first_view(runs: Sequence[BoardRun]) -> tuple[tuple[BoardRun, ...], str]:
    """The runs and the metric that are shown where no filter is set; runs: at least one."""
    left = tuple(runs)
    for values_of in (suite_labels, base_labels, condition_labels, judge_labels):
        values = values_of(left)
        left = with_value(left, values, most_first(left, values)[0])
    left = shown_rows(left)
    return left, left[0].primary_metric


def variety(run: BoardRun) -> str:
    """What an entry is: a method under its own name, the same with its settings tuned, or with something changed."""
    if run.entry.label == run.entry.method:
        return METHODS
    return VARIANTS if run.tuning_origin == "defaults" else TUNED


def shown_rows(runs: Sequence[BoardRun], more: Collection[str] = ()) -> tuple[BoardRun, ...]:
    """Every run of the reader's own, and of what ships the methods, whatever own runs stand beside, and `more`."""
    beside, kept = {run.entry.beside for run in runs}, {METHODS, *more}
    return tuple(run for run in runs if not run.ships or run.entry.label in beside or variety(run) in kept)


def suite_labels(runs: Sequence[BoardRun]) -> dict[str, str]:
    """A label of what may be compared, by a run's folder: the suite, and where one suite is two, what tells them apart.

    Bases and conditions are told apart by filters of their own; runs of one suite whose comparability differs are not
    one board.
    """
    kinds: dict[str, dict[tuple[str, str], set[str]]] = {}
    for run in runs:
        kinds.setdefault(run.suite, {}).setdefault((run.base, run.condition), set()).add(run.scope)
    split = {suite for suite, own in kinds.items() if any(len(scopes) > 1 for scopes in own.values())}
    return {run.folder: f"{run.suite} [{run.scope[:6]}]" if run.suite in split else run.suite for run in runs}


def base_labels(runs: Sequence[BoardRun]) -> dict[str, str]:
    """The base model by a run's folder."""
    return {run.folder: run.base for run in runs}


def condition_labels(runs: Sequence[BoardRun]) -> dict[str, str]:
    """The data condition, and what else was varied, by a run's folder."""
    return {run.folder: run.condition for run in runs}


def judge_labels(runs: Sequence[BoardRun]) -> dict[str, str]:
    """The judge by a run's folder."""
    return {run.folder: run.judge for run in runs}


def most_first(runs: Sequence[BoardRun], values: Mapping[str, str]) -> list[str]:
    """The values of these runs, the one that most of the reader's own have first, then the one that most have."""
    counts = Counter(values[run.folder] for run in runs)
    own = Counter(values[run.folder] for run in runs if not run.ships)
    return sorted(counts, key=lambda value: (-own[value], -counts[value], value))


def with_value(runs: Sequence[BoardRun], values: Mapping[str, str], wanted: str) -> tuple[BoardRun, ...]:
    """The runs that have this value."""
    return tuple(run for run in runs if values[run.folder] == wanted)
