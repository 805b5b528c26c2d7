"""Records from the Hugging Face hub, read through `datasets`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lifealign_bench.data.cards import HubSource
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.fields import Record

if TYPE_CHECKING:
    from datasets import Dataset

_COMMIT = re.compile(r"[0-9a-f]{40}")
_COMMIT_IN_PLACE = re.compile(r"(?:@|/snapshots/)([0-9a-f]{40})/")


def read_split(source: HubSource, split: str) -> tuple[tuple[Record, ...], str | None]:
    """The records of one split and the commit they are of, None where it cannot be known (a local folder).

    Downloads what the hub's cache does not hold; with `HF_HUB_OFFLINE=1` only the cache is read.

    Raises:
        InputError: the hub cannot be reached, or has no such data set, revision, configuration or split.
    """
    dataset = _load(source, split)
    where = f"{source.dataset}@{source.revision[:12]}/{split}"
    records = tuple(Record(f"{where}[{index}]", dict(row)) for index, row in enumerate(dataset))
    return records, _commit(source, dataset.info.download_checksums or ())


def _load(source: HubSource, split: str) -> Dataset:
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    # The hub library has changed its HTTP client, whose errors it lets through; its own error derives from them.
    failures = (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError, *HfHubHTTPError.__bases__)
    try:
        if source.builder is None:
            return _load_repository(source, split)
        return datasets.load_dataset(source.builder, data_files=_download(source), split=split)
    except failures as error:
        place = f"{source.dataset}@{source.revision}"
        expected = "a data set that the hub or its local cache holds; local copies are read with --data-dir"
        raise InputError(place, f"hub split {split!r}", _first_line(error), expected) from error


def _load_repository(source: HubSource, split: str) -> Dataset:
    import datasets

    return datasets.load_dataset(
        source.dataset,
        name=source.config,
        data_dir=source.data_dir,
        data_files=source.data_files,
        revision=source.revision,
        split=split,
    )


def _download(source: HubSource) -> dict[str, str]:
    """The local copies of the files of each split, from the hub's cache where it holds them."""
    from huggingface_hub import hf_hub_download

    files = source.data_files or {}
    named = {source.splits.train: files} if isinstance(files, str) else files
    return {
        split: hf_hub_download(source.dataset, file, repo_type="dataset", revision=source.revision)
        for split, file in named.items()
    }


def _commit(source: HubSource, places: Iterable[object]) -> str | None:
    if _COMMIT.fullmatch(source.revision):
        return source.revision
    found = [match[1] for place in places if (match := _COMMIT_IN_PLACE.search(str(place)))]
    return found[0] if found else None


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0] if text else 'no message'}"
