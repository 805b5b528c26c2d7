"""Results at a URL: run folders are copied only where `run.json`, which has the hash of all else, differs."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from lifealign_bench.benchmark.durable import explained
from lifealign_bench.benchmark.remote_files import RemoteFiles

RECORD = "run.json"


def fetch_results(url: str, folder: Path, below: str = "") -> int:
    """Make `folder` hold what lies below a URL, or in one folder of it; how many files lie there.

    Raises:
        InputError: no such protocol, or the store does not answer.
        StoreError: the disk is full.
    """
    files = RemoteFiles(url)
    files.check()
    found = files.sizes(below)
    with explained(folder):
        for names in _by_folder(found).values():
            record = next((name for name in names if _is_record(name)), None)
            if record is not None and _same(folder / record, files.read(record)):
                continue
            for name in names:
                size = None if record is not None else found[name]
                _fetch(files, name, folder / name, size)
    return len(found)


def put_results(folder: Path, url: str, below: str = "") -> None:
    """Put what `folder` holds below a URL, or one folder of it; a run's record last, so that readers find it whole.

    Raises:
        StoreError: the store cannot be written.
    """
    files = RemoteFiles(url)
    there = files.sizes(below)
    own = [path for path in sorted((folder / below).rglob("*")) if path.is_file() and not _hidden(path, folder)]
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in own}
    for names in _by_folder(sizes).values():
        record = next((name for name in names if _is_record(name)), None)
        if record is not None and _same(folder / record, files.read(record)):
            continue
        for name in names:
            if record is not None or there.get(name) != sizes[name]:
                files.upload(folder / name, name)


def _by_folder(names: dict[str, int]) -> dict[str, list[str]]:
    """The names by their folder, in each the run's record last."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names, key=lambda name: (_is_record(name), name)):
        found[name.rpartition("/")[0]].append(name)
    return found


def _is_record(name: str) -> bool:
    return name.rpartition("/")[2] == RECORD


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _same(path: Path, content: bytes | None) -> bool:
    return path.is_file() and path.read_bytes() == content


def _fetch(files: RemoteFiles, name: str, target: Path, size: int | None) -> None:
    if size is not None and target.is_file() and target.stat().st_size == size:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    if files.download(name, beside):
        beside.replace(target)
