"""What `add` puts on a board, what it refuses, and what the log says of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small_bundle import (
    ONE,
    board_of_few,
    edit_json,
    edit_table,
    known_of,
    seal_counts,
    seal_scores,
    write_golden,
)

from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.ranking import ranking
from lifealign_bench.leaderboard.submissions.adding import add, remove, with_trust
from lifealign_bench.leaderboard.submissions.already_there import have_same_rows
from lifealign_bench.leaderboard.submissions.decisions import read_decisions
from lifealign_bench.leaderboard.submissions.known import Known
from lifealign_bench.leaderboard.submissions.packing import seal, write_archive

WHEN = "2026-01-02T03:04:05+00:00"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Known]:
    folder = tmp_path_factory.mktemp("made")
    board = board_of_few(folder / "board")
    return write_golden(board, folder / "bundle"), known_of(board)


def test_a_clean_bundle_comes_to_the_board_and_another_level_of_trust_is_logged(
    made: tuple[Path, Known], tmp_path: Path
) -> None:
    golden, known = made
    added = add(
        golden,
        tmp_path / "results",
        known,
        WHEN,
        "the first",
    )
    assert added.report.is_clean
    assert len(added.folders) == 4
    board = load_board([tmp_path / "results"])
    assert board.left_out == ()
    frame = ranking(board.runs, "preference_accuracy").set_index("method")
    assert (frame.loc["er", "trust"], frame.loc["er", "division"]) == ("recomputed", "closed")
    with_trust(tmp_path / "results", "er-small", "reproduced", WHEN, "run again by somebody else")
    levels = {run.entry.label: run.trust for run in load_board([tmp_path / "results"]).runs}
    assert levels == {"er": "reproduced", "mtl": "recomputed", "stl": "recomputed"}
    gone = remove(tmp_path / "results", "er-small", WHEN, "asked for by its author")
    assert not any(folder.exists() for folder in gone)
    log = read_decisions(tmp_path / "results")
    assert [one.what for one in log] == ["added", "changed", "removed"]
    assert [one.trust for one in log] == ["recomputed", "reproduced", "reproduced"]
    assert add(golden, tmp_path / "results", known, WHEN, "once more").report.is_clean


def test_a_broken_bundle_a_name_twice_and_rows_of_another_are_not_added(
    made: tuple[Path, Known], tmp_path: Path
) -> None:
    golden, known = made
    results = tmp_path / "results"
    broken = Path(shutil.copytree(golden, tmp_path / "broken"))
    edit_json(broken / "submission.json", lambda values: values["counts"].update(pairs=1))
    seal(broken)
    assert not add(broken, results, known, WHEN, "no").folders
    assert not results.exists()
    add(golden, results, known, WHEN, "yes")
    before = sorted(results.rglob("*"))
    with pytest.raises(InputError, match="er-small"):
        add(golden, results, known, WHEN, "again")
    other = Path(shutil.copytree(golden, tmp_path / "other"))
    edit_json(other / "submission.json", lambda values: values.update(name="other"))
    edit_json(other / "submission.json", lambda values: values["method"].update(label="mine"))
    for run in sorted((other / "runs").glob("er--*")):
        edit_json(run / "run.json", lambda values: values["identity"].update(method="mine"))
    edit_json(
        other / "submission.json",
        lambda values: [e.update(folder=e["folder"].replace("er--", "mine--")) for e in values["runs"]],
    )
    for run in sorted((other / "runs").glob("er--*")):
        run.rename(run.with_name(run.name.replace("er--", "mine--")))
    seal(other)
    with pytest.raises(InputError, match="rows that no other run has"):
        add(other, results, known, WHEN, "mine now")
    assert sorted(results.rglob("*")) == before


def test_an_addition_that_was_killed_half_way_goes_on(made: tuple[Path, Known], tmp_path: Path) -> None:
    golden, known = made
    results = tmp_path / "results"
    add(golden, results, known, WHEN, "whole")
    # As a kill before the last rename leaves it: one run less, and no line.
    shutil.rmtree(results / "mini-all" / ONE)
    (results / "decisions.jsonl").unlink()
    again = add(golden, results, known, WHEN, "whole")
    assert len(again.folders) == 4
    assert read_run(results / "mini-all" / ONE).trust == "recomputed"
    assert len(read_decisions(results)) == 1


def test_the_same_runs_give_the_same_bytes(made: tuple[Path, Known], tmp_path: Path) -> None:
    golden, _ = made
    one, two = (write_archive(golden, tmp_path / name) for name in ("one.zip", "two.zip"))
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.zip", "two.zip"]


def renamed(golden: Path, folder: Path, label: str, *, seed: int = 0) -> Path:
    """The golden bundle's first run alone, by another submission, under this label and seed."""
    shutil.copytree(golden, folder)
    for run in sorted((folder / "runs").iterdir()):
        if run.is_dir() and run.name != ONE:
            shutil.rmtree(run)
    edit_json(folder / "runs" / ONE / "run.json", lambda values: values["identity"].update(method=label, seed=seed))

    def alone(values: dict[str, Any]) -> None:
        entry = next(each for each in values["runs"] if each["folder"] == ONE)
        values.update(name="other", runs=[{**entry, "folder": "other", "seed": seed}])
        values["method"].update(label=label)
        values["counts"].update(runs=1)

    edit_json(folder / "submission.json", alone)
    (folder / "runs" / ONE).rename(folder / "runs" / "other")
    seal_scores(folder)
    seal_counts(folder)
    return folder


def test_rows_are_the_same_however_their_file_is_written(made: tuple[Path, Known], tmp_path: Path) -> None:
    run = made[0] / "runs" / ONE
    other = Path(shutil.copytree(run, tmp_path / "other"))
    for table in ("pairs", "samples"):
        edit_table(other, table, lambda frame: frame.iloc[::-1].reset_index(drop=True))
    assert have_same_rows(run, other)
    edit_table(other, "pairs", lambda frame: frame.assign(chosen_logp=frame["chosen_logp"] - 0.5))
    assert not have_same_rows(run, other)


@pytest.mark.parametrize("label", ["er", " ER ", "\uff45\uff52"])
def test_the_label_of_another_submission_is_refused_however_it_is_written(
    label: str, made: tuple[Path, Known], tmp_path: Path
) -> None:
    golden, known = made
    results = tmp_path / "results"
    add(golden, results, known, WHEN, "yes")

    def moved(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(chosen_logp=frame["chosen_logp"].where(frame["step"] == 0, frame["chosen_logp"] - 0.5))

    other = renamed(golden, tmp_path / "other", label, seed=1)
    edit_table(other / "runs" / "other", "pairs", moved)
    seal_scores(other)
    seal_counts(other)
    with pytest.raises(InputError, match="a label that no other submission has"):
        add(other, results, known, WHEN, "mine now")
