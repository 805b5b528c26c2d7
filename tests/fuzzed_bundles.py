"""Bundles as nobody would write them: bytes of an archive, of its files, and words of its JSON, changed by chance."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from lifealign_bench.leaderboard.submissions.checking import check
from lifealign_bench.leaderboard.submissions.findings import Finding
from lifealign_bench.leaderboard.submissions.known import Known
from lifealign_bench.leaderboard.submissions.manifest import manifest_text

Files = Mapping[str, bytes]
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 10**400, 1e308, -0.0, "", "\x00", "../..", "\ud800", "x" * 300, "NaN", [], {}, [[]],
    {"": {}}, "=1+1", "<script>", "\u202e", 0.1,
)  # fmt: skip
FLOATS = (None, math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, 0.0, -0.0, 1.0, 0.5, 11.0)
INTEGERS = (None, 0, 1, -1, 2, 99, 2**63 - 1, -(2**63))
TEXTS = (
    None, "", "\x00", "mini-general", "mini-none", "oracle", "scored", "parse", "rubric", "refusal", "base", "harmful",
    "fact: What is the bridge of Nordal made of?", "skill: nothing", "x" * 3000, "{}", "[]", '{"a": -1}', "\u202e",
)  # fmt: skip
RAW = ("NaN", "Infinity", "1e999", '"\\ud800"', "[" * 3000, "{", "-", "01", "9" * 5000, '"a": 1, "a": 2', "\x00", "")


def archive_of(files: Files) -> bytes:
    """A zip archive of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


KINDS = ("bytes",) * 5 + ("directory",) * 5 + ("json",) * 6 + ("text",) * 2 + ("table", "name", "values")
"""What is changed, as often as it stands here."""


@st.composite
def fuzzed(draw: st.DrawFn, files: Files, whole: bytes) -> tuple[str, bytes]:
    """What was changed, and an archive: the golden one with some bytes of it changed, or one with a changed file,
    sealed or not."""
    kind = draw(st.sampled_from(KINDS))
    return kind, _mutated(draw, kind, files, whole)


def _mutated(draw: st.DrawFn, kind: str, files: Files, whole: bytes) -> bytes:
    if kind == "bytes":
        return _bytes(draw, whole)
    if kind == "directory":
        # The table of members stands at the end, and is what readers believe.
        start = whole.rindex(b"PK\x05\x06")
        place = int.from_bytes(whole[start + 16 : start + 20], "little")
        return whole[:place] + _bytes(draw, whole[place:])
    changed = dict(files)
    if kind == "name":
        name = draw(st.sampled_from(sorted(files)))
        changed[draw(st.text(max_size=20)) or "x"] = changed.pop(name)
    elif kind == "values":
        _values(draw, changed)
    else:
        endings = {"json": ".json", "text": (".json", ".sha256", ".md"), "table": ".parquet"}[kind]
        name = draw(st.sampled_from([name for name in sorted(files) if name.endswith(endings)]))
        changed[name] = _json(draw, files[name]) if kind == "json" else _bytes(draw, files[name])
    if kind in ("json", "values") or draw(st.booleans()):
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in changed.items()}
        hashes.pop("MANIFEST.sha256", None)
        changed["MANIFEST.sha256"] = manifest_text(hashes).encode("utf-8", "surrogatepass")
    return archive_of(changed)


def _bytes(draw: st.DrawFn, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(changed) - 1)))
        how = draw(st.sampled_from(("flip", "set", "cut", "add", "drop", "double")))
        if how == "flip" and changed:
            changed[place] ^= 1 << draw(st.integers(0, 7))
        elif how == "set":
            changed[place : place + 4] = draw(st.binary(min_size=1, max_size=4))
        elif how == "cut":
            del changed[place:]
        elif how == "add":
            changed[place:place] = draw(st.binary(max_size=40))
        elif how == "drop":
            del changed[place : place + draw(st.integers(1, 200))]
        else:
            changed[place:place] = changed[place : place + draw(st.integers(1, 200))]
    return bytes(changed)


