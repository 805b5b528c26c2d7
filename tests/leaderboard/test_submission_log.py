"""The log of a board: every line of it is read back, and none leads out of the results."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.submissions.adding import remove
from lifealign_bench.leaderboard.submissions.decisions import FILE, Decision, append_decision, read_decisions

ADDED = Decision(
    when="2026-01-02T03:04:05+00:00",
    what="added",
    submission="one",
    runs=("mini-all/er--order1--s0",),
    trust="recomputed",
    division="closed",
    why="clean",
)


def test_a_reason_with_any_end_of_line_stays_one_line(tmp_path: Path) -> None:
    strange = ADDED.model_copy(update={"why": "a\u2028b\u2029c\x85d\x0be\nf \u00e9"})
    for decision in (strange, ADDED):
        append_decision(tmp_path, decision)
    assert read_decisions(tmp_path) == (strange, ADDED)
    assert (tmp_path / FILE).read_bytes().isascii()


def test_a_line_that_was_written_before_with_such_a_character_is_still_read(tmp_path: Path) -> None:
    line = ADDED.model_copy(update={"why": "a\u2028b"}).model_dump_json()
    (tmp_path / FILE).write_bytes(line.encode() + b"\n")
    assert [one.why for one in read_decisions(tmp_path)] == ["a\u2028b"]


@pytest.mark.parametrize("run", ["../outside/er", "x/mini-all/er", "mini-all/..", "/abs/er", "linked/er"])
def test_nothing_outside_the_results_is_removed_whatever_the_log_says(run: str, tmp_path: Path) -> None:
    results, outside = tmp_path / "results", tmp_path / "outside" / "er"
    for folder in (results / "x" / "mini-all" / "er", results / "mini-all", outside):
        folder.mkdir(parents=True)
    (results / "linked").symlink_to(outside.parent)
    append_decision(results, ADDED.model_copy(update={"runs": (run,)}))
    with pytest.raises(InputError, match="inside the results"):
        remove(results, "one", ADDED.when, "gone")
    assert outside.is_dir()
    assert (results / "mini-all").is_dir()
    assert (results / "x" / "mini-all" / "er").is_dir()
