"""`decisions.jsonl`: what was added to a board, changed on it or removed from it, when and why."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from lifealign_bench.benchmark.durable import explained
from lifealign_bench.benchmark.schema import Division, Trust
from lifealign_bench.benchmark.strict_record import Record, Sha256
from lifealign_bench.data.errors import InputError

FILE = "decisions.jsonl"
What = Literal["added", "changed", "removed"]


class Decision(Record):
    """One line of the log. when: ISO 8601, UTC. bundle_sha256: of the archive's manifest; null where there is none."""

    when: str
    what: What
    submission: str
    runs: tuple[str, ...]
    trust: Trust
    division: Division
    why: str
    bundle_sha256: Sha256 | None = None


def append_decision(results: Path, decision: Decision) -> None:
    """Add a line to the log of a results repository and force it onto the disk; no line is ever changed.

    Raises:
        StoreError: the disk is full or cannot be written.
    """
    line = json.dumps(decision.model_dump(mode="json"), sort_keys=True, ensure_ascii=True) + "\n"
    with explained(results), (results / FILE).open("ab") as log:
        log.write(line.encode())
        log.flush()
        os.fsync(log.fileno())


def read_decisions(results: Path) -> tuple[Decision, ...]:
    """The log of a results repository, oldest first; empty where there is none.

    Raises:
        InputError: a line that is no decision.
    """
    path = results / FILE
    return tuple(_lines(path)) if path.is_file() else ()


def _lines(path: Path) -> Iterator[Decision]:
    # Only a line feed ends a line: a text may hold other characters that end lines elsewhere.
    lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines[:-1] if lines[-1] == "" else lines, 1):
        try:
            yield Decision.model_validate_json(line)
        except ValidationError as error:
            raise InputError(path, f"line {number}", line[:80], error.errors()[0]["msg"]) from None
