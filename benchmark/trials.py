"""The trials of one method, sampled by Optuna and kept in a journal file.

Only finished trials are kept, and what trial n tries depends on nothing but the n finished before it and the seed: a
search that was killed goes on where it stopped and finds what it would have found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState, create_trial

from lifealign_bench.benchmark.durable import explained
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest
from lifealign_bench.methods.search import Choices, Dimension, FloatRange, SearchSpace, Value

STARTUP = 5
"""Trials before TPE begins to model scores; the defaults, and random ones."""

DIGITS = 3
"""Significant digits of a number that is tried: more would only be harder to read."""

Config = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Trial:
    """What was tried and how it scored; without a score, the reason."""

    config: Config
    score: float | None
    reason: str | None = None


class Trials:
    """The finished trials of one search, in a journal that several searches may share, one process at a time: who opens
    it sees to that, with a lock that a dead process lets go of.

    Raises:
        InputError: the journal is damaged, or no journal.
        StoreError: it cannot be written.
    """

    def __init__(self, journal: Path, name: str, space: SearchSpace, defaults: Mapping[str, Value], seed: int) -> None:
        self.journal, self.space, self.defaults, self.seed = journal, space, dict(defaults), seed
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with explained(journal.parent):
            journal.parent.mkdir(parents=True, exist_ok=True)
            _drop_half_line(journal)
            try:
                storage = JournalStorage(JournalFileBackend(str(journal), _Unlocked(str(journal))))
                self._study = optuna.create_study(
                    storage=storage, study_name=name, direction="maximize", load_if_exists=True
                )
            except (ValueError, KeyError, AttributeError) as error:
                raise InputError(journal, "journal", f"{type(error).__name__}: {error}", "Optuna's journal") from error

    @property
    def finished(self) -> list[Trial]:
        """Every finished trial, in the order in which they were tried."""
        return [Trial(dict(trial.params), trial.value, trial.user_attrs.get("reason")) for trial in self._study.trials]

    def next_config(self) -> Config:
        """What to try next: the defaults first, then what TPE suggests after the finished trials."""
        finished = self._study.trials
        sampler = optuna.samplers.TPESampler(n_startup_trials=STARTUP, seed=_seed(self.seed, len(finished)))
        scratch = optuna.create_study(sampler=sampler, direction="maximize")
        scratch.add_trials(finished)
        if not finished:
            scratch.enqueue_trial(self.defaults)
        asked = scratch.ask(self._distributions)
        return {name: _rounded(value, self.space[name]) for name, value in asked.params.items()}

    def add(self, trial: Trial) -> None:
        """Keep a finished trial.

        Raises:
            StoreError: the journal cannot be written.
        """
        with explained(self.journal.parent):
            self._study.add_trial(_frozen(trial, self._distributions))

    @property
    def _distributions(self) -> dict[str, BaseDistribution]:
        return {name: _distribution(dimension) for name, dimension in self.space.items()}


class _Unlocked(JournalFileOpenLock):
    """In the place of Optuna's lock, a file that a killed process leaves behind and the next one waits for."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The trial with the highest score, of equal ones the first: the defaults win a tie. None without a score."""
    scored = [trial for trial in trials if trial.score is not None]
    return max(scored, key=lambda trial: trial.score or 0.0, default=None)


def _frozen(trial: Trial, distributions: dict[str, BaseDistribution]) -> FrozenTrial:
    done = trial.score is not None
    return create_trial(
        state=TrialState.COMPLETE if done else TrialState.FAIL,
        value=trial.score,
        params=dict(trial.config),
        distributions=distributions,
        user_attrs={} if done else {"reason": trial.reason},
    )


def _distribution(dimension: Dimension) -> BaseDistribution:
    if isinstance(dimension, Choices):
        return CategoricalDistribution(dimension.values)
    if isinstance(dimension, FloatRange):
        return FloatDistribution(dimension.low, dimension.high, log=dimension.log)
    return IntDistribution(dimension.low, dimension.high)


def _rounded(value: Value, dimension: Dimension) -> Value:
    if not isinstance(dimension, FloatRange):
        return value
    return min(max(float(f"{float(value):.{DIGITS}g}"), dimension.low), dimension.high)


def _seed(seed: int, number: int) -> int:
    return int(digest(["trial", seed, number])[:8], 16)


def _drop_half_line(journal: Path) -> None:
    """Cut off what a process that died in the middle of a write left behind the last whole line."""
    if not journal.is_file():
        return
    content = journal.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        journal.write_bytes(whole)
