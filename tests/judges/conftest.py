"""A scripted server as a real process, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripted.process import Scripted, scripted_server


@pytest.fixture(scope="session")
def scripted_process() -> Iterator[Scripted]:
    """One process for all tests."""
    with scripted_server() as server:
        yield server


@pytest.fixture
def scripted(scripted_process: Scripted) -> Scripted:
    """The process without orders and with new counters."""
    scripted_process.order()
    return scripted_process
