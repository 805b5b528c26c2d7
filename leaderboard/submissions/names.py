"""Names of files that are the same on every system, or that are refused: group A of the rules, for names alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from lifealign_bench.leaderboard.submissions.findings import Finding, error
from lifealign_bench.leaderboard.submissions.layout import DEPTH, EXTENSIONS

LONGEST = 240
RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{digit}" for digit in range(10)), *(f"lpt{digit}" for digit in range(10))]
)
FORBIDDEN = frozenset('\\:*?"<>|')


def a3_names(names: Iterable[str]) -> Iterator[Finding]:
    """A3: every name is a plain relative path: no `..`, not absolute, nothing that some system reads otherwise."""
    for name in names:
        if fault := _fault(name):
            yield error("A3", name, "name", fault, "a plain relative path")


def a5_twice(names: Iterable[str]) -> Iterator[Finding]:
    """A5: no two names are the same, or become so where case or the form of accents does not count, or where one is a
    file and a folder."""
    seen: dict[str, str] = {}
    listed = list(names)
    for name in listed:
        key = folded(name)
        if key in seen:
            how = "twice" if seen[key] == name else f"beside {seen[key]}"
            yield error("A5", name, "name", how, "every name once, whatever the system")
        seen.setdefault(key, name)
    parents = {folded(parent): name for name in listed for parent in _parents(name)}
    for key, name in seen.items():
        if key in parents:
            yield error("A5", name, "name", f"a file, and a folder of {parents[key]}", "one of both")


def a6_extensions(names: Iterable[str]) -> Iterator[Finding]:
    """A6: only data: no code, no pickle, no archive inside the archive."""
    for name in names:
        if not name.endswith(EXTENSIONS):
            last = name.rpartition("/")[2]
            found = f".{last.rpartition('.')[2]}" if "." in last else "no extension"
            yield error("A6", name, "extension", found, ", ".join(EXTENSIONS))


def a7_depth(names: Iterable[str]) -> Iterator[Finding]:
    """A7: folders are no deeper than a run's."""
    for name in names:
        if (depth := name.count("/") + 1) > DEPTH:
            yield error("A7", name, "depth", depth, f"at most {DEPTH}")


def folded(name: str) -> str:
    """A name as the least exact of file systems reads it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _parents(name: str) -> Iterator[str]:
    parts = name.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))


def _fault(name: str) -> str | None:
    if not name or len(name) > LONGEST:
        return f"{len(name)} characters"
    if name.startswith("/") or name[1:2] == ":":
        return "an absolute path"
    parts = name.split("/")
    if ".." in parts:
        return "a step out of the folder"
    if bad := sorted({mark for mark in name if mark in FORBIDDEN or not mark.isprintable()}):
        return f"the character {bad[0]!r}"
    if any(part in ("", ".") or part != part.strip() or part.endswith(".") for part in parts):
        return "a part that is empty, or begins or ends with a space or a dot"
    if any(part.partition(".")[0].casefold() in RESERVED for part in parts):
        return "the name of a device"
    return None
