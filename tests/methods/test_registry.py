"""Plug-ins that cannot be used are named, each in its own way, and never skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.methods.registry import PluginError, find_method

METHOD = """
from lifealign_bench.methods import MethodSpec
from lifealign_bench.methods.seqft import SeqFT

class Own(SeqFT):
    spec = MethodSpec(name="{name}", version="1", title="t", paper="p")
"""


def package(folder: Path, name: str, entry: str, text: str) -> None:
    """A distribution as pip would have installed it: a module and its metadata."""
    (folder / f"{name}.py").write_text(text, "utf-8")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[lifealign_bench.methods]\n{entry} = {name}:Own\n", "utf-8")


def method_command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    around = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-P", "-m", "lifealign_bench", *words]
    return subprocess.run(command, capture_output=True, text=True, env=around, check=False)


@pytest.mark.parametrize(
    ("entry", "text", "message"),
    [
        ("own", "import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("own", "class Own: pass", "expected a subclass of lifealign_bench.methods.Method"),
        ("own", METHOD.format(name="other"), "spec.name: found 'other', expected the entry point's name, 'own'"),
        ("er", METHOD.format(name="er"), "plug:Own (plug) and built in"),
    ],
)
def test_an_installed_method_that_cannot_be_used_is_named_and_the_others_are_listed(
    tmp_path: Path, entry: str, text: str, message: str
) -> None:
    package(tmp_path, "plug", entry, text)
    done = method_command(tmp_path, "method", "list")
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "lifealign" in done.stdout
    asked = method_command(tmp_path, "plan", "mini-quick", "--methods", f"seqft,{entry}")
    assert message in asked.stderr


def test_the_traceback_of_a_plug_in_stands_behind_debug(tmp_path: Path) -> None:
    package(tmp_path, "plug", "own", "import nothing_of_this_name")
    done = method_command(tmp_path, "--debug", "method", "list")
    assert "Traceback" in done.stderr
    assert "import nothing_of_this_name" in done.stderr


def test_two_packages_with_a_method_of_one_name_are_both_named(tmp_path: Path) -> None:
    for name in ("first", "second"):
        package(tmp_path, name, "own", METHOD.format(name="own"))
    done = method_command(tmp_path, "method", "list")
    assert done.returncode != 0
    assert "first:Own (first)" in done.stderr
    assert "second:Own (second)" in done.stderr


def test_a_file_is_one_error_whatever_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    with pytest.raises(InputError, match="no such file"):
        find_method(f"{file}:Own")
    file.write_text("x = 1 / 0\n", "utf-8")
    with pytest.raises(PluginError, match=r"ZeroDivisionError: division by zero \(.*own\.py, line 1\)") as caught:
        find_method(f"{file}:Own")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    file.write_text("from lifealign_bench.methods import Method\nclass Own(Method): pass\n", "utf-8")
    with pytest.raises(InputError, match="spec"):
        find_method(f"{file}:Own")
    with pytest.raises(UnknownNameError, match="Onw"):
        find_method(f"{file}:Onw")
