"""Answers of a policy that was trained elsewhere come to a bundle of the open division that passes, without a key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_bundle import ONE, board_of_few, known_of

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.submissions.checking import check
from lifealign_bench.leaderboard.submissions.elsewhere import Elsewhere, run_of_answers
from lifealign_bench.leaderboard.submissions.naming_code import code_of
from lifealign_bench.leaderboard.submissions.packing import Said, declared, pack


def test_answers_alone_are_a_submission_and_a_strange_prompt_is_refused(tmp_path: Path) -> None:
    board = board_of_few(tmp_path / "board")
    like = board / ONE
    names = ["step", "task", "pair_id", "answer", "tokens"]
    rows = read_table(like, "samples")[names].to_dict("records")
    answers, code = tmp_path / "answers.jsonl", tmp_path / "train.py"
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    code.write_text("print('trained')\n", "utf-8")
    run = run_of_answers(answers, like, Elsewhere("mine", "1", code), tmp_path / "mine" / "mini-all")
    said = Said(
        "mine",
        code_of(f"https://example.org/me/mine@{'d' * 40}:train.py", code),
        declared("defaults", "CC-BY-4.0", None, ["my own pairs=CC-BY-4.0"]),
    )
    submission = pack(find_runs(run), "mine", said, tmp_path / "mine.zip")
    assert (submission.judging, submission.division, submission.counts.pairs) == ("requested", "open", 0)
    found = check(tmp_path / "mine.zip", known_of(board)).findings
    assert [finding.text for finding in found if finding.level == "error"] == []
    answers.write_text(json.dumps({**rows[0], "pair_id": "another"}) + "\n", "utf-8")
    with pytest.raises(InputError, match="another"):
        run_of_answers(answers, like, Elsewhere("again", "1", code), tmp_path / "mine" / "mini-all")
