"""The filters of the sidebar: what is shown, kept in the address, so that a link shows the same to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from lifealign_bench.leaderboard.app.widgets import PICTURES
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.metric_names import in_reading_order, metric_name
from lifealign_bench.leaderboard.trust import DIVISIONS, TRUST, in_words

ANY = "any"
IDENTITY = ("any", "task-free", "task-aware")


@dataclass(frozen=True, slots=True)
class Filtered:
    """The runs that are left, the metric, and the query parameters that say how they were chosen."""

    runs: tuple[BoardRun, ...]
    metric: str
    parameters: dict[str, str]


def choose(runs: Sequence[BoardRun]) -> Filtered:
    """Draw the filters and apply them."""
    chosen: dict[str, str] = {}
    runs = _one_of(runs, "suite", "Suite", suite_labels(runs), chosen)
    runs = _one_of(runs, "base", "Base model", {run.folder: run.base for run in runs}, chosen)
    runs = _one_of(runs, "judge", "Judge", {run.folder: run.judge for run in runs}, chosen)
    metrics = in_reading_order((name for run in runs for name in run.metrics), runs[0].primary_metric)
    # The address holds what people read, so the titles are the options.
    titles = {metric_name(name).title: name for name in metrics}
    metric = titles[_select("metric", "Metric", list(titles), chosen)]
    identity = _select("answers", "When it answers", IDENTITY, chosen)
    fidelity = _select("fidelity", "Fidelity", (ANY, *sorted({run.entry.fidelity for run in runs})), chosen)
    trust = _select("trust", "Trust", (ANY, *sorted({run.trust for run in runs})), chosen, in_words(TRUST))
    division = _select(
        "division", "Division", (ANY, *sorted({run.division for run in runs})), chosen, in_words(DIVISIONS)
    )
    picture = st.radio("Pictures are saved as", PICTURES, key="picture", horizontal=True, bind="query-params")
    if picture and picture != PICTURES[0]:
        chosen["picture"] = str(picture)
    left = tuple(run for run in runs if _fits(run, identity, fidelity, trust, division))
    return Filtered(left, metric, chosen)


def suite_labels(runs: Sequence[BoardRun]) -> dict[str, str]:
    """A label of what may be compared, by a run's folder: the suite, and where one suite is two, what tells them apart.

    Bases are told apart by a filter of their own; runs of one suite whose comparability differs are not one board.
    """
    kinds: dict[str, dict[str, set[str]]] = {}
    for run in runs:
        kinds.setdefault(run.suite, {}).setdefault(run.base, set()).add(run.scope)
    split = {suite for suite, bases in kinds.items() if any(len(scopes) > 1 for scopes in bases.values())}
    return {run.folder: f"{run.suite} [{run.scope[:6]}]" if run.suite in split else run.suite for run in runs}


def _one_of(
    runs: Sequence[BoardRun], key: str, label: str, values: dict[str, str], chosen: dict[str, str]
) -> tuple[BoardRun, ...]:
    """Runs with the chosen one of their values; the value that most runs have is the default."""
    counts: dict[str, int] = {}
    for run in runs:
        counts[values[run.folder]] = counts.get(values[run.folder], 0) + 1
    options = sorted(counts, key=lambda value: (-counts[value], value))
    value = _select(key, label, options, chosen)
    return tuple(run for run in runs if values[run.folder] == value)


def _select(key: str, label: str, options: Sequence[str], chosen: dict[str, str], words: str | None = None) -> str:
    value = st.selectbox(label, options, key=key, bind="query-params", disabled=len(options) == 1, help=words)
    if value is not None and value != options[0]:
        chosen[key] = value
    return value or options[0]


def _fits(run: BoardRun, identity: str, fidelity: str, trust: str, division: str) -> bool:
    needs = "task-aware" if run.entry.needs_task_identity else "task-free"
    # References are what all are read against, whatever is asked of the contestants.
    asked = ((identity, needs), (fidelity, run.entry.fidelity), (trust, run.trust), (division, run.division))
    return run.entry.is_reference or all(wanted in (ANY, found) for wanted, found in asked)
