"""Faults done to real processes and a real S3 server: whatever happens, every node ends with the right bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fault_runs import FAULTS, Undisturbed, fault_run, undisturbed
from s3_server import S3Server, s3_server

# Two of every fault in a folder, and one of those that a remote store adds something to.
ON_FOLDERS = range(12)
ON_S3 = {"cut store": 6, "flipped bit": 3, "two drivers": 1}


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed(tmp_path_factory.mktemp("faults") / "undisturbed")


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as found:
        yield found


@pytest.mark.parametrize("seed", ON_FOLDERS)
def test_a_folder_survives_a_fault(seed: int, right: Undisturbed, tmp_path: Path) -> None:
    result = fault_run(seed, tmp_path / "run", right, None)
    assert result.right, result


@pytest.mark.parametrize("fault", ON_S3)
def test_a_bucket_survives_a_fault(fault: str, right: Undisturbed, server: S3Server, tmp_path: Path) -> None:
    result = fault_run(ON_S3[fault], tmp_path / "run", right, server, fault)
    assert result.place == "S3"
    assert result.right, result


def test_every_fault_is_among_those_done_to_folders() -> None:
    assert len(ON_FOLDERS) >= 2 * (len(FAULTS) - 1)
