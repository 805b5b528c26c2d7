"""The commands around a study: drawn from real runs, carried about, put on the board as judges of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from human_studies import rating
from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.cli import app
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.cards.build import card_of, examine
from lifealign_bench.judges.cards.instruments import KnownTruth
from lifealign_bench.judges.cards.setting import CardSetting
from lifealign_bench.judges.cards.studies import read_study
from lifealign_bench.judges.human.report import truth_of
from lifealign_bench.judges.human.store import StudyFile
from lifealign_bench.judges.human.study import Question, Verdict
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.people_tables import coverage_by_people, raters_table
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.serving import VARIABLE
from lifealign_bench.leaderboard.site.judges_page import judges_page
from lifealign_bench.leaderboard.site.pages import Site
from lifealign_bench.leaderboard.tables import ranking_table
from small_board import small_board

SHIPPED = Path(__file__).resolve().parents[2] / "leaderboard" / "board"
RUNS = ("er--order1--s0", "seqft--order1--s0")


def annotate(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["annotate", *map(str, arguments)])


def done(*arguments: object) -> str:
    result = annotate(*arguments)
    assert result.exit_code == 0, result.output or result.exception
    return result.output


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_board(tmp_path_factory.mktemp("board") / "results", RUNS)


def truthful(question: Question, truth: dict[str, float]) -> Verdict:
    """What the oracle would say in the rater's place."""
    value = truth[question.id]
    if question.other is None:
        return int(value)
    won = value if question.place == 0 else 1 - value
    return "tie" if won == 0.5 else "first" if won == 1 else "second"


def rate_everything(file: StudyFile, lenient: int = 0) -> None:
    """Both raters say what the oracle says; ben is so much more lenient."""
    truth, _ = truth_of(file.questions(), 0)
    for rater in ("anna", "ben"):
        while (question := file.next_of(rater)) is not None:
            verdict = truthful(question, truth)
            if rater == "ben" and isinstance(verdict, int) and question.dimension != "refusal":
                verdict = min(10, verdict + lenient)
            file.rate(rating(question, verdict, rater, seconds=3.0))


@pytest.fixture(scope="module")
def rated(board: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyFile:
    path = tmp_path_factory.mktemp("study") / "s.sqlite"
    dimensions = "helpfulness,safety,rubric,refusal"
    told = done(board, "--study", path, "--share", 24, "--raters", "anna,ben", "--dimensions", dimensions, "--no-serve")
    assert "drawn by method: base" in told
    file = StudyFile(path)
    rate_everything(file, lenient=2)
    return file


def test_the_same_command_goes_on_and_another_draw_is_refused(board, rated):
    same = ("--share", 24, "--raters", "anna,ben", "--dimensions", "helpfulness,safety,rubric,refusal", "--no-serve")
    before = rated.ratings()
    assert rated.id in done(board, "--study", rated.path, *same)
    assert rated.ratings() == before
    result = annotate(board, "--study", rated.path, "--share", 25, "--no-serve")
    assert isinstance(result.exception, InputError)
    assert "one of other runs or settings" in str(result.exception)


def test_going_on_with_a_rater_who_is_not_registered_is_refused(board, rated):
    same = ("--share", 24, "--dimensions", "helpfulness,safety,rubric,refusal", "--no-serve")
    assert rated.id in done(board, "--study", rated.path, *same)
    result = annotate(board, "--study", rated.path, *same, "--raters", "anna,dora")
    assert isinstance(result.exception, InputError)
    assert "--raters: name: found dora, expected anna, ben; `annotate add-rater" in str(result.exception)


def test_the_command_of_the_issue_draws_from_the_board_that_ships(tmp_path):
    told = done(SHIPPED, "--share", 50, "--study", tmp_path / "s.sqlite", "--no-serve")
    line = next(line for line in told.splitlines() if line.startswith("drawn by task: "))
    assert sorted(word.rstrip(",") for word in line.split()[4::2]) == ["8", "8", "8", "8", "9", "9"]
    assert "rater-2: 0 of 110 done" in told


def test_the_board_of_a_study_grows_with_raters_and_ratings(board, tmp_path):
    path, out = tmp_path / "s.sqlite", tmp_path / "judged"
    done(board, "--study", path, "--share", 6, "--raters", "anna,ben", "--controls", 0, "--no-serve")
    file = StudyFile(path)

    def rate(rater: str, count: int, verdict: int) -> None:
        for _ in range(count):
            question = file.next_of(rater)
            assert question is not None
            file.rate(rating(question, verdict, rater))

    rate("anna", 12, 5)
    done("board", board, "--study", path, "--out", out)
    file.undo("anna", "now")
    rate("anna", 1, 9)
    rate("ben", 12, 7)
    done("board", board, "--study", path, "--out", out)
    done("add-rater", "cleo", "--study", path)
    rate("cleo", 12, 3)
    done("board", board, "--study", path, "--out", out)
    shown = load_board([out]).runs
    raters = raters_table(Rows(), shown)
    assert raters is not None
    assert list(dict.fromkeys(raters.frame["judge"])) == ["human/anna", "human/ben", "human/cleo"]
    other = tmp_path / "other.sqlite"
    done(board, "--study", other, "--share", 6, "--raters", "anna,ben", "--controls", 0, "--seed", 1, "--no-serve")
    file = StudyFile(other)
    rate("anna", 12, 2)
    result = annotate("board", board, "--study", other, "--out", out)
    assert "expected another --out" in str(result.exception)
    done("board", board, "--study", other, "--out", tmp_path / "second")
    both = raters_table(Rows(), load_board([out, tmp_path / "second"]).runs)
    assert both is not None
    anna = both.frame[(both.frame["judge"] == "human/anna") & (both.frame["dimension"] == "helpfulness")]
    assert anna["study"].nunique() == 2
    assert 2.0 in set(anna["mean"])
    coverage = coverage_by_people(Rows(), load_board([out, tmp_path / "second"]).runs)
    assert coverage is not None
    assert set(coverage.frame.groupby("study")["raters"].max()) == {1, 3}


def test_no_method_and_no_stage_stands_in_a_study_of_single_answers(rated):
    raw = rated.path.read_bytes()
    assert b"seqft" not in raw
    assert b"order1" not in raw


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--share", "many"), "--share: share: found 'many'"),
        (("--share", "0"), "--share"),
        (("--share", "200%"), "--share"),
        (("--share", "99999"), "or a smaller share"),
        (("--raters", "anna"), "--raters: raters: found 1"),
        (("--raters", "anna,b/n"), "--raters: name: found 'b/n'"),
        (("--raters", "anna,anna"), "anna twice"),
        (("--pairwise", "nobody"), "--pairwise"),
        (("--dimensions", "beauty"), "beauty"),
    ],
)
def test_a_study_that_cannot_be_drawn_says_why_and_leaves_no_file(board, tmp_path, arguments, message):
    result = annotate(board, "--study", tmp_path / "s.sqlite", "--no-serve", "--share", 4, *arguments)
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
    assert list(tmp_path.glob("s.sqlite*")) == []


