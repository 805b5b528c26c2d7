"""The trials of a `lifealign tune`, one after the other, with a line for each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from lifealign_bench.benchmark.suite import MethodEntry
    from lifealign_bench.benchmark.trials import Trial, Trials
    from lifealign_bench.benchmark.tuned_suite import TunedMethod
    from lifealign_bench.benchmark.tuning import Tuning
    from lifealign_bench.methods.search import SearchSpace


@dataclass
class Search:
    """The trials of all methods on one tuning stream; computed and spent: of this process alone, for the time left."""

    tuning: Tuning
    spaces: Mapping[str, SearchSpace]
    trials: int
    seed: int
    journal: Path
    console: Console
    workers: int | None
    done: int = 0
    computed: int = 0
    spent: float = 0.0

    @property
    def planned(self) -> int:
        """Trials in all: the same number for every method, one for those that have nothing to tune."""
        return sum(self._wanted(title) for title in self.spaces)

    def method(self, entry: MethodEntry) -> TunedMethod:
        """Every trial of one method: those that are kept, then new ones.

        Raises:
            LifeAlignError: no trial of it has a score.
            typer.Exit: the user stopped it.
        """
        from lifealign_bench.benchmark.trials import best_of
        from lifealign_bench.benchmark.tuned_suite import TrialRecord, TunedMethod
        from lifealign_bench.data.errors import LifeAlignError

        title, wanted = entry.title, self._wanted(entry.title)
        kept = self._trials(entry)
        finished = kept.finished[:wanted]
        for number in range(1, len(finished) + 1):
            self._show(title, finished[:number], None)
        while len(finished) < wanted:
            began = time.monotonic()
            kept.add(self._tried(entry, kept))
            took = time.monotonic() - began
            self.computed, self.spent = self.computed + 1, self.spent + took
            finished = kept.finished[:wanted]
            self._show(title, finished, took)
        best = best_of(finished)
        if best is None or best.score is None:
            raise LifeAlignError(
                f"method {title}: none of {wanted} trials has a score; the last: {finished[-1].reason}"
            )
        space = {name: str(dimension) for name, dimension in self.spaces[title].items()}
        records = [TrialRecord(config=dict(t.config), score=t.score, reason=t.reason) for t in finished]
        return TunedMethod(space=space, trials=tuple(records), selected=dict(best.config), score=best.score)

    def _wanted(self, title: str) -> int:
        return self.trials if self.spaces[title] else 1

    def _trials(self, entry: MethodEntry) -> Trials:
        """The search of a method; another one as soon as anything changes that decides a score, or the space."""
        from lifealign_bench.benchmark.trials import Trials
        from lifealign_bench.data.rows import digest

        space, plan = self.spaces[entry.title], self.tuning.session(entry, {}).plan
        config = plan.runs[0].method.config
        decides = {
            "nodes": [node.key for node in plan.graph.in_order()],
            "metric": plan.suite.primary_metric,
            "space": {name: repr(dimension) for name, dimension in space.items()},
            "seed": self.seed,
        }
        defaults = {name: getattr(config, name) for name in space}
        return Trials(self.journal, f"{entry.title}-{digest(decides)[:16]}", space, defaults, self.seed)

    def _tried(self, entry: MethodEntry, kept: Trials) -> Trial:
        from lifealign_bench.benchmark.trials import Trial
        from lifealign_bench.benchmark.tuning import trial_score
        from lifealign_bench.cli.run import watch

        config = kept.next_config()
        session = self.tuning.session(entry, config)
        outcome = watch(session, self.console, self.workers, lines=False)
        if outcome.failures:
            failure = outcome.failures[0]
            return Trial(config, None, f"{failure.node.label}: {failure.message}")
        score = trial_score(session)
        return Trial(config, score.value, score.reason)

    def _show(self, title: str, finished: Sequence[Trial], took: float | None) -> None:
        """The line of the last of these trials; took: its seconds, None where it was kept from an earlier command."""
        from lifealign_bench.benchmark.trials import best_of
        from lifealign_bench.cli.progress import clock

        self.done += 1
        trial, best = finished[-1], best_of(finished)
        score = "failed" if trial.score is None else f"{trial.score:.2f}"
        parts = [f"{title} {len(finished)}/{self._wanted(title)}: {score}"]
        parts += [f"best {best.score:.2f}"] if best is not None and best.score is not None else []
        parts += [shown(trial.config) + (" (defaults)" if len(finished) == 1 else "")]
        parts += [trial.reason] if trial.reason else []
        parts += ["kept" if took is None else clock(took), f"{self.done} of {self.planned} trials"]
        if self.computed:
            parts.append(f"about {clock(self.spent / self.computed * (self.planned - self.done))} left")
        self.console.print("; ".join(parts), markup=False, highlight=False, soft_wrap=True)


def shown(config: Mapping[str, object]) -> str:
    """Settings as people read them."""
    return ", ".join(f"{name} {value}" for name, value in config.items()) or "nothing to tune"
