from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lifealign_bench.benchmark.durable import new_folder, write_whole
from lifealign_bench.data.errors import InputError

REWRITER = """
import json, sys
from pathlib import Path
from lifealign_bench.benchmark.durable import write_whole
for number in range(400):
    write_whole(Path(sys.argv[1]), json.dumps([number] * 20_000))
"""


def test_a_reader_never_finds_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_whole(path, json.dumps([0] * 20_000))
    writer = subprocess.Popen([sys.executable, "-c", REWRITER, str(path)])
    seen = set()
    while writer.poll() is None:
        values = json.loads(path.read_text("utf-8"))
        assert len(values) == 20_000
        assert len(set(values)) == 1
        seen.add(values[0])
    assert writer.returncode == 0
    assert len(seen) > 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_folder_takes_its_place_in_one_step(tmp_path: Path) -> None:
    with new_folder(tmp_path / "deep" / "base") as scratch:
        (scratch / "file").write_text("x", "utf-8")
        number = scratch.stat().st_ino
        assert not (tmp_path / "deep" / "base").exists()
    # The very folder that was filled, so nobody can have seen a copy that was not finished.
    assert (tmp_path / "deep" / "base").stat().st_ino == number
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["base"]


def test_a_new_folder_does_not_replace_what_came_in_between(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="already there"), new_folder(tmp_path / "base"):
        (tmp_path / "base").mkdir()
        (tmp_path / "base" / "theirs").write_text("", "utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["base"]
    assert (tmp_path / "base" / "theirs").exists()
