"""Searches in a journal: the defaults first, the same trials whether or not the process died in between."""

import pytest

from lifealign_bench.benchmark.trials import Trial, Trials, best_of
from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.search import Choices, FloatRange, IntRange

SPACE = {"a": FloatRange(0, 1), "b": IntRange(1, 4), "c": Choices(("x", "y"))}
DEFAULTS = {"a": 0.5, "b": 2, "c": "y"}


def search(journal, count, name="s", seed=0):
    for _ in range(count):
        trials = Trials(journal, name, SPACE, DEFAULTS, seed)
        config = trials.next_config()
        trials.add(Trial(config, config["a"]) if config["a"] < 0.9 else Trial(config, None, "diverged"))
    return Trials(journal, name, SPACE, DEFAULTS, seed).finished


def test_the_first_trial_is_of_the_defaults_and_all_lie_in_the_space(tmp_path):
    found = search(tmp_path / "j", 8)
    assert found[0].config == DEFAULTS
    assert len({tuple(trial.config.values()) for trial in found}) > 4
    assert all(trial.config[name] in SPACE[name] for trial in found for name in SPACE)


def test_a_search_in_two_parts_tries_what_one_in_one_part_tries(tmp_path):
    whole = search(tmp_path / "whole", 9)
    search(tmp_path / "parts", 4)
    assert search(tmp_path / "parts", 5) == whole
    assert search(tmp_path / "other", 9, seed=1) != whole


def test_searches_of_one_journal_do_not_meet(tmp_path):
    one = search(tmp_path / "j", 3, name="one")
    search(tmp_path / "j", 2, name="two")
    assert search(tmp_path / "j", 0, name="one") == one


def test_a_failed_trial_is_kept_with_its_reason(tmp_path):
    failed = [trial for trial in search(tmp_path / "j", 9) if trial.score is None]
    assert failed
    assert {trial.reason for trial in failed} == {"diverged"}


def test_half_a_line_of_a_process_that_died_is_dropped(tmp_path):
    before = search(tmp_path / "j", 3)
    with (tmp_path / "j").open("ab") as stream:
        stream.write(b'{"op_code":4,"worker')
    assert search(tmp_path / "j", 0) == before
    assert search(tmp_path / "j", 1)[:3] == before


def test_no_lock_of_a_process_that_died_is_waited_for(tmp_path):
    before = search(tmp_path / "j", 2)
    (tmp_path / "j.lock").symlink_to("nowhere")
    assert search(tmp_path / "j", 1)[:2] == before


def test_a_damaged_journal_is_one_clear_error(tmp_path):
    (tmp_path / "j").write_text("no journal\n{}\n", "utf-8")
    with pytest.raises(InputError, match="journal"):
        search(tmp_path / "j", 1)


def test_of_equal_scores_the_earliest_wins_and_without_scores_none():
    trials = [Trial({"a": 1}, None, "x"), Trial({"a": 2}, 5.0), Trial({"a": 3}, 5.0)]
    assert best_of(trials) is trials[1]
    assert best_of(trials[:1]) is None
