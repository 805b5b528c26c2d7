"""What `add` puts on a board, what it refuses, and what the log says of it."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from small_bundle import (
    ONE,
    board_of_few,
    edit_json,
    edit_table,
    known_of,
    seal_counts,
    seal_record,
    seal_scores,
    write_golden,
)

from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.ranking import ranking
from lifealign_bench.leaderboard.submissions.adding import Checker, add, remove, with_trust
from lifealign_bench.leaderboard.submissions.already_there import (
    findings_on_likeness,
    have_same_rows,
    refuse_reference_label,
)
from lifealign_bench.leaderboard.submissions.checking import check_folder
from lifealign_bench.leaderboard.submissions.decisions import read_decisions
from lifealign_bench.leaderboard.submissions.findings import Verdict
from lifealign_bench.leaderboard.submissions.packing import seal, write_archive

WHEN = "2026-01-02T03:04:05+00:00"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Checker]:
    folder = tmp_path_factory.mktemp("made")
    board = board_of_few(folder / "board")
    return write_golden(board, folder / "bundle"), partial(check_folder, known=known_of(board))


def test_a_clean_bundle_comes_to_the_board_and_another_level_of_trust_is_logged(
    made: tuple[Path, Checker], tmp_path: Path
) -> None:
    golden, checker = made
    added = add(
        golden,
        tmp_path / "results",
        checker,
        WHEN,
        "the first",
    )
    assert added.verdict.is_clean
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
    assert add(golden, tmp_path / "results", checker, WHEN, "once more").verdict.is_clean


def test_a_broken_bundle_a_name_twice_and_rows_of_another_are_not_added(
    made: tuple[Path, Checker], tmp_path: Path
) -> None:
    golden, checker = made
    results = tmp_path / "results"
    broken = Path(shutil.copytree(golden, tmp_path / "broken"))
    edit_json(broken / "submission.json", lambda values: values["counts"].update(pairs=1))
    seal(broken)
    assert not add(broken, results, checker, WHEN, "no").folders
    assert not results.exists()
    add(golden, results, checker, WHEN, "yes")
    before = sorted(results.rglob("*"))
    with pytest.raises(InputError, match="er-small"):
        add(golden, results, checker, WHEN, "again")
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
        add(other, results, checker, WHEN, "mine now")
    assert sorted(results.rglob("*")) == before


def test_an_addition_that_was_killed_half_way_goes_on(made: tuple[Path, Checker], tmp_path: Path) -> None:
    golden, checker = made
    results = tmp_path / "results"
    add(golden, results, checker, WHEN, "whole")
    # As a kill before the last rename leaves it: one run less, and no line.
    shutil.rmtree(results / "mini-all" / ONE)
    (results / "decisions.jsonl").unlink()
    again = add(golden, results, checker, WHEN, "whole")
    assert len(again.folders) == 4
    assert read_run(results / "mini-all" / ONE).trust == "recomputed"
    assert len(read_decisions(results)) == 1


def test_the_same_runs_give_the_same_bytes(made: tuple[Path, Checker], tmp_path: Path) -> None:
    golden, _ = made
    one, two = (write_archive(golden, tmp_path / name) for name in ("one.zip", "two.zip"))
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.zip", "two.zip"]


def renamed(golden: Path, folder: Path, label: str) -> Path:
    """The golden bundle's first run alone, by another submission, under this label."""
    shutil.copytree(golden, folder)
    for run in sorted((folder / "runs").iterdir()):
        if run.is_dir() and run.name != ONE:
            shutil.rmtree(run)
    edit_json(folder / "runs" / ONE / "run.json", lambda values: values["identity"].update(method=label))

    def alone(values: dict[str, Any]) -> None:
        entry = next(each for each in values["runs"] if each["folder"] == ONE)
        values.update(name="other", runs=[{**entry, "folder": "other"}])
        values["method"].update(label=label)
        values["counts"].update(runs=1)

    edit_json(folder / "submission.json", alone)
    (folder / "runs" / ONE).rename(folder / "runs" / "other")
    seal_scores(folder)
    seal_counts(folder)
    return folder


