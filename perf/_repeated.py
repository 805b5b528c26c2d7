"""A quantity measured several times, for the scripts beside this one."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable


def median_of(measured: Callable[[], float], about: str | None) -> float:
    """The median of `--repeat` measurements; about: what `--help` says."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    return statistics.median(measured() for _ in range(parser.parse_args().repeat))