def test_peoples_ratings_become_the_rows_of_judges_of_their_own(board, rated, tmp_path):
    done("board", board, "--study", rated.path, "--out", tmp_path / "judged")
    folder = tmp_path / "judged" / "mini-all" / RUNS[0]
    record = read_run(folder)
    assert [judge.name for judge in record.judges] == ["human/anna", "human/ben"]
    assert record.judges[0].parameters["raters"] == 2
    assert record.comparability_key != read_run(board / RUNS[0]).comparability_key
    own, oracle = read_table(folder, "judgments"), read_table(board / RUNS[0], "judgments")
    assert list(own.columns) == list(oracle.columns)
    keys = ["sample_id", "dimension"]
    both = own[own["judge"] == "human/anna"].merge(oracle, on=keys, suffixes=("", "_oracle"))
    assert len(both)
    assert (both["verdict"] == both["verdict_oracle"]).all()
    coverage = record.coverage["helpfulness"]
    assert coverage.scored == own.loc[own["dimension"] == "helpfulness", "sample_id"].nunique()
    assert coverage.unscored == {"missing": coverage.expected - coverage.scored}
    done("board", board, "--study", rated.path, "--out", tmp_path / "judged")
    shown = load_board([tmp_path / "judged"])
    table = coverage_by_people(Rows(), shown.runs)
    assert table is not None
    covered = table.frame.set_index("dimension").loc["helpfulness"]
    assert (covered["raters"], covered["skipped"]) == (2, 0)
    assert covered["twice"] == covered["rated"] > 0
    raters = raters_table(Rows(), shown.runs)
    assert raters is not None
    assert set(raters.frame["judge"]) == {"human/anna", "human/ben"}
    assert coverage_by_people(Rows(), load_board([board]).runs) is None
    ranking = ranking_table([board.parent, tmp_path / "judged"], "rubric")
    judges = set(ranking["judges"])
    assert {name.split()[0] for name in judges} == {"oracle", "human/anna"}
    assert ranking[ranking["judges"].str.startswith("human")]["rank"].isna().all()