def test_rows_are_the_same_however_their_file_is_written(made: tuple[Path, Checker], tmp_path: Path) -> None:
    run = made[0] / "runs" / ONE
    other = Path(shutil.copytree(run, tmp_path / "other"))
    for table in ("pairs", "samples"):
        edit_table(other, table, lambda frame: frame.iloc[::-1].reset_index(drop=True))
    assert have_same_rows(run, other)
    edit_table(other, "pairs", lambda frame: frame.assign(chosen_logp=frame["chosen_logp"] - 0.5))
    edit_table(other, "samples", lambda frame: frame.assign(answer="  " + frame["answer"].str.upper()))
    assert have_same_rows(run, other)
    edit_table(other, "samples", lambda frame: frame.assign(answer=frame["answer"].where(frame.index % 2 == 0, "own")))
    assert not have_same_rows(run, other)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_stolen_rows_are_refused_however_they_are_written_and_with_other_log_probabilities(
    noise: float, made: tuple[Path, Checker], tmp_path: Path
) -> None:
    golden, checker = made
    results = tmp_path / "results"
    add(golden, results, checker, WHEN, "yes")
    before = sorted(results.rglob("*"))
    stolen = renamed(golden, tmp_path / "stolen", "mine")

    def disguised(frame: pd.DataFrame) -> pd.DataFrame:
        """Cells in another order, pairs of a cell in theirs."""
        frame = frame.sort_values(["step", "task"], ascending=[True, False], kind="stable", ignore_index=True)
        return frame.assign(chosen_logp=frame["chosen_logp"].where(frame["step"] == 0, frame["chosen_logp"] - noise))

    edit_table(stolen / "runs" / "other", "pairs", disguised)
    pairs = stolen / "runs" / "other" / "pairs.parquet"
    pq.write_table(pq.read_table(pairs), pairs, compression="gzip")
    seal_record(stolen / "runs" / "other")
    seal_scores(stolen)
    seal_counts(stolen)
    assert checker(stolen).is_clean
    with pytest.raises(InputError, match="rows that no other run has"):
        add(stolen, results, checker, WHEN, "mine now")
    assert sorted(results.rglob("*")) == before


def test_answers_that_are_nearly_those_of_another_run_are_named(made: tuple[Path, Checker], tmp_path: Path) -> None:
    run = made[0] / "runs" / ONE
    other = Path(shutil.copytree(run, tmp_path / "other"))
    edit_table(other, "samples", lambda frame: frame.assign(answer=frame["answer"].where(frame.index % 40 > 0, "own")))
    (finding,) = findings_on_likeness(other, "mine", [StoredRun(run, read_run(run))])
    assert (finding.rule, finding.level) == ("D5", "warning")
    assert f"of the answers of {ONE}" in finding.value


@pytest.mark.parametrize("label", ["er", " ER ", "\uff45\uff52"])
def test_the_label_of_another_submission_is_refused_however_it_is_written(
    label: str, made: tuple[Path, Checker], tmp_path: Path
) -> None:
    golden, checker = made
    results = tmp_path / "results"
    add(golden, results, checker, WHEN, "yes")

    def moved(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(chosen_logp=frame["chosen_logp"].where(frame["step"] == 0, frame["chosen_logp"] - 0.5))

    other = renamed(golden, tmp_path / "other", label)
    edit_table(other / "runs" / "other", "pairs", moved)
    seal_scores(other)
    seal_counts(other)
    with pytest.raises(InputError, match="a label that no other submission has"):
        add(other, results, checker, WHEN, "mine now")


def test_no_reference_is_called_as_a_method_of_the_board(made: tuple[Path, Checker]) -> None:
    run = made[0] / "runs" / ONE
    there = [StoredRun(run, read_run(run))]
    refuse_reference_label("mtl", there)
    with pytest.raises(InputError, match="a label that no method has"):
        refuse_reference_label(" \uff25R ", there)


def test_a_row_that_brings_no_references_is_read_against_the_boards_own(
    made: tuple[Path, Checker], tmp_path: Path
) -> None:
    golden, checker = made
    results = tmp_path / "results"
    add(golden, results, checker, WHEN, "yes")
    other = renamed(golden, tmp_path / "other", "mine")
    later = {"chosen_logp": -0.5, "rejected_logp": -0.1}
    edit_table(
        other / "runs" / "other", "pairs", lambda frame: frame.assign(**{n: frame[n] + d for n, d in later.items()})
    )
    edit_table(other / "runs" / "other", "samples", lambda frame: frame.assign(answer="words of its own"))
    seal_scores(other)
    seal_counts(other)
    assert read_run(other / "runs" / "other").metrics["preference_accuracy"]["plasticity"].value is None
    add(other, results, lambda _: Verdict(()), WHEN, "mine")
    there = read_run(results / "mini-all" / "other").metrics["preference_accuracy"]
    assert there["plasticity"].value is not None
    assert there["avoidable_forgetting"].value is not None
