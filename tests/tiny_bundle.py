"""The smallest bundle: one run with a few cells, checked in some hundredths of a second, for thousands of mutations."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from small_bundle import board_of_few

from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.leaderboard.submissions.format import Declarations
from lifealign_bench.leaderboard.submissions.known import Known, what_is_known
from lifealign_bench.leaderboard.submissions.layout import MANIFEST
from lifealign_bench.leaderboard.submissions.manifest import manifest_text
from lifealign_bench.leaderboard.submissions.naming_code import code_that_ships
from lifealign_bench.leaderboard.submissions.packing import Said, submission_of, write_bundle
from lifealign_bench.leaderboard.submissions.texts import Texts


def tiny_bundle(folder: Path) -> tuple[dict[str, bytes], Known]:
    """Its files by name, and a board that knows all of it."""
    board = board_of_few(folder / "board")
    run = [run for run in find_runs(board) if run.record.identity.method == "stl"][:1]
    code = code_that_ships("stl")
    assert code is not None
    said = Said("tiny", code, Declarations(tuning_origin="defaults", licence="CC0-1.0"))
    bundle = folder / "bundle"
    bundle.mkdir()
    write_bundle(bundle, submission_of(run, [], said), run)
    files = {
        path.relative_to(bundle).as_posix(): path.read_bytes() for path in sorted(bundle.rglob("*")) if path.is_file()
    }
    known = what_is_known([board])
    # Without references no text is measured again, which is what takes longest.
    files.pop("runs/texts.parquet")
    seal_files(files)
    return files, replace(known, texts=Texts(rubrics=known.texts.rubrics))


def seal_files(files: dict[str, bytes]) -> None:
    """The manifest of these files."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != MANIFEST}
    files[MANIFEST] = manifest_text(hashes).encode("utf-8", "surrogatepass")
