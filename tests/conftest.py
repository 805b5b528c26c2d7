"""What many tests stand on: preference pairs on disk, a tiny base, a suite that runs in seconds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from support import synthetic_pair, write_suite, write_synthetic

# A busy machine may take its time: no test is about seconds.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def synthetic_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic pairs in the formats of the real ones."""
    return write_synthetic(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The real pairs; tests that need them are skipped where they are not."""
    folder = os.environ.get("LIFEALIGN_TEST_DATA")
    if not folder:
        pytest.skip("LIFEALIGN_TEST_DATA is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def pair_data(synthetic_data: Path) -> Path:
    """The real pairs where they are here, else the synthetic ones."""
    folder = os.environ.get("LIFEALIGN_TEST_DATA")
    return Path(folder) if folder else synthetic_data


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A llama of a few thousand parameters with a tokenizer and a chat template, untrained but for a few steps."""
    from lifealign_bench.benchmark.base_builder import build_base
    from lifealign_bench.benchmark.base_recipe import BaseRecipe
    from lifealign_bench.data.rows import Message

    texts = [
        (Message("user", row["query"]), Message("assistant", row["chosen"]))
        for index in range(80)
        for row in [synthetic_pair("HC3", index)]
    ]
    folder = tmp_path_factory.mktemp("base") / "tiny"
    build_base(BaseRecipe.tiny(), texts, folder)
    return folder


@pytest.fixture
def tiny_suite(tmp_path: Path, synthetic_data: Path, tiny_base: Path) -> Path:
    """A suite of three tasks that trains in a second or two a stage."""
    return write_suite(tmp_path / "tiny.yaml", synthetic_data, tiny_base)
