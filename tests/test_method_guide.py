"""docs/write-a-method.md is true: its files are the plugin's, its commands run as they stand there."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from lifealign_bench.benchmark.suite import parse_suite
from lifealign_bench.methods import Method, find_method
from support import write_suite

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "tests" / "plugins" / "lifealign-ema"
GUIDE = (ROOT / "docs" / "write-a-method.md").read_text("utf-8")
CHECKED = importlib.util.find_spec("lifealign_bench.benchmark.conformance") is not None
# The commands of the guide as they stand there: with a suite of seconds in the place of `mini-quick`, without the
# network, and with what `pip` installs in a folder of the test's own.
SHELL = """
set -euo pipefail
export PYTHONPATH="$PWD/site${PYTHONPATH:+:$PYTHONPATH}"
lifealign() {
    if [[ "$*" == "method check"* && -z "$CHECKED" ]]; then return; fi
    echo "\\$ lifealign $*"
    "$PYTHON" -m lifealign_bench "${@/#mini-quick/tiny.yaml}"
}
pytest() { if [[ -n "$CHECKED" ]]; then "$PYTHON" -m pytest "$@"; fi; }
pip() { "$PYTHON" -m pip "$@" --quiet --no-deps --no-build-isolation --no-index --target site; }
"""
ORDER = ["hc3", "hh-harmless"]


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the file that the line before it names."""

    language: str
    text: str
    file: str | None


def blocks() -> list[Block]:
    found = re.finditer(r"(?P<before>[^\n]*)\n\n```(?P<language>\w+)\n(?P<text>.*?)```(?=\n)", GUIDE, re.DOTALL)
    named = re.compile(r"`([\w./-]+\.\w+)`[.:]$")
    return [
        Block(item["language"], item["text"], name[1] if (name := named.search(item["before"])) else None)
        for item in found
    ]


def test_every_block_is_of_a_kind_that_is_tested():
    assert GUIDE.count("\n```") == 2 * len(blocks())
    kinds = [block.language for block in blocks()]
    assert {kind: kinds.count(kind) for kind in kinds} == {"sh": 7, "python": 1, "yaml": 1, "text": 1, "toml": 1}


def test_the_files_in_the_guide_are_those_of_the_package():
    files = {block.file: block.text for block in blocks() if block.language in ("python", "toml")}
    assert files == {
        "ema.py": (PLUGIN / "lifealign_ema.py").read_text("utf-8"),
        "lifealign-ema/pyproject.toml": (PLUGIN / "pyproject.toml").read_text("utf-8"),
    }


def test_every_hook_stands_in_the_table():
    table = "\n".join(line for line in GUIDE.splitlines() if line.startswith("| "))
    hooks = [name for name, value in vars(Method).items() if name[0] != "_" and inspect.isfunction(value)]
    assert not [name for name in hooks if f"`{name}(" not in table]


def test_every_file_that_is_linked_exists():
    links = re.findall(r"\]\(([^)#]+)\)", GUIDE)
    assert len(links) >= 2
    assert not [link for link in links if not (ROOT / "docs" / link).exists()]


def test_the_settings_are_ones_that_a_suite_takes():
    (text,) = [block.text for block in blocks() if block.language == "yaml"]
    suite = parse_suite({"name": "s", "tasks": ["a"], "base": "b", **yaml.safe_load(text)}, "the guide")
    own = [entry for entry in suite.methods if entry.label]
    assert [entry.title for entry in own] == ["ema-fast", "ema-slow"]
    method = find_method(f"{PLUGIN / 'lifealign_ema.py'}:Ema").method
    assert [method.from_mapping(entry.config).config.decay for entry in own] == [0.9, 0.99]


def test_who_follows_the_guide_gets_a_row_on_the_board(tmp_path: Path, synthetic_data: Path, tiny_base: Path) -> None:
    write_suite(
        tmp_path / "tiny.yaml",
        synthetic_data,
        tiny_base,
        tasks=ORDER,
        orders={"order1": ORDER},
        evaluation={"cells": "corners", "prompts": 1, "max_new_tokens": 2, "batch_size": 4},
    )
    env = {**os.environ, "PYTHON": sys.executable, "CHECKED": "yes" if CHECKED else ""}
    printed = ""
    for block in blocks():
        if block.language == "sh":
            command = ["bash", "-c", SHELL + block.text]
            done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"
            printed += done.stdout
        elif block.file is not None:
            (tmp_path / block.file).write_text(block.text, "utf-8")
    runs = {path.name for path in (tmp_path / "workspace" / "results" / "tiny").glob("*--*")}
    assert runs == {"seqft--order1--s0", "Ema--order1--s0", "ema--order1--s0"}
    boards = printed[printed.index("$ lifealign leaderboard") :]
    assert boards.count("preference_accuracy (tiny)") >= 2
    assert re.search(r"\d +Ema ", boards)
    assert re.search(r"\d +ema ", boards[boards.index("seqft,ema\n") :])
