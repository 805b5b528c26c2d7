"""The reference board's tuned rows are of the settings that the search on another world selected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from docs_scripts import docs_script
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.leaderboard.shipped import REFERENCE, shipped_results
from lifealign_bench.methods import find_method, search_space

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def kept() -> Iterator[ModuleType]:
    with docs_script("rebuild_tuned") as script:
        yield script


def test_every_method_with_settings_had_as_many_trials_the_first_of_its_defaults(kept: ModuleType) -> None:
    record = kept.tuning_record()
    spaces = {name: search_space(find_method(name).method) for name in record.methods}
    tunable = {entry.title for entry in load_suite(REFERENCE).methods if entry.title == entry.name} - set(
        record.methods
    )
    assert {name for name in tunable if search_space(find_method(name).method)} == set()
    for name, found in record.methods.items():
        assert len(found.trials) == record.trials >= 8
        defaults = find_method(name).method.from_mapping({}).config
        assert found.trials[0].config == {setting: getattr(defaults, setting) for setting in spaces[name]}
        assert found.score == max(trial.score for trial in found.trials if trial.score is not None)
        assert found.selected in [trial.config for trial in found.trials if trial.score == found.score]


def test_no_item_of_the_board_was_met_where_settings_were_found(kept: ModuleType) -> None:
    record = kept.tuning_record()
    assert {task.rows for task in record.tasks.values()} == {"tuning items"}
    assert "--world-seed 7" in record.command
    assert record.run_seed not in load_suite(REFERENCE).seeds


def test_the_suite_of_the_tuned_rows_is_the_reference_with_these_settings(kept: ModuleType) -> None:
    assert kept.SUITE.read_text("utf-8") == kept.tuned_rows(kept.tuning_record())
    own, reference = load_suite(str(kept.SUITE)), load_suite(REFERENCE)
    differing = {name for name, value in own if value != getattr(reference, name)}
    assert differing == {"description", "methods", "tuning_origin"}


def test_what_ships_was_run_with_them(kept: ModuleType) -> None:
    selected = {kept.label(name): found.selected for name, found in kept.tuning_record().methods.items()}
    for run in find_runs(shipped_results()):
        label = run.record.identity.method
        origin, config = run.record.tuning_origin, run.record.method.config
        assert origin == ("disjoint" if label in selected else "defaults")
        assert {name: config[name] for name in selected.get(label, {})} == selected.get(label, {})
