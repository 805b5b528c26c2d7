"""A real browser on a real server: what it loads, what it says, what it runs is written down."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
PATIENCE_S = 900.0
"""How long is waited for a page or a server: cores may be shared with much else; what comes at all may come late."""
# On a deep link Streamlit's page looks for its server below the page's name first, and then finds it at the root.
PROBES = ("/_stcore/health", "/_stcore/host-config")


@dataclass
class Seen:
    """What a browser met: errors of its console and of scripts, requests to other hosts."""

    own: tuple[str, ...]
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Write down what this page meets."""
        page.on("console", lambda message: self._said(message.type, message.text, message.location["url"]))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def _said(self, kind: str, text: str, url: str) -> None:
        if kind == "error" and not url.endswith(PROBES):
            self.errors.append(f"{text} ({url})")

    def _asked(self, url: str) -> None:
        if not url.startswith((*self.own, "data:", "blob:")):
            self.foreign.append(url)


@dataclass(frozen=True)
class Served:
    """A running server: its address and its process."""

    address: str
    process: subprocess.Popen[bytes]

    def loaded(self, name: str) -> bool:
        """Whether its process has a library of this name in memory."""
        return name in Path(f"/proc/{self.process.pid}/maps").read_text()


def browser_path() -> str:
    """The Chromium or Chrome of this machine."""
    for name in ("chromium", "google-chrome", "chromium-browser"):
        found = shutil.which(name)
        if found:
            return found
    raise RuntimeError("these tests need a Chromium: apt-get install chromium")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("localhost", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def served(places: Sequence[Path], folder: Path, wait_for_path: str = "/_stcore/health") -> Iterator[Served]:
    """`lifealign leaderboard` on these results, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-P", "-m", "lifealign_bench", "leaderboard", *map(str, places)]
    with (folder / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--no-browser"],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": ""},
        )
        try:
            wait_for(f"http://localhost:{port}{wait_for_path}", process)
            yield Served(f"http://localhost:{port}", process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        try:
            yield opened
        finally:
            opened.close()


def visit(page: Page, address: str, *, settle_ms: int = 300) -> None:
    """Open an address and wait until the app has drawn it."""
    page.set_default_timeout(1000 * PATIENCE_S)
    page.goto(address)
    page.wait_for_selector(READY)
    page.wait_for_timeout(settle_ms)


def wait_for(address: str, process: subprocess.Popen[bytes], seconds: float = PATIENCE_S) -> None:
    """Wait until a server that is being started answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"no answer from {address}")
