"""Records from the Hugging Face hub, read through `datasets`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lifealign_bench.data.cards import HubSource
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.fields import Record

if TYPE_CHECKING:
    from datasets import Dataset


def read_split(source: HubSource, split: str) -> tuple[tuple[Record, ...], str | None]:
    """The records of one split and the commit they are of, None where there is none (a local folder).

    Downloads what the hub's cache does not hold; with `HF_HUB_OFFLINE=1` only the cache is read.

    Raises:
        InputError: the hub cannot be reached, or has no such data set, revision, configuration or split.
    """
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    # The hub library has changed its HTTP client, whose errors it lets through; its own error derives from them.
    failures = (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError, *HfHubHTTPError.__bases__)
    try:
        folder, commit = _repository(source)
        dataset = _open(source, folder, split)
    except failures as error:
        place = f"{source.dataset}@{source.revision}"
        expected = "a data set that the hub or its local cache holds; local copies are read with --data-dir"
        raise InputError(place, f"hub split {split!r}", _first_line(error), expected) from error
    where = f"{source.dataset}@{source.revision[:12]}/{split}"
    return tuple(Record(f"{where}[{index}]", dict(row)) for index, row in enumerate(dataset)), commit


def _repository(source: HubSource) -> tuple[Path, str | None]:
    """The local copy of a data set's repository, and its commit.

    The files come from the hub's own cache: unlike the cache of prepared data sets it also serves a pinned part of
    a repository offline, and its folder is named after the commit.
    """
    from huggingface_hub import snapshot_download

    if Path(source.dataset).is_dir():
        return Path(source.dataset), None
    folder = Path(
        snapshot_download(
            source.dataset, repo_type="dataset", revision=source.revision, allow_patterns=_needed_files(source)
        )
    )
    return folder, folder.name


def _needed_files(source: HubSource) -> list[str] | None:
    """Patterns of the files to fetch; None is all of them."""
    files = [source.data_files] if isinstance(source.data_files, str) else list((source.data_files or {}).values())
    if not files:
        # The readme holds the configurations.
        return ["README.md", f"{source.data_dir}/*"] if source.data_dir else None
    return ["README.md", *(f"{source.data_dir}/{file}" if source.data_dir else file for file in files)]


def _open(source: HubSource, folder: Path, split: str) -> Dataset:
    import datasets

    if source.builder is None:
        return datasets.load_dataset(
            str(folder), name=source.config, data_dir=source.data_dir, data_files=source.data_files, split=split
        )
    files = source.data_files or {}
    named = {source.splits.train: files} if isinstance(files, str) else files
    root = folder / (source.data_dir or "")
    return datasets.load_dataset(
        source.builder, data_files={name: str(root / file) for name, file in named.items()}, split=split
    )


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0] if text else 'no message'}"
