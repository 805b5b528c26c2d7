"""`MANIFEST.sha256`: the hash and path of every other file, as `sha256sum` writes and checks them. Group M."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from lifealign_bench.leaderboard.submissions.findings import Finding, error
from lifealign_bench.leaderboard.submissions.layout import MANIFEST, is_placed

LINE = re.compile(r"([0-9a-f]{64})  (\S(?:.*\S)?)")
MOST_BYTES = 4 << 20


def manifest_text(hashes: Mapping[str, str]) -> str:
    """The manifest of files by their paths; the same files give the same text."""
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes))


def hashes_below(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder but its manifest, by path in it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: sha256_of(path) for name, path in names.items() if name != MANIFEST}


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def manifest_rules(folder: Path) -> Iterator[Finding]:
    """Rules M1 to M5 on an unpacked bundle."""
    found = list(m1_readable(folder))
    if found:
        yield from found
        return
    listed, there = _read(folder), hashes_below(folder)
    yield from m2_no_others(listed, there)
    yield from m3_no_fewer(listed, there)
    yield from m4_hashes(listed, there)
    yield from m5_places(listed)


def m1_readable(folder: Path) -> Iterator[Finding]:
    """M1: there is a manifest, every line of it a hash, two spaces and a path, each path once."""
    path = folder / MANIFEST
    if not path.is_file():
        yield error("M1", MANIFEST, "file", "no such file", "a manifest, as `pack` writes it")
        return
    if path.stat().st_size > MOST_BYTES:
        yield error("M1", MANIFEST, "size", f"{path.stat().st_size:,} bytes", f"at most {MOST_BYTES:,}")
        return
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except UnicodeDecodeError:
        yield error("M1", MANIFEST, "encoding", "no UTF-8", "UTF-8 text")
        return
    seen = set()
    for number, line in enumerate(lines, 1):
        matched = LINE.fullmatch(line)
        if not matched and (line or number < len(lines)):
            yield error("M1", MANIFEST, f"line {number}", line, "64 hex digits, two spaces, a path")
        if matched and matched[2] in seen:
            yield error("M1", MANIFEST, f"line {number}", f"{matched[2]} again", "every path once")
        seen.add(matched[2] if matched else line)


def m2_no_others(listed: Mapping[str, str], there: Mapping[str, str]) -> Iterator[Finding]:
    """M2: every file stands in the manifest."""
    for name in sorted(there.keys() - listed.keys()):
        yield error("M2", name, "file", "one that the manifest does not name", "only files of the manifest")


def m3_no_fewer(listed: Mapping[str, str], there: Mapping[str, str]) -> Iterator[Finding]:
    """M3: every file of the manifest is there."""
    for name in sorted(listed.keys() - there.keys()):
        yield error("M3", name, "file", "no such file", "every file of the manifest")


def m4_hashes(listed: Mapping[str, str], there: Mapping[str, str]) -> Iterator[Finding]:
    """M4: every file has the bytes that the manifest says."""
    for name in sorted(listed.keys() & there.keys()):
        if listed[name] != there[name]:
            yield error("M4", name, "sha256", there[name], listed[name])


def m5_places(listed: Mapping[str, str]) -> Iterator[Finding]:
    """M5: every file of the manifest has a place in a bundle."""
    for name in sorted(listed):
        if not is_placed(name):
            yield error("M5", name, "file", "one that has no place in a bundle", "submission.json and the runs' files")


def _read(folder: Path) -> dict[str, str]:
    lines = (folder / MANIFEST).read_text("utf-8").split("\n")
    matches = [matched for line in lines if (matched := LINE.fullmatch(line))]
    return {matched[2]: matched[1] for matched in matches}
