"""A scripted server as a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1]


class Scripted:
    """A running server: its address, its orders, its counters."""

    def __init__(self, port: int, pid: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.base_url = f"{self.root}/v1"
        self.pid = pid

    def order(self, **script: Any) -> None:
        """Work under this script from now on (the fields of `Script`), with new counters."""
        body = json.dumps(script).encode()
        request = urllib.request.Request(f"{self.root}/script", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=60).close()

    @property
    def counters(self) -> dict[str, Any]:
        """What came in since the last order."""
        with urllib.request.urlopen(f"{self.root}/counters", timeout=60) as response:
            found: dict[str, Any] = json.load(response)
        return found


@contextmanager
def scripted_server(**script: Any) -> Iterator[Scripted]:
    """A server process on a free port of loopback, ended with the context; script: the fields of `Script`."""
    paths = os.pathsep.join([str(FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-m", "scripted", json.dumps(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    try:
        assert process.stdout is not None
        yield Scripted(int(process.stdout.readline()), process.pid)
    finally:
        process.kill()
        process.wait()
