"""The numbers that pages of docs/ quote, each with its place in a report's JSON.

`python tests/quoted_numbers.py RUNS` prints the tables of docs/statistics.md with numbers of other runs; --write puts
them in. Instead of runs it takes a report that `lifealign report --out` wrote, and with --page another page.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "statistics.md"
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<value>[^|]+) \| `(?P<path>[^`|]+)` \|$")
KEYS = ("metric", "method", "name", "order")


@dataclass(frozen=True)
class Quote:
    """A row of a table: what it is, the number as it is written, its place in the JSON."""

    what: str
    value: str
    path: str

    def line(self) -> str:
        return f"| {self.what} | {self.value} | `{self.path}` |"


def quotes(text: str) -> Iterator[Quote]:
    """Every quoted number of the page."""
    for line in text.splitlines():
        found = ROW.match(line)
        if found is not None:
            yield Quote(found["what"], found["value"].strip(), found["path"])


def look_up(record: Any, path: str) -> Any:
    """What a path leads to: fields, places in a list, or the entry of a list that has this name."""
    for part in path.split("."):
        if isinstance(record, dict):
            record = record[part]
        elif part.lstrip("-").isdigit():
            record = record[int(part)]
        else:
            record = next(one for one in record if part in _names(one))
    return record


def written(value: Any, like: str) -> str:
    """A value with as many digits as the number that stands there."""
    if value is None:
        return "–"
    if not isinstance(value, float):
        return str(value)
    digits = len(like.partition(".")[2]) or (1 if like in ("–", "") else 0)
    return f"{value:.{digits}f}".replace("-", "−")


def report(runs: Path) -> Any:
    """The report on some runs, or one that was written, as JSON values."""
    if runs.suffix == ".json":
        return json.loads(runs.read_text("utf-8"))
    from lifealign_bench.benchmark.runs import find_runs
    from lifealign_bench.leaderboard.analysis.analysis import analyse, to_json

    return json.loads(to_json(analyse(find_runs(runs))))


def refreshed(text: str, record: Any) -> str:
    """The page with every quoted number as the report has it."""
    for quote in quotes(text):
        value = written(look_up(record, quote.path), quote.value)
        text = text.replace(quote.line(), Quote(quote.what, value, quote.path).line())
    return text


def _names(one: Any) -> list[str]:
    if isinstance(one, list):
        return [str(one[0])]
    return [str(one[key]) for key in KEYS if key in one]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    page = refreshed(asked.page.read_text("utf-8"), report(asked.runs))
    print("\n".join(quote.line() for quote in quotes(page)))
    if asked.write:
        asked.page.write_text(page, "utf-8")
