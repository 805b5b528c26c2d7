"""What tests of the rating page share: a browser that waits long, and a board whose texts are hostile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext


@pytest.fixture(scope="module")
def rating_browser() -> Iterator[BrowserContext]:
    from rating_sittings import patient_browser

    with patient_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def rated_board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from study_boards import hostile_board

    return hostile_board(tmp_path_factory.mktemp("board"))
