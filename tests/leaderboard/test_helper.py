"""The process that computes beside the app, and the answers that are kept on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest
from stored_boards import store_board

from lifealign_bench.benchmark.columns import read_table, write_table
from lifealign_bench.leaderboard import shelf as shelf_module
from lifealign_bench.leaderboard.app.source import Source
from lifealign_bench.leaderboard.asking import Helper, NoAnswerError
from lifealign_bench.leaderboard.board import Board, load_board
from lifealign_bench.leaderboard.inference import Inference, compare_two, turned
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.questions import Question, answer, from_json, to_json
from lifealign_bench.leaderboard.shelf import Shelf, named_by_code, own_shelf, rows_name


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_board(tmp_path_factory.mktemp("answers"), seeds=(0, 1))


def asked(board: Board, metric: str = "rubric") -> Question:
    return Question("inference", tuple(run.folder for run in board.runs), metric)


def test_the_process_beside_the_app_answers_as_this_one_does_and_is_replaced_when_it_is_killed(results: Path) -> None:
    board, helper = load_board([results]), Helper((str(results),))
    question = asked(board)
    here = answer(question, board.runs, Rows())
    assert isinstance(here, Inference)
    assert here.last
    assert from_json("inference", helper.ask(question)) == here
    process = helper._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert from_json("inference", helper.ask(question)) == here
    second = helper._process
    assert second is not None
    assert second.pid != process.pid
    assert second.stdin is not None
    second.stdin.close()
    assert second.wait(timeout=30) == 0


def test_every_kind_of_answer_survives_its_way_through_json(results: Path) -> None:
    board = load_board([results])
    folders = tuple(run.folder for run in board.runs)
    first = tuple(run.folder for run in board.runs if run.entry.label == board.runs[0].entry.label)
    for question in (Question("analysis", folders, "rubric"), Question("pair", folders, "rubric", "bwt", first)):
        found = answer(question, board.runs, Rows())
        assert not isinstance(found, str), found
        assert from_json(question.kind, to_json(question.kind, found)) == found
    assert isinstance(answer(Question("analysis", folders, "rouge_l"), board.runs, Rows()), str)


def test_a_comparison_of_the_ranking_turned_round_is_that_of_the_pair(results: Path) -> None:
    board = load_board([results])
    found = answer(asked(board), board.runs, Rows())
    assert isinstance(found, Inference)
    first = found.comparisons[0]
    own = [run for run in board.runs if run.entry.label == first.second]
    others = [run for run in board.runs if run.entry.label == first.first]
    alone, other = compare_two(Rows(), own, others, "rubric", "last"), turned(first)
    assert not isinstance(alone, str)
    assert (other.first, other.second, other.p, other.n_blocks) == (alone.first, alone.second, alone.p, alone.n_blocks)
    assert other.difference.value == pytest.approx(alone.difference.value)
    assert turned(other) == first


def test_a_question_that_ends_the_process_is_an_error_and_no_wait(tmp_path: Path) -> None:
    with pytest.raises(NoAnswerError, match="it ended with"):
        Helper((str(tmp_path),)).ask(Question("nonsense", (), "rubric"))  # type: ignore[arg-type]


def test_an_answer_is_found_for_the_same_rows_alone_and_never_when_it_is_broken(results: Path, tmp_path: Path) -> None:
    board = load_board([results])
    question = asked(board)
    found = answer(question, board.runs, Rows())
    name = rows_name(question, board.runs)
    assert name is not None
    shelf = Shelf(tmp_path / "shelf")
    assert shelf.find(name, question) is None
    shelf.keep(name, to_json("inference", found))
    assert shelf.find(name, question) == found
    place = shelf.folder / f"{name}.json"
    whole = place.read_bytes()
    for broken in (whole[:-5], b"", b"{}", whole.replace(b"these runs only", b"every run there"), b"\xff\n{}"):
        place.write_bytes(broken)
        assert shelf.find(name, question) is None
    moved = store_board(tmp_path / "moved", seeds=(0, 1))
    other = load_board([moved])
    assert rows_name(asked(other), other.runs) == name, "where the rows lie decides nothing"
    rows = read_table(moved / "m0--o0--s0", "judgments")
    rows.loc[0, "verdict"] = 1.0 if rows.loc[0, "verdict"] != 1.0 else 2.0
    write_table(moved / "m0--o0--s0", "judgments", rows)
    assert rows_name(asked(other), other.runs) != name
    assert rows_name(asked(board, "helpfulness"), board.runs) != name
    assert named_by_code(name) != name


def test_many_writers_of_one_answer_leave_a_whole_one_and_a_folder_that_cannot_be_written_none(
    results: Path, tmp_path: Path
) -> None:
    board = load_board([results])
    question = asked(board)
    body = to_json("inference", answer(question, board.runs, Rows()))
    shelf = Shelf(tmp_path / "shelf")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: shelf.keep("name", body), range(40)))
    assert shelf.find("name", question) is not None
    assert [path.name for path in shelf.folder.iterdir()] == ["name.json"]
    (tmp_path / "file").write_text("")
    Shelf(tmp_path / "file").keep("name", body)


def test_a_source_computes_an_answer_once_and_finds_it_the_next_time(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path / "shelf")
    first = Source((str(results),), shelf=shelf)
    runs = first.board().runs
    question = asked(first.board())
    found = first.ask(question, runs).result(timeout=60)
    assert isinstance(found, Inference)
    assert first.ask(question, runs).result() is found
    second = Source((str(results),), shelf=shelf)
    monkeypatch.setattr(second._helper, "places", ("nothing must be asked",))
    known = second.ask(question, second.board().runs)
    assert known.done()
    assert known.result() == found
    assert json.loads(next(shelf.folder.iterdir()).read_bytes().partition(b"\n")[2])["last"]


def test_a_process_that_was_lost_in_the_midst_of_an_answer_is_replaced_once(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = Helper((str(results),))
    first = subprocess.Popen(["true"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    helper._process = first
    monkeypatch.setattr(first, "poll", lambda: None)
    found = from_json("inference", helper.ask(asked(load_board([results]))))
    assert isinstance(found, Inference)
    assert found.last


def test_a_failure_is_forgotten_when_the_board_is_read_again(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source((str(results),), shelf=Shelf(tmp_path / "shelf"))
    runs, question = source.board().runs, asked(source.board())
    bodies: list[bytes | None] = [None, None, to_json("inference", answer(question, runs, Rows()))]

    def ask(_: Question) -> bytes:
        body = bodies.pop(0)
        if body is None:
            raise NoAnswerError("no memory")
        return body

    monkeypatch.setattr(source._helper, "ask", ask)
    assert source.ask(question, runs).result(timeout=20) == "the process that computes them failed: no memory"
    assert source.ask(question, runs).done(), "a page that is drawn again does not ask again at once"
    source.board(now=True)
    assert isinstance(source.ask(question, runs).result(timeout=20), str)
    monkeypatch.setattr("lifealign_bench.leaderboard.app.source.FAILED_SECONDS", 0.0)
    assert isinstance(source.ask(question, runs).result(timeout=20), Inference)


def test_an_answer_is_not_kept_when_rows_changed_while_it_was_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = store_board(tmp_path / "results")
    source = Source((str(results),), shelf=Shelf(tmp_path / "shelf"))
    runs, question = source.board().runs, asked(source.board())
    body = to_json("inference", answer(question, runs, Rows()))

    def ask(_: Question) -> bytes:
        rows = read_table(Path(runs[0].folder), "judgments")
        rows.loc[0, "verdict"] = 1.0 if rows.loc[0, "verdict"] != 1.0 else 2.0
        write_table(Path(runs[0].folder), "judgments", rows)
        return body

    monkeypatch.setattr(source._helper, "ask", ask)
    assert isinstance(source.ask(question, runs).result(timeout=20), Inference)
    assert not source.shelf.folder.exists()


def test_an_answer_on_fewer_runs_than_were_asked_about_is_none(results: Path) -> None:
    question = Question("inference", (*asked(load_board([results])).folders, str(results / "gone")), "rubric")
    with pytest.raises(NoAnswerError, match=r"it found \d+ of \d+ runs"):
        Helper((str(results),)).ask(question)


def test_a_user_without_a_home_has_no_answers_kept(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    shelf = own_shelf()
    shelf.keep("name", b"{}")
    assert shelf.find("name", asked(load_board([results]))) is None


@pytest.mark.parametrize("changed", ["benchmark/measuring.py", "data/rows.py", "leaderboard/questions.py", "numpy"])
def test_an_answer_is_named_by_all_code_that_decides_it(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = named_by_code("name")
    root = tmp_path / "lifealign_bench"
    for package in shelf_module.CODE:
        own = Path(str(files(f"lifealign_bench.{package}")))
        copy = root / package.replace(".", "/")
        copy.mkdir(parents=True, exist_ok=True)
        for path in own.glob("*.py"):
            (copy / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(shelf_module, "files", lambda name: tmp_path / name.replace(".", "/"))
    shelf_module._code.cache_clear()
    assert named_by_code("name") == known
    if changed == "numpy":
        monkeypatch.setattr(shelf_module, "version", lambda name: "0.0" if name == "numpy" else version(name))
    else:
        (root / changed).write_bytes((root / changed).read_bytes() + b"\n")
    shelf_module._code.cache_clear()
    assert named_by_code("name") != known
    shelf_module._code.cache_clear()
