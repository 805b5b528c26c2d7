"""Workspaces: a folder of this machine, or a URL with a folder here for its copies."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lifealign_bench.benchmark.durable import read_json, write_whole
from lifealign_bench.data.errors import InputError

if TYPE_CHECKING:
    from lifealign_bench.benchmark.store import Store

RECORD = "workspace.json"
OWN_FOLDER = "LIFEALIGN_CACHE"
RESULTS = "results"


def workspace_folder(place: str) -> Path:
    """The folder of a workspace that is named by a path or a URL.

    Of a URL it is this machine's: below LIFEALIGN_CACHE, or the user's cache folder, one for each URL.
    """
    url = place.rstrip("/")
    if "://" not in url:
        return Path(place)
    cache = Path(os.environ.get(OWN_FOLDER) or Path.home() / ".cache" / "lifealign")
    folder = cache / "workspaces" / hashlib.sha256(url.encode()).hexdigest()[:20]
    if not (folder / RECORD).is_file():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(folder, OWN_FOLDER, error.strerror, "a folder that can be written") from error
        write_whole(folder / RECORD, json.dumps({"url": url}) + "\n")
    return folder


def url_of(workspace: Path) -> str | None:
    """The URL that a folder holds the copies of, None for a workspace of its own.

    A folder that was copied from a URL file by file is opened like that URL, in its place.
    """
    if (workspace / RECORD).is_file():
        return str(read_json(workspace / RECORD)["url"])
    return None


def address(workspace: Path, below: str = "") -> str:
    """What people call a workspace, or a file or folder of it."""
    url = url_of(workspace)
    return str(workspace / below) if url is None else f"{url}/{below}".rstrip("/")


def open_store(workspace: Path) -> Store:
    """The store of a workspace.

    Raises:
        InputError: it cannot be opened: another layout, no such protocol, no right, no answer.
        StoreError: its folder here cannot be written.
    """
    from lifealign_bench.benchmark.store import Store

    url = url_of(workspace) or _copied(workspace)
    if url is None:
        return Store(workspace / "store")
    from lifealign_bench.benchmark.remote_files import RemoteFiles
    from lifealign_bench.benchmark.remote_store import RemoteStore

    files = RemoteFiles(f"{url}/store")
    files.check()
    here = workspace if url_of(workspace) else workspace_folder(url)
    return RemoteStore(files, here / "store")


def _copied(workspace: Path) -> str | None:
    """The URL of a folder that holds a store as objects, because somebody copied it from a bucket."""
    record = workspace / "store" / "store.json"
    if not record.is_file() or read_json(record) != {"layout": 2}:
        return None
    return f"file://{workspace.absolute()}"


@contextmanager
def shared_results(workspace: Path, store: Store, suite: str) -> Iterator[Path]:
    """The folder to write a suite's results to, by one process at a time; of a URL, what is there is fetched first and
    what is new is put there at the end."""
    from lifealign_bench.benchmark.remote_results import fetch_results, put_results

    url = url_of(workspace)
    with store.lock(f"{RESULTS}-{suite}"):
        if url is not None:
            fetch_results(f"{url}/{RESULTS}", workspace / RESULTS, suite)
        yield workspace / RESULTS
        if url is not None:
            put_results(workspace / RESULTS, f"{url}/{RESULTS}", suite)


def results_folder(place: str) -> Path:
    """The folder of results that are named by a path or a URL; those of a URL are fetched first, where they changed.

    Raises:
        InputError: nothing lies at the URL, or it cannot be read.
    """
    if "://" not in place:
        return Path(place)
    from lifealign_bench.benchmark.remote_results import fetch_results

    folder = workspace_folder(place) / RESULTS
    if not fetch_results(place.rstrip("/"), folder):
        raise InputError(place, RESULTS, "no files", "a folder of runs, as `lifealign run` writes it")
    return folder
