"""What a node costs: wall and CPU seconds, peak memory, examples and tokens; and the machine it ran on."""

from __future__ import annotations

import os
import platform
import subprocess
import threading
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Self

import psutil

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers", "numpy", "pyarrow")


@dataclass(frozen=True, slots=True)
class Cost:
    """wall_s, cpu_s: seconds, CPU seconds over all threads. peak_memory_bytes: largest resident set of the process.

    The peak is exact where it is the process' highest so far; below that it is the largest of 20 samples a second.

    example_passes: sequences or pairs that went through the model; tokens: tokens among them.
    """

    wall_s: float
    cpu_s: float
    peak_memory_bytes: int
    example_passes: int
    tokens: int

    def to_dict(self) -> dict[str, float | int]:
        """The fields by name."""
        return asdict(self)


class CostMeter:
    """Measures what happens inside its context; `cost` is there after it ends."""

    def __init__(self, interval_s: float = 0.05) -> None:
        self._interval = interval_s
        self._done = threading.Event()
        self._process = psutil.Process()
        self._peak = self._high_before = 0
        self._example_passes = self._tokens = 0
        self.cost = Cost(0.0, 0.0, 0, 0, 0)

    def count(self, *, example_passes: int, tokens: int) -> None:
        """Add to the counters."""
        self._example_passes += example_passes
        self._tokens += tokens

    def __enter__(self) -> Self:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self._high_before = high_water_mark()
        self._sample()
        self._sampler = threading.Thread(target=self._watch, daemon=True)
        self._sampler.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._sampler.join()
        self._sample()
        # A mark that rose while it ran was reached while it ran, if only for a moment between two samples.
        if (high := high_water_mark()) > self._high_before:
            self._peak = max(self._peak, high)
        self.cost = Cost(
            time.perf_counter() - self._wall,
            time.process_time() - self._cpu,
            self._peak,
            self._example_passes,
            self._tokens,
        )

    def _watch(self) -> None:
        while not self._done.wait(self._interval):
            self._sample()

    def _sample(self) -> None:
        self._peak = max(self._peak, self._process.memory_info().rss)


def high_water_mark() -> int:
    """The largest resident set that this process ever had, in bytes; 0 where the system does not say."""
    # Resetting the mark for every node would be exact, and would falsify what is measured around the process.
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def machine() -> dict[str, object]:
    """The machine, the versions and the state of the source, for provenance."""
    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        **git_state(Path(__file__).resolve().parent),
    }


def git_state(folder: Path) -> dict[str, object]:
    """Commit of the checkout that a package folder lies in, and whether the package differs from it; else both None."""
    # An installed copy may lie inside somebody else's checkout, whose commit says nothing about it.
    tracked = _git(folder, "ls-files", "--error-unmatch", Path(__file__).name) is not None
    commit = _git(folder, "rev-parse", "HEAD") if tracked else None
    # Results and notes of a user beside the source do not change what it computes.
    source = [f"{name}/" for name in ("benchmark", "data", "judges", "leaderboard", "lifealign_bench", "methods")]
    status = _git(folder.parent, "status", "--porcelain", "--", *source) if commit is not None else None
    return {"git_commit": commit, "git_dirty": None if status is None else bool(status)}


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _processor() -> str:
    """The processor's model where Linux names it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return model or platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
