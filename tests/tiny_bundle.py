"""The smallest bundle: one run with four cells, checked in a tenth of a second or two, for thousands of mutations."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from small_bundle import board_of_few, seal_record

from lifealign_bench.benchmark.columns import Table, read_table, write_table
from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.leaderboard.submissions.format import Declarations
from lifealign_bench.leaderboard.submissions.known import Known, what_is_known
from lifealign_bench.leaderboard.submissions.layout import MANIFEST
from lifealign_bench.leaderboard.submissions.manifest import manifest_text
from lifealign_bench.leaderboard.submissions.naming_code import code_that_ships
from lifealign_bench.leaderboard.submissions.packing import Said, submission_of, write_bundle
from lifealign_bench.leaderboard.submissions.texts import Texts

METHOD, TASKS = "stl", 2
CUT: tuple[Table, ...] = ("pairs", "samples", "judgments")


def tiny_bundle(folder: Path) -> tuple[dict[str, bytes], Known]:
    """Its files by name, and a board that knows all of it."""
    board = board_of_few(folder / "board")
    for other in find_runs(board):
        if other.record.identity.method != METHOD:
            shutil.rmtree(other.folder)
    (run,) = find_runs(board)
    _cut(run)
    rescore([board], write=True)
    runs = find_runs(board)
    code = code_that_ships(METHOD)
    assert code is not None
    said = Said("tiny", code, Declarations(tuning_origin="defaults", licence="CC0-1.0"))
    bundle = folder / "bundle"
    bundle.mkdir()
    write_bundle(bundle, submission_of(runs, [], said), runs)
    files = {
        path.relative_to(bundle).as_posix(): path.read_bytes() for path in sorted(bundle.rglob("*")) if path.is_file()
    }
    known = what_is_known([board])
    # Without references no text is measured again, which is what takes longest.
    files.pop("runs/texts.parquet")
    seal_files(files)
    return files, replace(known, texts=Texts(rubrics=known.texts.rubrics))


def _cut(run: StoredRun) -> None:
    """Leave the first tasks of its order: their cells, and the stages that learned them."""
    record = run.record
    kept = record.order.tasks[:TASKS]
    for table in CUT:
        frame = read_table(run.folder, table)
        frame = frame[frame["task"].isin(kept) & (frame["step"] <= TASKS)].reset_index(drop=True)
        write_table(run.folder, table, frame)
    seal_record(
        run.folder,
        order=record.order.model_copy(update={"tasks": kept}),
        data={task: record.data[task] for task in kept},
        stages=record.stages[:TASKS],
    )


def seal_files(files: dict[str, bytes]) -> None:
    """The manifest of these files."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != MANIFEST}
    files[MANIFEST] = manifest_text(hashes).encode("utf-8", "surrogatepass")
