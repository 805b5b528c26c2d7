"""The results that docs/statistics.md explains: ten methods, the paper's three orders, one seed."""

from __future__ import annotations

from pathlib import Path

from lifealign_bench.benchmark.compact.opening import opened

EXAMPLE = Path(__file__).resolve().parents[1] / "docs" / "example" / "mini-all"


def example_board() -> Path:
    """Its folder, one folder a run; unpacked by the first call."""
    return opened(EXAMPLE)
