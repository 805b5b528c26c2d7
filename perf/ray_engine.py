"""The Ray engine against the local one: the same suite on a local Ray cluster of two one-thread workers and in one
one-thread process, both from nothing, in turns; the ratio of their times, and whether every cell has the same bytes.

The cluster runs before the clock starts, as it would where `--address` names one. Other work on the machine takes cores
away from two workers rather than from one process: only a quiet machine of two or more cores measures anything, so the
CPU seconds that the nodes took are printed beside.

    python perf/ray_engine.py [--suite mini-quick] [--repeat 1] [--train-rows N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LIMIT = 1.6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="mini-quick")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--train-rows", type=int)
    asked = parser.parse_args()
    words = [asked.suite, *(["--train-rows", str(asked.train_rows)] if asked.train_rows else [])]
    rows = [pair(words) for _ in range(asked.repeat)]
    ratio = statistics.median(alone / beside for alone, beside in rows)
    print(f"one local process over two Ray workers: {ratio:.2f} (at least {LIMIT}); {load()}")


def pair(words: list[str]) -> tuple[float, float]:
    """Seconds of the local process and of the cluster; stops where their bytes differ."""
    import ray

    with tempfile.TemporaryDirectory() as folder:
        alone, beside = Path(folder, "alone"), Path(folder, "ray")
        ray.init("local", num_cpus=2, include_dashboard=False, object_store_memory=2**27, logging_level="error")
        try:
            address = ray.get_runtime_context().gcs_address
            environment = {**os.environ, "RAY_AUTH_MODE": os.environ.get("RAY_AUTH_MODE", "disabled")}
            on_ray = timed([*words, "--engine", "ray", "--address", address, "-w", str(beside)], environment)
        finally:
            ray.shutdown()
        at_home = timed([*words, "--workers", "1", "-w", str(alone)], dict(os.environ))
        nodes = compared(alone, beside)
        print(f"  local {at_home:.0f} s ({cpu(alone):.0f} CPU s), Ray {on_ray:.0f} s ({cpu(beside):.0f} CPU s)")
        print(f"  {nodes} nodes with the same bytes")
    return at_home, on_ray


def timed(words: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-P", "-m", "lifealign_bench", "run", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began


def compared(one: Path, two: Path) -> int:
    """How many nodes both stores have; stops at the first that differs."""
    found = [manifests(place) for place in (one, two)]
    if found[0] != found[1]:
        raise SystemExit("the bytes differ")
    return len(found[0])


def manifests(workspace: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text("utf-8") for path in workspace.glob("store/nodes/*/*/MANIFEST.sha256")}


def cpu(workspace: Path) -> float:
    """CPU seconds of all nodes."""
    import json

    records: list[Any] = [json.loads(path.read_text("utf-8")) for path in workspace.glob("store/provenance/*.json")]
    return sum(record["cost"]["cpu_s"] for record in records)


def load() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when it ended"


if __name__ == "__main__":
    # Whoever runs this alone on a machine needs no token; both sides must agree.
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    main()
