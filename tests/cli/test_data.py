"""`lifealign data` as a user types it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from lifealign_bench.cli.data import app
from lifealign_bench.data.errors import InputError, UnknownNameError


def lifealign_data(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200", "TERM": "dumb"})


def write(path: Path, lines: list[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def pairs(count: int, words: str = "question") -> list[dict[str, object]]:
    return [{"query": f"{words} {n}", "chosen": f"good {n}", "rejected": f"bad {n}"} for n in range(count)]


@pytest.fixture
def harmless_folder(tmp_path: Path) -> Path:
    write(tmp_path / "hh-harmless" / "train.jsonl", [*pairs(30), {"query": "", "chosen": "a", "rejected": "b"}])
    write(tmp_path / "hh-harmless" / "test.jsonl", pairs(5, "dreadful words"))
    return tmp_path


def test_show_prints_licence_counts_drops_and_cues(harmless_folder: Path) -> None:
    shown = lifealign_data("show", "hh-harmless", "--data-dir", harmless_folder)
    assert shown.exit_code == 0
    for part in ("MIT", "harmful", "09be8c5b", "dropped: empty", "the answer without 'bad'", "100.0 %", "unlabelled"):
        assert part in shown.output


def test_harmful_examples_are_folded_until_they_are_asked_for(harmless_folder: Path) -> None:
    words = ["show", "hh-rlhf-harmless-base", "--data-dir", harmless_folder, "--examples", "1"]
    assert "dreadful" not in lifealign_data(*words).output
    assert "dreadful" in lifealign_data(*words, "--show-harmful").output
    assert "dreadful" not in lifealign_data(*words, "--json").output
    assert "dreadful" in lifealign_data(*words, "--json", "--show-harmful").output


def test_hostile_text_is_neither_markup_nor_a_terminal_command(tmp_path: Path) -> None:
    hostile = "[bold]not bold[/bold] [link=http://x]y[/link] [/nonsense] \x1b]0;title\x07 \u202eabc"
    lines = [{"query": f"{hostile} {n}", "chosen": f"{hostile} a", "rejected": "b"} for n in range(40)]
    write(tmp_path / "hc3" / "train.jsonl", lines[:30])
    write(tmp_path / "hc3" / "test.jsonl", lines[30:])
    shown = lifealign_data("show", "hc3", "--data-dir", tmp_path, "--examples", "2").output
    assert "[bold]not bold[/bold] [link=http://x]y[/link] [/nonsense] \\x1b]0;title\\x07 \\u202eabc" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_json_is_complete(harmless_folder: Path) -> None:
    record = json.loads(lifealign_data("show", "hh-harmless", "--data-dir", harmless_folder, "--json").output)
    assert record["card"]["licence"] == "MIT"
    assert (record["report"]["train"]["read"], record["report"]["train"]["empty"]) == (31, 1)
    assert [cue["kind"] for cue in record["cues"]] == ["length", "token"]
    assert record["harm"]["evaluation"] == {"harmful": 0, "harmless": 0, "unlabelled": 5}
    assert len(record["examples"]) == 2


def test_an_unknown_task_and_a_missing_folder_are_errors_for_the_user(tmp_path: Path) -> None:
    assert isinstance(lifealign_data("show", "hh-harmles").exception, UnknownNameError)
    assert isinstance(lifealign_data("show", "hc3", "--data-dir", tmp_path).exception, InputError)


def test_list_names_every_task() -> None:
    listed = lifealign_data("list").output
    for name in ("capybara", "hc3", "hh-harmless", "hh-helpful", "safe-rlhf", "truthfulqa", "general-dpo"):
        assert name in listed


def test_new_then_check_then_show_work_on_files_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("tone", "style"):
        write(tmp_path / f"{name}.jsonl", pairs(300, name))
        made = lifealign_data("new", name, "--from", f"{name}.jsonl", "--suite", "my-suite.yaml")
        assert made.exit_code == 0, made.exception
        assert f"next: lifealign data check cards/{name}.yaml" in made.output
    checked = lifealign_data("check", "cards")
    assert checked.exit_code == 0
    assert "warning" in checked.output
    assert "licence: unknown" in checked.output
    assert "tone" in lifealign_data("show", "cards/tone.yaml").output


def test_two_files_may_follow_one_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a_train.jsonl", pairs(30))
    write(tmp_path / "a_test.jsonl", pairs(9, "other"))
    assert lifealign_data("new", "a", "--from", "a_train.jsonl", "a_test.jsonl").exit_code == 0
    assert "a_test.jsonl" in (tmp_path / "cards" / "a.yaml").read_text("utf-8")


def test_check_prints_every_problem_and_fails(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: x\nlicens: MIT\n", "utf-8")
    checked = lifealign_data("check", tmp_path / "bad.yaml")
    assert checked.exit_code == 2
    for part in ("title", "source", "licence: found nothing", "did you mean licence"):
        assert part in checked.output
    as_json = lifealign_data("check", tmp_path / "bad.yaml", "--json")
    assert as_json.exit_code == 2
    assert {finding["level"] for finding in json.loads(as_json.output)} == {"error"}


def test_the_commands_help_loads_nothing_heavy() -> None:
    import subprocess

    code = (
        "import sys; import lifealign_bench.cli.data, lifealign_bench.data.stream; "
        "print(sorted({'torch', 'datasets', 'pyarrow', 'pandas'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
