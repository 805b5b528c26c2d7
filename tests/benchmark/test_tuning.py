"""What a trial of tuning computes, and on which rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifealign_bench.benchmark.results import materialise
from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.benchmark.suite import load_suite, parse_suite
from lifealign_bench.benchmark.tuning import open_tuning, tuning_suite
from lifealign_bench.data.errors import InputError

MINI = ["mini-general", "mini-harmless"]


def mini(**changes: object) -> object:
    values = load_suite("mini").model_dump(mode="json")
    values["budget"] |= {"batch_size": 8, "micro_batch_size": 8}
    small = {
        "name": "small",
        "tasks": MINI,
        "rows": {"train": 8, "evaluation": 8},
        "methods": ["seqft"],
        "orders": {"order1": MINI},
        "evaluation": {"prompts": 4, "max_new_tokens": 48, "batch_size": 8},
    }
    return parse_suite({**values, **small, **changes}, "small")


def test_a_miniature_suite_is_tuned_on_items_that_it_never_meets(tmp_path: Path) -> None:
    from lifealign_bench.benchmark.session import session_of

    source = mini()
    tuning = open_tuning(source, None, tmp_path, lambda text: None)
    met = session_of(source, tmp_path, lambda text: None).world.stream.values()
    ours = {pair.item for task in tuning.world.stream.values() for pair in (*task.train, *task.evaluation)}
    assert not ours & {pair.item for task in met for pair in (*task.train, *task.evaluation)}


@pytest.mark.parametrize(
    ("metric", "last"), [("preference_accuracy", "pairs"), ("rouge_l", "answers"), ("rubric", "verdicts")]
)
@pytest.mark.parametrize("method", ["er", "stl", "mtl"])
def test_a_trial_computes_nothing_but_the_cells_that_decide_its_score(
    tmp_path: Path, metric: str, last: str, method: str
) -> None:
    source = mini(primary_metric=metric, methods=[method])
    tuning = open_tuning(source, None, tmp_path, lambda text: None)
    counts = tuning.session(source.methods[0], {}).plan.graph.counts()
    assert counts[last] == len(MINI)
    assert set(counts) <= {"reference", "train", "memory", last, *(["answers"] if last == "verdicts" else [])}


@pytest.mark.parametrize("metric", ["rouge_l", "rubric", "preference_accuracy"])
def test_a_trials_score_is_last_of_the_primary_metric_as_a_run_scores_it(tmp_path: Path, metric: str) -> None:
    from lifealign_bench.benchmark.engine import Unwatched, run_graph
    from lifealign_bench.benchmark.environment import settle_process
    from lifealign_bench.benchmark.plan import make_plan
    from lifealign_bench.benchmark.tuning import trial_score

    settle_process(1)
    source = mini(primary_metric=metric)
    tuning = open_tuning(source, None, tmp_path, lambda text: None)
    trial = tuning.session(source.methods[0], {})
    run_graph(trial.plan.graph, tuning.world, tuning.store, Unwatched())
    plan = make_plan(tuning.suite, tuning.world)
    outcome = run_graph(plan.graph, tuning.world, tuning.store, Unwatched())
    (folder,) = materialise(plan, tuning.world, tuning.store, outcome, tmp_path / "results")
    assert trial_score(trial).value == pytest.approx(read_run(folder).metrics[metric]["last"].value)


def test_orders_to_tune_on_are_the_suites_first_or_those_that_are_named() -> None:
    source = load_suite("mini")
    assert list(tuning_suite(source, None).orders) == ["order1"]
    assert list(tuning_suite(source, "order3,order2").orders) == ["order3", "order2"]
    with pytest.raises(InputError, match="order9"):
        tuning_suite(source, "order9")


def test_an_unknown_origin_of_settings_is_refused() -> None:
    with pytest.raises(InputError, match="tuning_origin: found 'disjiont'"):
        mini(tuning_origin="disjiont")
