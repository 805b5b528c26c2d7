"""Answers kept on disk under what they follow from: an answer that is broken, or of other rows, is as good as none."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from threading import get_ident

from lifealign_bench.benchmark.compact.opening import content_name
from lifealign_bench.benchmark.statistics.similarity import FILE
from lifealign_bench.data.rows import digest
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.places import is_url
from lifealign_bench.leaderboard.questions import Answer, Question, from_json
from lifealign_bench.leaderboard.shipped import shipped_answers

MOST = 300
"""Answers that are kept; the oldest go first."""
CODE = ("benchmark", "benchmark.statistics", "data", "leaderboard", "leaderboard.analysis", "leaderboard.variation")
"""Packages whose sources decide an answer."""
LIBRARIES = ("lifealign-bench", "numpy", "scipy", "pandas", "duckdb")
"""Distributions whose versions do."""


@dataclass(frozen=True)
class Shelf:
    """A folder of answers, a file each: SHA-256 of the rest on the first line, then JSON. Without a folder, none.

    Two processes may write one file at once: each writes beside it and renames.
    """

    folder: Path | None

    def find(self, name: str, question: Question) -> Answer | None:
        """The answer of this name, None where there is none that can be read."""
        if self.folder is None:
            return None
        try:
            head, _, body = (self.folder / f"{name}.json").read_bytes().partition(b"\n")
            return from_json(question.kind, body) if head.decode() == hashlib.sha256(body).hexdigest() else None
        except (OSError, ValueError):
            return None

    def keep(self, name: str, body: bytes) -> None:
        """Write an answer; where that cannot be done it is computed again the next time."""
        if self.folder is None:
            return
        scratch = self.folder / f"{name}.{os.getpid()}.{get_ident()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            scratch.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            scratch.replace(self.folder / f"{name}.json")
            by_age = sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
            for path in by_age[:-MOST]:
                path.unlink(missing_ok=True)
        except OSError:
            with suppress(OSError):
                scratch.unlink()


def own_shelf() -> Shelf:
    """The shelf in the user's cache; one that keeps nothing for a user without a home."""
    cache = os.environ.get("XDG_CACHE_HOME")
    try:
        return Shelf((Path(cache) if cache else Path.home() / ".cache") / "lifealign" / "answers")
    except RuntimeError:
        return Shelf(None)


def kept_answer(question: Question, runs: Sequence[BoardRun]) -> Answer | None:
    """The answer where it ships, or was computed here before; None where it is still to be computed."""
    name = rows_name(question, runs)
    return None if name is None else named_answer(name, question, own_shelf())


def named_answer(name: str, question: Question, own: Shelf) -> Answer | None:
    """The answer of this name of `rows_name`, from what ships or from this shelf."""
    return Shelf(shipped_answers()).find(name, question) or own.find(named_by_code(name), question)


def rows_name(question: Question, runs: Sequence[BoardRun]) -> str | None:
    """What an answer follows from, as a name: the question and the bytes of all rows behind it.

    None where that is not known without fetching them (results at a URL), or where rows cannot be read.
    """
    if any(is_url(run.folder) for run in runs):
        return None
    table = "pairs" if question.metric == "preference_accuracy" else "judgments"
    beside = {Path(run.folder).parent / FILE for run in runs if question.kind == "analysis"}
    try:
        varied = question.kind == "variation"
        parts = sorted(_of_run(run, table, run.folder in question.first, varied=varied) for run in runs)
        similar = [_sha256(path) for path in sorted(beside) if path.is_file()]
    except OSError:
        return None
    return digest([question.kind, question.metric, question.measure, parts, similar])[:32]


def named_by_code(name: str) -> str:
    """The name for the answer that the sources of this installation give."""
    return digest([name, _code()])[:32]


def _of_run(run: BoardRun, table: str, is_first: bool, *, varied: bool) -> list[object]:
    path = run.table(table)
    rows = None if path is None else content_name(Path(path)) or _sha256(Path(path))
    variant = [run.base, run.condition] if varied else []
    return [run.entry.label, run.entry.schedule, run.order, list(run.tasks), run.seed, is_first, rows, *variant]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _code() -> str:
    sources = [_version(name) for name in LIBRARIES]
    for package in CODE:
        own = [path for path in files(f"lifealign_bench.{package}").iterdir() if path.name.endswith(".py")]
        sources += [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(own, key=lambda path: path.name)]
    return digest(sources)


def _version(name: str) -> str:
    """The version of a distribution; nothing where it runs from its sources, which count themselves."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