def test_the_board_s_page_of_judges_shows_who_rated_how_much(board, rated, tmp_path, monkeypatch):
    done("board", board, "--study", rated.path, "--out", tmp_path / "judged")
    monkeypatch.setenv(VARIABLE, json.dumps([str(tmp_path / "judged")]))
    page = AppTest.from_string(
        "from lifealign_bench.leaderboard.app import shell\nimport streamlit as st\n"
        "st.navigation([shell._page(name) for name in shell.PAGES], position='hidden')\nshell._draw('judges')",
        default_timeout=60,
    ).run()
    assert not page.exception
    assert "People" in [title.value for title in page.subheader]
    assert any(set(frame.value.iloc[:, 1]) == {"human/anna", "human/ben"} for frame in page.dataframe)
    exported = judges_page(Site(load_board([tmp_path / "judged"]), Rows(), None, everything=False)).html()
    assert "<h3>People</h3>" in exported
    assert "human/anna" in exported


def test_the_report_puts_the_runs_judge_and_the_truth_beside_people(board, rated):
    found = json.loads(done("report", board, "--study", rated.path, "--json"))
    by_name = {each["dimension"]: each for each in found["dimensions"]}
    help_ = by_name["helpfulness"]
    assert [row["severity"]["value"] > 0 for row in help_["raters"]] == [True, False]
    # Ben is two points more lenient than the oracle, so that people's median lies one above it.
    assert help_["judge"][0]["agreement"]["within_one"]["value"] == 1.0
    assert -1 <= help_["judge"][0]["agreement"]["shift"]["value"] < -0.4
    assert {row["task"] for row in help_["judge"][1:]} <= {f"mini-{name}" for name in TASKS}
    assert help_["truth"]["agreement"]["within_one"]["value"] == 1.0
    assert {row["missed"] for row in found["controls"]} == {0}
    assert "severity" in done("report", board, "--study", rated.path)
    assert json.loads(done("status", "--study", rated.path, "--json"))["raters"][0]["rater"] == "anna"


TASKS = ("general", "human", "harmless", "helpful", "safe", "truth")


def test_an_export_goes_into_another_copy_and_a_judge_card(rated, tmp_path):
    out = tmp_path / "r.jsonl"
    done("export", "--study", rated.path, "--texts", "--out", out)
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(rated.path.read_bytes())
    while StudyFile(copy).undo("ben", "now") is not None:
        pass
    assert "new ratings" in done("import", out, "--study", copy)
    kept = {(each.rater, each.question, each.verdict) for each in StudyFile(copy).ratings()}
    assert kept == {(each.rater, each.question, each.verdict) for each in rated.ratings()}
    people, scores = read_study(out)
    setting = CardSetting(samples=8, parts=("ratings",), ratings=scores, people=people)
    judge = Answering(0)
    card = card_of(setting, examine(setting, judge, lambda tokens_in, tokens_out: 0.0, lambda: 0.0))
    assert card.people is not None
    assert card.people.dimensions[0].judge[0].agreement.within_one.value == 1.0
    assert {each.dimension for each in card.ratings} == {"helpfulness", "safety", "rubric", "refusal"}


class Answering(KnownTruth):
    """The oracle, as if it read words."""

    reads_words = True


def test_comparisons_are_rated_in_both_places_and_count_on_the_board(board, tmp_path):
    path = tmp_path / "pairs.sqlite"
    more = ("--pairwise", "base", "--raters", "anna,ben", "--no-serve")
    done(board, "--study", path, "--share", 6, "--dimensions", "helpfulness", *more)
    file = StudyFile(path)
    rate_everything(file)
    done("board", board, "--study", path, "--out", tmp_path / "judged")
    folders = [each.parent for each in (tmp_path / "judged").rglob("run.json")]
    tables = [read_table(folder, "judgments") for folder in folders]
    for table in tables:
        assert set(table["against"]) == {"base"}
        places = table.groupby(["sample_id", "judge"])["position"].agg(set)
        assert all(each == {0, 1} for each in places)
    cells = read_table(folders[0], "cells")
    wins = cells[cells["metric"] == "win_rate_helpfulness_vs_base"]
    assert wins["value"].notna().any()
    found = json.loads(done("report", "--study", path, "--json"))
    assert found["dimensions"][0]["biases"][0]["name"] == "first place"


def test_a_study_that_nobody_rated_is_no_judge(board, tmp_path):
    path = tmp_path / "s.sqlite"
    done(board, "--study", path, "--share", 4, "--controls", 0, "--no-serve")
    result = annotate("board", board, "--study", path)
    assert "ratings: found none" in str(result.exception)


def test_advice_is_printed_and_taken_from_a_pilot(rated):
    assert "128" in done("advise", "--half-width", 0.5)
    told = json.loads(done("advise", "--pilot", rated.path, "--json"))
    assert {"helpfulness", "safety", "rubric"} >= set(told["mean"])
    assert done("add-rater", "cleo", "--study", rated.path).startswith("cleo: ")
