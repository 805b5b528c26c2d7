"""Numbers that take long: a page is drawn without them at once, and again when they are there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from time import monotonic

import streamlit as st

from lifealign_bench.benchmark.statistics.comparison import Comparison
from lifealign_bench.leaderboard.analysis.record import MetricAnalysis
from lifealign_bench.leaderboard.app.source import Source
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.inference import Inference, too_many
from lifealign_bench.leaderboard.questions import Answer, Question
from lifealign_bench.leaderboard.variation.record import Variation

TICK_SECONDS = 0.5


class Pending:
    """What stands for an answer that is being computed."""

    text = "Intervals and tests are being computed …"


@dataclass
class Later:
    """Hands out the answers that are known; a page that missed one is drawn again when it is there."""

    source: Source
    _missed: list[Future[Answer]] = field(default_factory=list)

    def infer(self, runs: Sequence[BoardRun], metric: str) -> Inference:
        """The inference on these runs, or a note on why it is not there."""
        reason = too_many(runs)
        if reason is not None:
            return Inference(notes=(reason,))
        found = self._ask(Question("inference", _folders(runs), metric), runs)
        if isinstance(found, Inference):
            return found
        return Inference(notes=(Pending.text if isinstance(found, Pending) else f"No intervals: {found}.",))

    def analyse(self, runs: Sequence[BoardRun], metric: str) -> MetricAnalysis | Pending | str:
        """Everything of a report about one metric, or in words why it is not there."""
        reason = too_many(runs)
        if reason is not None:
            return reason
        found = self._ask(Question("analysis", _folders(runs), metric), runs)
        return found if isinstance(found, MetricAnalysis | Pending) else str(found)

    def compare(
        self, first: Sequence[BoardRun], second: Sequence[BoardRun], metric: str, measure: str
    ) -> Comparison | Pending | str:
        """First less second, or in words why there is no such number."""
        runs = [*first, *second]
        question = Question("pair", _folders(runs), metric, measure, _folders(first))
        found = self._ask(question, runs)
        return found if isinstance(found, Comparison | Pending) else str(found)

    def vary(self, runs: Sequence[BoardRun], metric: str) -> Variation | Pending | str:
        """What variants of one suite say, or in words why it is not there."""
        found = self._ask(Question("variation", _folders(runs), metric), runs)
        return found if isinstance(found, Variation | Pending) else str(found)

    def wait(self) -> bool:
        """Wait for what was missed, saying so; whether there was any, so that the page is to be drawn again."""
        if not self._missed:
            return False
        place, begun = st.empty(), monotonic()
        # Drawing is what lets Streamlit end this run when its reader has gone on to another page.
        while wait(self._missed, timeout=TICK_SECONDS).not_done:
            place.caption(f"{Pending.text} {monotonic() - begun:.0f} s")
        return True

    def _ask(self, question: Question, runs: Sequence[BoardRun]) -> Answer | Pending:
        found = self.source.ask(question, runs)
        if found.done():
            return found.result()
        self._missed.append(found)
        return Pending()


def _folders(runs: Sequence[BoardRun]) -> tuple[str, ...]:
    return tuple(run.folder for run in runs)
