"""Runs on disk: where they are and what their records say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lifealign_bench.benchmark.compact.opening import below
from lifealign_bench.benchmark.durable import finished_below
from lifealign_bench.benchmark.schema import RUN_FILE, RunRecord, read_run
from lifealign_bench.data.errors import InputError


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run and the folder that it was read from."""

    folder: Path
    record: RunRecord


def find_runs(results: Path | Sequence[Path]) -> tuple[StoredRun, ...]:
    """The runs of these folders, each a run's own or one that has runs anywhere below it; sorted by path.

    Compact results are unpacked, see `benchmark.compact.opening`.

    Raises:
        InputError: a folder without runs, or a record that cannot be read.
    """
    folders: dict[Path, None] = {}
    for root in [results] if isinstance(results, Path) else results:
        found = [folder for place in below(root) for folder in _folders(place)]
        if not found:
            raise InputError(root, "results", "no run.json", "a folder of runs, as `lifealign run` writes it")
        folders.update(dict.fromkeys(found))
    return tuple(StoredRun(folder, read_run(folder)) for folder in folders)


def _folders(place: Path) -> list[Path]:
    """The folders of runs at or below a place; one with a dot is half-written, left behind by a process that died."""
    if (place / RUN_FILE).is_file():
        return [place]
    return [path.parent for path in finished_below(place, RUN_FILE)]
