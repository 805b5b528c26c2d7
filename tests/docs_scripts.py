"""The scripts of docs/, as modules."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"


@contextmanager
def docs_script(name: str) -> Iterator[ModuleType]:
    """The script of this name; those beside it can be imported as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        yield importlib.import_module(name)
