"""Studies for tests: of a hostile board whose methods have names that stand nowhere else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from browsing import Served, free_port, wait_for
from stored_boards import FORMULA, IMAGE, MARKDOWN, RIGHT_TO_LEFT, SCRIPT, Names, store_board
from typer.testing import CliRunner

from lifealign_bench.cli import app

METHODS = ("quokkamethod", "wombatmethod")
ANSWERS = (SCRIPT + IMAGE, MARKDOWN, FORMULA, RIGHT_TO_LEFT, "a plain answer", "1. one\n2. two", "no", "word " * 900)
HOSTILE = Names(methods=METHODS, answers=ANSWERS, prompt=f"{SCRIPT} {MARKDOWN}")


def hostile_board(results: Path, pairs: int = 8) -> Path:
    """A board of two methods whose answers try to be more than text."""
    return store_board(results / "tiny", HOSTILE, pairs=pairs).parent


def draw(results: Path, study: Path, *more: object) -> None:
    """Draw a study of two raters with the command."""
    arguments = ["annotate", results, "--study", study, "--raters", "anna,ben", "--no-serve", *more]
    done = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output


@contextmanager
def serving(study: Path, *more: str) -> Iterator[Served]:
    """`lifealign annotate serve` on this study, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-P", "-m", "lifealign_bench", "annotate", "serve", "--study", str(study), *more]
    with (study.parent / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--no-browser"],
            cwd=study.parent,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": ""},
        )
        try:
            wait_for(f"http://localhost:{port}/_stcore/health", process, seconds=180)
            yield Served(f"http://localhost:{port}", process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=120)


def lines_of(path: Path) -> Sequence[dict[str, object]]:
    """The lines of a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
