"""The command's words: exit codes, findings for people, for machines and for code reviews."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lifealign_bench.cli import app
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.submissions import apart
from lifealign_bench.leaderboard.submissions.apart import check_apart
from lifealign_bench.leaderboard.submissions.findings import error
from lifealign_bench.leaderboard.submissions.naming_code import code_of, code_that_ships

COMMIT = "c" * 40


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    (folder / "runs").mkdir(parents=True)
    (folder / "evil.py").write_text("raise SystemExit('run')", "utf-8")
    (folder / "link.json").symlink_to("/etc/passwd")
    return folder


def test_findings_name_rule_file_field_value_and_expectation_in_every_form(broken: Path) -> None:
    text = CliRunner().invoke(app, ["submission", "check", str(broken)])
    assert text.exit_code == 1
    assert "A6 error: evil.py: extension: found .py, expected .json" in text.output
    found = json.loads(CliRunner().invoke(app, ["submission", "check", str(broken), "--json"]).stdout)
    assert {finding["rule"] for finding in found["findings"]} == {"A4", "A6"}
    notes = CliRunner().invoke(app, ["submission", "check", str(broken), "--annotations"])
    assert "::error file=evil.py,title=A6::extension: found .py" in notes.output


def test_a_bundle_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["submission", "check", str(tmp_path / "nowhere.zip")])
    assert isinstance(done.exception, InputError)
    assert done.exception.exit_code == 2


def test_a_hostile_finding_is_one_line_and_no_command() -> None:
    found = error("S1", "a\n::set-output name=x::y", "f", "v\n::error::z\u202e", "e" * 900)
    assert "\n" not in found.text
    assert "\n" not in found.annotation
    assert "\u202e" not in found.text
    assert len(found.expected) <= 160


def test_the_checker_apart_says_the_same_and_outlives_what_breaks_it(broken: Path) -> None:
    verdict = check_apart(broken, [])
    assert {finding.rule for finding in verdict.findings} == {"A4", "A6"}
    assert not verdict.is_clean
    with pytest.raises(InputError, match="nowhere"):
        check_apart(broken.with_name("nowhere"), [])
    # Less time than its start takes.
    stopped = check_apart(broken, [], seconds=0)
    assert [finding.rule for finding in stopped.findings] == ["A1"]


def test_the_command_checks_in_a_process_that_is_stopped_and_adds_nothing_then(
    broken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The process has used up its second before it looks at anything, however fast the machine is.
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "sitecustomize.py").write_text("import time\nwhile time.process_time() < 2:\n    pass\n", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(slow))
    (broken / "evil.py").unlink()
    (broken / "link.json").unlink()
    checked = CliRunner().invoke(app, ["submission", "check", str(broken), "--seconds", "1", "--json"])
    assert [found["rule"] for found in json.loads(checked.stdout)["findings"]] == ["A1"]
    added = CliRunner().invoke(app, ["submission", "add", str(broken), str(tmp_path / "results"), "--seconds", "1"])
    assert (added.exit_code, (tmp_path / "results").exists()) == (1, False)
    assert "time" in added.output


def test_code_is_a_package_or_a_repository_at_a_commit_and_a_file_that_is_here(tmp_path: Path) -> None:
    file = tmp_path / "m.py"
    file.write_text("x = 1\n", "utf-8")
    assert code_of("mine==1.2:mine/m.py", file).package == "mine==1.2"
    assert code_of(f"https://example.org/me/mine@{COMMIT}:m.py", file).commit == COMMIT
    for wrong in ("mine", "mine>=1:m.py", "http://example.org/x@abc:m.py", f"https://h/r@{COMMIT}:../m.py"):
        with pytest.raises(InputError):
            code_of(wrong, file)
    with pytest.raises(InputError, match="hash"):
        code_of("mine==1.2:m.py", tmp_path / "none.py")
    assert code_that_ships("er") is not None
    assert code_that_ships("../er") is None


def test_what_is_uploaded_is_checked_with_two_gibibytes_and_no_more() -> None:
    taking = f"from {apart.__name__} import _limit; _limit(60); bytearray(1 << 30); bytearray(3 << 30)"
    done = subprocess.run([sys.executable, "-P", "-c", taking], capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr
