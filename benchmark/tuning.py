"""Tuning on a stream that shares no evaluated row with the suite: what a trial computes and how it scores."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lifealign_bench.benchmark.cell_score import Score
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.judge_scoring import collapsed, score_judgments
from lifealign_bench.benchmark.matrix import Cell, Matrix
from lifealign_bench.benchmark.metrics import last
from lifealign_bench.benchmark.plan import Plan, Run, make_plan
from lifealign_bench.benchmark.rows_of_run import Gatherer
from lifealign_bench.benchmark.scoring import score_answers, score_pairs
from lifealign_bench.benchmark.session import Overrides, Session, overridden
from lifealign_bench.benchmark.stages import Evaluated
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import MethodEntry, Suite
from lifealign_bench.benchmark.suite_orders import orders_of
from lifealign_bench.benchmark.workspaces import open_store
from lifealign_bench.benchmark.world import LoadedWorld, load_world
from lifealign_bench.data.tuning_stream import load_tuning_stream

FIRST_TUNING_SEED = 7919
"""Far from the seeds that suites use; the next one is taken where a suite does use it."""


@dataclass(frozen=True)
class Tuning:
    """The tuning stream of a suite, opened over a workspace's store.

    suite: the suite with the tuning stream's orders and seeds in the place of its own.
    """

    suite: Suite
    world: LoadedWorld
    store: Store

    def session(self, entry: MethodEntry, config: Mapping[str, object]) -> Session:
        """One trial: a method with these settings, and the nodes that decide its score.

        Raises:
            InputError: an unknown method or settings that it refuses.
        """
        tried = entry.model_copy(update={"config": {**entry.config, **config}})
        plan = make_plan(self.suite.model_copy(update={"methods": (tried,)}), self.world)
        runs = tuple(dataclasses.replace(run, evaluations=tuple(_last_cells(run))) for run in plan.runs)
        decisive = plan.graph.leading_to(_decisive(runs, self.suite.primary_metric))
        return Session(self.suite, self.world, self.store, Plan(plan.suite, runs, decisive))


@dataclass(frozen=True, slots=True)
class TrialScore:
    """Mean over the tuning orders of Last of the primary metric, or None and the reason why there is none."""

    value: float | None
    reason: str | None = None


def open_tuning(suite: Suite, orders: str | None, workspace: Path, notice: Callable[[str], None]) -> Tuning:
    """The tuning stream of a suite: other items, another data seed and run seed; its first order, or those named.

    Raises:
        InputError: rows or base that cannot be used, or an unknown order.
    """
    suite = tuning_suite(suite, orders)
    store = open_store(workspace)
    return Tuning(suite, load_world(suite, store.root, notice, load_tuning_stream), store)


def tuning_suite(suite: Suite, orders: str | None) -> Suite:
    """The suite with other seeds, and with its first order alone unless orders are named."""
    asked = overridden(suite, Overrides(orders=orders)) if orders else suite
    designed = orders_of(asked)
    kept = designed if orders else designed[:1]
    changes = {
        "orders": {order.name: list(order.tasks) for order in kept},
        "seeds": [_other_seed(suite.seeds)],
        "data_seed": _other_seed((suite.data_seed,)),
        "capability": [],
        "drift": "none",
        "safety": {},
    }
    return suite.with_overrides(changes)


def trial_score(session: Session) -> TrialScore:
    """The score of a trial whose nodes are all finished."""
    metric = session.suite.primary_metric
    gatherer = Gatherer(session.world, session.store)
    found = []
    for run in session.plan.runs:
        cells = [Cell(cell.step, cell.task, *_value(cell, metric, gatherer)) for cell in run.evaluations]
        measure = last(Matrix.from_cells(run.order.tasks, cells, run.method.spec.schedule))
        if measure.value is None:
            return TrialScore(None, f"order {run.order.name}: {measure.reason}")
        found.append(measure.value)
    return TrialScore(sum(found) / len(found))


def _other_seed(taken: Iterable[int]) -> int:
    used, seed = set(taken), FIRST_TUNING_SEED
    while seed in used:
        seed += 1
    return seed


def _last_cells(run: Run) -> list[Evaluated]:
    """The cells that Last is the mean of."""
    learned = [cell for cell in run.evaluations if cell.step > 0]
    if run.method.spec.schedule == "isolated":
        return learned
    return [cell for cell in learned if cell.step == len(run.order.tasks)]


def _decisive(runs: Iterable[Run], metric: str) -> Iterable[Node]:
    for run in runs:
        for cell in run.evaluations:
            if metric == "rubric":
                yield from cell.verdicts
            else:
                yield cell.pairs if metric == "preference_accuracy" else cell.answers


def _value(cell: Evaluated, metric: str, gatherer: Gatherer) -> tuple[float | None, str | None]:
    for score in _scores(cell, metric, gatherer):
        if score.metric == metric:
            return score.value, score.reason
    return None, "no verdicts"


def _scores(cell: Evaluated, metric: str, gatherer: Gatherer) -> list[Score]:
    if metric == "rubric":
        return score_judgments(collapsed(gatherer.judgments(cell)), gatherer.answers(cell), frozenset({"rubric"}))
    if metric == "preference_accuracy":
        # Against itself: the scores that compare with the base are not asked for, and so not computed.
        rows = gatherer.pairs(cell, cell.pairs)
        return score_pairs(rows, list(rows["item"]))
    rows = gatherer.answers(cell)
    return score_answers(rows, None, list(rows["item"]))