def _values(draw: st.DrawFn, changed: dict[str, bytes]) -> None:
    """Another value in some rows of a table, or rows lost or doubled; the record's hash of the table follows."""
    name = draw(st.sampled_from([name for name in sorted(changed) if name.endswith(".parquet")]))
    frame = pq.read_table(io.BytesIO(changed[name]))
    rows = frame.num_rows
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, frame.num_columns - 1))
        column = frame.column(place).to_pylist()
        kind = frame.schema.field(place).type
        among = TEXTS if pa.types.is_string(kind) else INTEGERS if pa.types.is_integer(kind) else FLOATS
        first = draw(st.integers(0, max(0, rows - 1)))
        for row in range(first, min(rows, first + draw(st.sampled_from((1, 1, 2, rows))))):
            column[row] = draw(st.sampled_from(among))
        frame = frame.set_column(place, frame.schema.field(place).name, pa.array(column, kind))
    how = draw(st.sampled_from(("as it is", "as it is", "lost", "doubled", "none")))
    chosen = draw(st.integers(0, max(0, rows - 1)))
    if how == "lost":
        frame = pa.concat_tables([frame.slice(0, chosen), frame.slice(chosen + 1)])
    elif how == "doubled":
        frame = pa.concat_tables([frame, frame.slice(chosen, 1)])
    elif how == "none":
        frame = frame.slice(0, 0)
    out = io.BytesIO()
    pq.write_table(frame, out)
    record = f"{name.rpartition('/')[0]}/run.json"
    values = json.loads(changed[record])
    values["artefacts"][name.rpartition("/")[2]] = hashlib.sha256(out.getvalue()).hexdigest()
    changed[name], changed[record] = out.getvalue(), json.dumps(values).encode()


def _json(draw: st.DrawFn, content: bytes) -> bytes:
    """JSON with one value exchanged for a strange one, a key lost or added, or words that are none."""
    value = json.loads(content)
    place, inside = value, [value]
    for _ in range(draw(st.integers(0, 6))):
        children = list(place.values()) if isinstance(place, dict) else place if isinstance(place, list) else []
        deeper = [child for child in children if isinstance(child, dict | list) and child]
        if not deeper:
            break
        place = draw(st.sampled_from(deeper))
        inside.append(place)
    keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
    key = draw(st.sampled_from(keys))
    how = draw(st.sampled_from(("strange", "strange", "raw", "lost", "more")))
    if how == "lost":
        del place[key]
    elif how == "more" and isinstance(place, dict):
        place[draw(st.text(max_size=10))] = draw(st.sampled_from(STRANGE))
    else:
        place[key] = "@raw@" if how == "raw" else draw(st.sampled_from(STRANGE))
    text = json.dumps(value)
    if how == "raw":
        text = text.replace('"@raw@"', draw(st.sampled_from(RAW)))
    return text.encode("utf-8", "surrogatepass")


class Watch:
    """Files that this process opens for writing, while it is watched, outside one folder."""

    def __init__(self) -> None:
        self.inside: str | None = None
        self.outside: list[str] = []
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.inside is None or event not in ("open", "os.mkdir", "os.rename", "os.link", "os.symlink"):
            return
        path = arguments[0]
        writes = event != "open" or (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if writes and isinstance(path, str | bytes) and not os.path.abspath(os.fsdecode(path)).startswith(self.inside):
            self.outside.append(os.fsdecode(path))

    @contextmanager
    def watching(self, inside: Path) -> Iterator[None]:
        """Nothing may be written outside this folder."""
        self.inside = str(inside)
        try:
            yield
        finally:
            self.inside = None


def findings_on(content: bytes, folder: Path, known: Known) -> tuple[Finding, ...]:
    """What the checker says of an archive with these bytes."""
    place = folder / "fuzzed.zip"
    place.write_bytes(content)
    return check(place, known).findings
