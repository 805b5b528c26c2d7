"""Which runs stand on one board, where results hold several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.benchmark.variant_records import in_words
from lifealign_bench.data.errors import InputError

Scope = tuple[str, str, str, str]


def select_runs(
    results: Sequence[Path],
    suite: str | None = None,
    judge: str | None = None,
    key: str | None = None,
    condition: str | None = None,
    base: str | None = None,
) -> tuple[StoredRun, ...]:
    """The runs of the one board that these choices leave: one suite, comparability key, base and condition.

    suite: its name. judge: the name of one, or `none`. key: the beginning of a comparability key. condition: in words,
    as the board shows it. base: its source.

    Raises:
        InputError: no runs, none that fits, or several boards; names those there are.
    """
    boards = boards_of(find_runs(list(results)))
    chosen = {
        scope: runs
        for scope, runs in boards.items()
        if condition in (None, scope[-1]) and base in (None, runs[0].record.model.source)
    }
    fitting = {scope: runs for scope, runs in chosen.items() if _fits(runs[0], suite, judge, key)}
    where = ", ".join(str(place) for place in results)
    if not fitting:
        raise InputError(where, "board", "none with this suite, judge and key", _listed(boards))
    if len(fitting) > 1:
        expected = f"one, chosen by --suite, --judge, --key, --base or --condition, of {_listed(fitting)}"
        raise InputError(where, "board", f"{len(fitting)} boards that may not be compared", expected)
    return tuple(next(iter(fitting.values())))


def boards_of(runs: Sequence[StoredRun]) -> dict[Scope, list[StoredRun]]:
    """Runs that may stand on one board, by suite, comparability key, base and condition."""
    boards: dict[Scope, list[StoredRun]] = {}
    for run in runs:
        record = run.record
        words = in_words(record.condition, record.varied)
        scope = (record.suite.name, record.comparability_key, record.model.weights_sha256, words)
        boards.setdefault(scope, []).append(run)
    return boards


def _fits(run: StoredRun, suite: str | None, judge: str | None, key: str | None) -> bool:
    names = {own.name for own in run.record.judges} or {"none"}
    return (
        suite in (None, run.record.suite.name)
        and (judge is None or judge in names)
        and run.record.comparability_key.startswith(key or "")
    )


def _listed(boards: dict[Scope, list[StoredRun]]) -> str:
    described = [
        f"{suite} (judge {', '.join(own.name for own in runs[0].record.judges) or 'none'}, key {key[:8]}, "
        f"base {runs[0].record.model.source}, {words}, {len(runs)} runs)"
        for (suite, key, _, words), runs in sorted(boards.items())
    ]
    return "; ".join(described)
