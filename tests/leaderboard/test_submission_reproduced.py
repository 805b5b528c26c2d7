"""What may be called reproduced: the bundle that stands on the board, with the words that its rows have."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest
from small_bundle import ONE, board_of_few, edit_json, edit_table, known_of, write_golden
from typer.testing import CliRunner

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.cli import app
from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.leaderboard.submissions import apart, reproducing
from lifealign_bench.leaderboard.submissions.adding import add
from lifealign_bench.leaderboard.submissions.checking import check_folder
from lifealign_bench.leaderboard.submissions.decisions import FILE, append_decision, read_decisions
from lifealign_bench.leaderboard.submissions.manifest import sha256_of
from lifealign_bench.leaderboard.submissions.packing import seal

WHEN = "2026-01-02T03:04:05+00:00"


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    board = board_of_few(folder / "board")
    bundle = write_golden(board, folder / "bundle")
    checker = partial(check_folder, known=known_of(board))
    assert add(bundle, folder / "results", checker, WHEN, "clean").verdict.is_clean
    return bundle


@pytest.fixture(autouse=True)
def _a_board_of_few(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = known_of(golden.parent / "board")
    monkeypatch.setattr(apart, "check_apart", lambda folder, _: check_folder(folder, known))


def refused(bundle: Path, results: Path) -> str:
    done = CliRunner().invoke(app, ["submission", "reproduce", str(bundle), "--board", str(results)])
    assert isinstance(done.exception, InputError), done.output
    assert [one.what for one in read_decisions(results)] == ["added"]
    return str(done.exception)


def test_another_bundle_of_the_same_name_marks_nothing(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproducing, "run_again", lambda *_, **__: pytest.fail("it was run"))
    other = Path(shutil.copytree(golden, tmp_path / "other"))
    edit_json(other / "submission.json", lambda values: values["declarations"].update(contact="x@example.org"))
    seal(other)
    assert "the bundle that was added" in refused(other, golden.parent / "results")


def test_a_bundle_whose_numbers_its_rows_do_not_give_is_not_run(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproducing, "run_again", lambda *_, **__: pytest.fail("it was run"))
    raised = Path(shutil.copytree(golden, tmp_path / "raised"))

    def wide(values: dict[str, dict[str, dict[str, dict[str, float]]]]) -> None:
        values["metrics"]["preference_accuracy"]["last"]["standard_error"] = 1000.0

    edit_json(raised / "runs" / ONE / "run.json", wide)
    seal(raised)
    results = Path(shutil.copytree(golden.parent / "results", tmp_path / "results"))
    (added,) = read_decisions(results)
    (results / FILE).unlink()
    append_decision(results, added.model_copy(update={"bundle_sha256": sha256_of(raised / "MANIFEST.sha256")}))
    assert "R4" in refused(raised, results)


def test_numbers_that_fit_with_other_words_are_not_reproduced(golden: Path, tmp_path: Path) -> None:
    run = golden / "runs" / ONE
    assert reproducing.compare_runs(run, run, fresh=False, isolated=True).is_reproduced
    other = Path(shutil.copytree(run, tmp_path / ONE))
    trained = read_table(run, "samples")["step"] > 0
    edit_table(other, "samples", lambda frame: frame.assign(answer=frame["answer"].where(~trained, "other words")))
    found = reproducing.compare_runs(run, other, fresh=False, isolated=True)
    assert all(metric.fits for metric in found.metrics)
    assert found.answers == (0, int(trained.sum()))
    assert not found.is_reproduced
    with pytest.raises(InputError, match="the same rows"):
        reproducing.compare_runs(run, other, fresh=True, isolated=True)


def test_code_that_cannot_be_cut_off_is_not_run_unless_somebody_allows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a system without `unshare`.
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert not reproducing.can_isolate()
    with pytest.raises(InputError, match="--not-isolated"):
        reproducing.run_again({}, tmp_path, None)
    assert not any(tmp_path.iterdir())
    with pytest.raises(LifeAlignError, match="the run failed"):
        reproducing.run_again({}, tmp_path, None, not_isolated=True)
    assert [path.name for path in tmp_path.iterdir()] == ["work"]
