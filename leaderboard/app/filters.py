"""The filters of the sidebar: what is shown, kept in the address, so that a link shows the same to others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import streamlit as st

from lifealign_bench.leaderboard.app.widgets import PICTURES, escaped
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.first_view import (
    METHODS,
    base_labels,
    condition_labels,
    judge_labels,
    most_first,
    shown_rows,
    suite_labels,
    variety,
    with_value,
)
from lifealign_bench.leaderboard.metric_names import in_reading_order, metric_name
from lifealign_bench.leaderboard.trust import DIVISIONS, TRUST, in_words
from lifealign_bench.leaderboard.visible import named

ANY = "any"


@dataclass(frozen=True, slots=True)
class Filtered:
    """The runs that are left, the metric, and the query parameters that say how they were chosen."""

    runs: tuple[BoardRun, ...]
    metric: str
    parameters: dict[str, str]


@dataclass
class _Choosing:
    """What was chosen so far, and what there was no choice of, each said in a line."""

    chosen: dict[str, str] = field(default_factory=dict)
    alone: list[str] = field(default_factory=list)

    def select(self, key: str, label: str, options: Sequence[str], words: str | None = None) -> str:
        """One of these options; a box only where there are two."""
        if len(options) == 1:
            self.alone.append(f"{label}: {named(options[0])}")
            return options[0]
        value = st.selectbox(label, options, key=key, bind="query-params", help=words)
        if value is not None and value != options[0]:
            self.chosen[key] = value
        return value or options[0]

    def one_of(self, runs: Sequence[BoardRun], key: str, label: str, values: dict[str, str]) -> tuple[BoardRun, ...]:
        """Runs with the chosen one of their values; the value that most runs have is the default."""
        return with_value(runs, values, self.select(key, label, most_first(runs, values)))

    def reference_rows(self, runs: Sequence[BoardRun]) -> tuple[BoardRun, ...]:
        """Of what ships the methods alone, unless more is asked for; a box only where there is more."""
        more = sorted({variety(run) for run in runs if run.ships} - {METHODS})
        if not more:
            return tuple(runs)
        options = {METHODS: [], **{f"{METHODS} and {kind}": [kind] for kind in more}, "all": more}
        return shown_rows(runs, options[self.select("rows", "Reference rows", list(options))])

    def any_of(self, key: str, label: str, values: Iterable[str], words: str | None = None) -> str:
        """One of these values, or any."""
        known = sorted(set(values))
        return self.select(key, label, (ANY, *known) if len(known) != 1 else known, words)


def choose(runs: Sequence[BoardRun]) -> Filtered:
    """Draw the filters and apply them."""
    made = _Choosing()
    place = st.container()
    runs = made.one_of(runs, "suite", "Suite", suite_labels(runs))
    runs = made.one_of(runs, "base", "Base model", base_labels(runs))
    runs = made.one_of(runs, "condition", "Condition", condition_labels(runs))
    runs = made.one_of(runs, "judge", "Judge", judge_labels(runs))
    runs = made.reference_rows(runs)
    metrics = in_reading_order((name for run in runs for name in run.metrics), runs[0].primary_metric)
    # The address holds what people read, so the titles are the options.
    titles = {metric_name(name).title: name for name in metrics}
    metric = titles[made.select("metric", "Metric", list(titles))]
    own = [run for run in runs if not run.entry.is_reference]
    identity = made.any_of("answers", "When it answers", (_needs(run) for run in own))
    fidelity = made.any_of("fidelity", "Fidelity", (run.entry.fidelity for run in own))
    trust = made.any_of("trust", "Trust", (run.trust for run in runs), in_words(TRUST))
    division = made.any_of("division", "Division", (run.division for run in runs), in_words(DIVISIONS))
    picture = st.radio("Pictures are saved as", PICTURES, key="picture", horizontal=True, bind="query-params")
    if picture and picture != PICTURES[0]:
        made.chosen["picture"] = str(picture)
    if made.alone:
        place.caption("  \n".join(escaped(text) for text in made.alone))
    left = tuple(run for run in runs if _fits(run, identity, fidelity, trust, division))
    return Filtered(left, metric, made.chosen)


def _needs(run: BoardRun) -> str:
    return "task-aware" if run.entry.needs_task_identity else "task-free"


def _fits(run: BoardRun, identity: str, fidelity: str, trust: str, division: str) -> bool:
    # References are what all are read against, whatever is asked of the contestants.
    asked = ((identity, _needs(run)), (fidelity, run.entry.fidelity), (trust, run.trust), (division, run.division))
    return run.entry.is_reference or all(wanted in (ANY, found) for wanted, found in asked)
