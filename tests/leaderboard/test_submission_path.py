"""The whole path: a new method is run, packed, checked and added, and stands on the board in a real browser."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from browsing import Seen, browser, served, visit

from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.leaderboard.submissions.decisions import read_decisions

ORDER = "mini-general>mini-human>mini-safe"
CODE = f"https://example.org/me/pull@{'a' * 40}:pull.py"


def lifealign(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-P", "-m", "lifealign_bench", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_new_method_comes_to_the_board_and_is_seen_there(tmp_path: Path) -> None:
    lifealign(tmp_path, "method", "new", "pull")
    lifealign(tmp_path, "run", "mini-quick", "--methods", "pull.py:Pull", "--orders", ORDER, "--workers", "1")
    packed = ("--method", "Pull", "--code", CODE, "--file", "pull.py:Pull", "--out", "pull.zip")
    lifealign(tmp_path, "submission", "pack", "workspace/results/mini-quick", *packed)
    assert "clean" in lifealign(tmp_path, "submission", "check", "pull.zip")
    lifealign(tmp_path, "submission", "add", "pull.zip", "board", "--why", "the first one")
    (decision,) = read_decisions(tmp_path / "board")
    assert (decision.what, decision.submission, decision.trust) == ("added", "pull", "recomputed")
    (run,) = (tmp_path / "board" / "mini-quick").glob("Pull--*")
    assert read_run(run).trust == "recomputed"
    with served([tmp_path / "board"], tmp_path) as server, browser() as opened:
        page, seen = opened.new_page(), Seen((server.address, server.address.replace("http", "ws")))
        seen.watch(page)
        visit(page, f"{server.address}/ranking?trust=recomputed&division=closed")
        page.get_by_text(": Pull.").wait_for()
        visit(page, f"{server.address}/submit")
        page.get_by_role("heading", name="Submit", exact=True).wait_for()
        page.locator("input[type=file]").set_input_files(tmp_path / "pull.zip")
        page.get_by_text("Clean:").wait_for(timeout=180_000)
        assert page.locator('[data-testid="stException"]').count() == 0
        assert seen.errors == []
        assert seen.foreign == []
        assert not server.loaded("libtorch")
        page.close()
