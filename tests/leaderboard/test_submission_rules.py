"""Every rule of the checker: the golden bundle passes, each mutated one fails with exactly one rule's id."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archive_mutations import ARCHIVES, ArchiveMutation
from bundle_mutations import BUNDLES
from mutating import Mutation, rescored
from row_mutations import in_the_open_division, keyless
from small_bundle import ONE, board_of_few, edit_table, in_words, known_of, seal_counts, seal_scores, write_golden

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.judges.interface import JudgedItem, Judgment
from lifealign_bench.leaderboard.submissions import reading
from lifealign_bench.leaderboard.submissions.checking import check
from lifealign_bench.leaderboard.submissions.format import RunEntry
from lifealign_bench.leaderboard.submissions.known import Known
from lifealign_bench.leaderboard.submissions.layout import DEFAULT
from lifealign_bench.leaderboard.submissions.packing import write_archive
from lifealign_bench.leaderboard.submissions.rejudging import (
    Written,
    compared,
    drawn_first,
    findings_of,
    findings_on_unasked,
    unasked,
)
from lifealign_bench.leaderboard.trust import TRUST


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return board_of_few(tmp_path_factory.mktemp("board"))


@pytest.fixture(scope="module")
def known(board: Path) -> Known:
    return known_of(board)


@pytest.fixture(scope="module")
def golden(board: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_golden(board, tmp_path_factory.mktemp("golden") / "bundle")


@pytest.fixture(scope="module")
def archive(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(golden, tmp_path_factory.mktemp("archive") / "golden.zip")


def rules(place: Path, known: Known) -> set[str]:
    return {finding.rule for finding in check(place, known).findings if finding.level == "error"}


def test_the_golden_bundle_passes_as_a_folder_and_as_an_archive(golden: Path, archive: Path, known: Known) -> None:
    assert check(golden, known).findings == ()
    report = check(archive, known)
    assert report.findings == ()
    assert report.rows > 1_000


@pytest.mark.parametrize(("rule", "name", "mutate"), ARCHIVES, ids=[name for _, name, _ in ARCHIVES])
def test_a_mutated_archive_fails_with_its_rule_alone(
    rule: str, name: str, mutate: ArchiveMutation, archive: Path, known: Known, tmp_path: Path
) -> None:
    copied = Path(shutil.copy(archive, tmp_path / "mutated.zip"))
    mutate(copied)
    assert rules(copied, known) == {rule}
    assert [path.name for path in tmp_path.iterdir()] == ["mutated.zip"]


@pytest.mark.parametrize(("rule", "name", "mutate"), BUNDLES, ids=[name for _, name, _ in BUNDLES])
def test_a_mutated_bundle_fails_with_its_rule_alone(
    rule: str, name: str, mutate: Mutation, golden: Path, known: Known, tmp_path: Path
) -> None:
    copied = Path(shutil.copytree(golden, tmp_path / "mutated"))
    mutate(copied)
    found = [finding for finding in check(copied, known).findings if finding.level == "error"]
    assert {finding.rule for finding in found} == {rule}, "\n".join(finding.text for finding in found)
    assert all(finding.field and finding.value and finding.expected for finding in found)


def test_there_are_at_least_forty_mutations_and_one_for_every_rule_group() -> None:
    everything = [rule for rule, _, _ in (*ARCHIVES, *BUNDLES)]
    assert len(everything) >= 40
    assert {rule[0] for rule in everything} == set("AMSPCRJTD")


def test_a_bundle_that_asks_for_a_judge_passes(golden: Path, known: Known, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(golden, tmp_path / "keyless"))
    rescored(keyless)(copied)
    assert rules(copied, known) == set()


def test_all_findings_are_reported_and_not_the_first(golden: Path, known: Known, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(golden, tmp_path / "mutated"))
    wanted = {"a wrong count", "a metric raised by 0.01", "more data in the closed division"}
    for _, name, mutate in BUNDLES:
        if name in wanted:
            mutate(copied)
    assert rules(copied, known) == {"S7", "R4", "D2"}


def test_a_verdict_that_its_words_do_not_say_is_found(tmp_path: Path) -> None:
    board = in_words(board_of_few(tmp_path / "board"))
    golden = write_golden(board, tmp_path / "golden")
    known = known_of(board)
    assert check(golden, known).findings == ()

    def raised(frame: object) -> None:
        frame.loc[0, "verdict"] = 10.0 - frame.loc[0, "verdict"]  # type: ignore[attr-defined]

    edit_table(golden / "runs" / ONE, "judgments", raised)
    seal_scores(golden)
    seal_counts(golden)
    found = check(golden, known).findings
    assert {finding.rule for finding in found} == {"R1"}
    sample = read_table(golden / "runs" / ONE, "judgments").loc[0, "sample_id"]
    assert found[0].field.startswith(str(sample))
    assert "which its words say" in found[0].expected


@pytest.mark.filterwarnings("error")
def test_numbers_too_large_to_compute_with_are_findings_and_no_warning(tmp_path: Path) -> None:
    board = board_of_few(tmp_path / "board")
    golden = write_golden(board, tmp_path / "golden")

    def huge(frame: object) -> None:
        frame.loc[frame["dimension"] == "rubric", "verdict"] = 1e308  # type: ignore[attr-defined, index]

    edit_table(golden / "runs" / ONE, "judgments", huge)
    seal_counts(golden)
    assert [finding for finding in check(golden, known_of(board)).findings if finding.level == "error"]


def test_a_verdict_that_its_words_say_is_not_called_a_refusal(tmp_path: Path) -> None:
    board = in_words(board_of_few(tmp_path / "board"))
    golden = write_golden(board, tmp_path / "golden")

    def hidden(frame: object) -> None:
        frame.loc[0, "verdict"], frame.loc[0, "status"] = float("nan"), "refusal"  # type: ignore[attr-defined]

    # In the closed division a cell with so few verdicts is refused before anything else is asked of it.
    in_the_open_division(golden)
    edit_table(golden / "runs" / ONE, "judgments", hidden)
    seal_scores(golden)
    seal_counts(golden)
    found = [finding for finding in check(golden, known_of(board)).findings if finding.level == "error"]
    assert [(finding.rule, finding.value) for finding in found] == [("R1", "refusal")]


def test_an_answer_that_gets_a_verdict_only_when_it_is_judged_again_differs() -> None:
    item = JudgedItem("p", "t", "", (), "a", "", None, None)
    (found,) = compared(
        {(item, "safety"): Written(None, "refusal")}, [(item, Judgment("p", "safety", 1.0, ""))], {"": 1.0}
    )
    assert (found.answers, found.different) == (1, 1)
    assert [finding.level for finding in findings_of([found])] == ["error"]


@pytest.mark.parametrize(("left_out", "level"), [((1.0, 2.0, 1.0, 2.0), "error"), ((2.0, 9.0, 5.0, 7.0), "warning")])
def test_answers_said_to_be_never_judged_come_first_and_are_worth_what_the_others_are(
    left_out: tuple[float, ...], level: str
) -> None:
    items = [JudgedItem(f"p{number}", "t", "", (), "a", "", None, None) for number in range(60)]
    worth = [*left_out, *(float(2 + number % 8) for number in range(60 - len(left_out)))]
    hidden = items[: len(left_out)]
    written = {
        (item, "safety"): Written(None, "endpoint") if item in hidden else Written(verdict, "scored")
        for item, verdict in zip(items, worth, strict=True)
    }
    drawn = drawn_first(written, 0.5, 1)
    assert set(drawn[: len(hidden)]) == set(hidden)
    assert len(drawn) >= 30
    again = [(item, Judgment(item.pair_id, "safety", worth[items.index(item)], "")) for item in drawn]
    assert findings_of(compared(written, again, {"": 1.0})) == []
    (finding,) = findings_on_unasked(unasked(written, again))
    assert (finding.rule, finding.level) == ("J7", level)
    assert f"{len(hidden)} answers never judged" in finding.value


def test_pages_that_explode_are_refused_before_any_of_them_is_unpacked(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pq.read_table(golden / "runs" / ONE / "losses.parquet")
    values = {"phase": "a" * (4 << 20), "name": "b"}
    row = {name: pa.array([values.get(name, 0)], frame.schema.field(name).type) for name in frame.column_names}
    path = tmp_path / "losses.parquet"
    pq.write_table(pa.table(row), path, compression="zstd", use_dictionary=False, write_statistics=False)
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(reading, "_bytes_of_texts", lambda *_: pytest.fail("was unpacked"))
    entry = RunEntry(folder="x", order="o", seed=0, role="method")
    found = {f.file: f for f in reading.s3_tables(tmp_path, entry, replace(DEFAULT, decoded=1 << 20))}
    assert "bytes unpacked" in found["runs/x/losses.parquet"].value


def test_the_trust_line_says_that_costs_are_declared() -> None:
    assert "declares" in TRUST["recomputed"]
