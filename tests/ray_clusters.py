"""Real Ray clusters of this machine for tests: small, on loopback alone, each ended by its own process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 300.0
SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
ATTEMPTS = 5
"""Ray gives a node 30 s to start and no more, which a busy machine may not have."""


@contextmanager
def started(place: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """A Ray node that runs while the context is open; `options` are those of `ray start`."""
    small = ["--object-store-memory", "80000000", "--disable-usage-stats", "--node-ip-address", "127.0.0.1", "--block"]
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", *small, *options]
    around = {**os.environ, **SETTINGS, **(environment or {})}
    process, log = _ready(command, around, place)
    try:
        assert process.poll() is None, log.read_text("utf-8")
        yield
    finally:
        # It ends all that it started itself.
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_S)


def _ready(command: list[str], around: dict[str, str], place: Path) -> tuple[subprocess.Popen[bytes], Path]:
    for attempt in range(ATTEMPTS):
        log = place / f"ray-{time.monotonic_ns()}.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env=around, cwd=place)
        until(lambda: "Ray runtime started" in log.read_text("utf-8") or process.poll() is not None)  # noqa: B023
        if process.poll() is None or attempt == ATTEMPTS - 1 or "timed out" not in log.read_text("utf-8"):
            break
    return process, log


@contextmanager
def a_cluster(place: Path, cpus: int) -> Iterator[str]:
    """The address of a cluster of so many one-thread workers."""
    port = free_port()
    head = ("--head", "--port", str(port), "--num-cpus", str(cpus), "--include-dashboard=false")
    # A socket's path may be no longer than some hundred characters.
    with started(place, *head):
        yield f"127.0.0.1:{port}"


def until(found: object, seconds: float = PATIENCE_S) -> None:
    """Wait for a condition; fails after long."""
    assert callable(found)
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
