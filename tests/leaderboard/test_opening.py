"""The first board, shown on the app's address before the app is there; and how the app ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browsing import PATIENCE_S, Seen, browser, free_port, wait_for
from playwright.sync_api import Page
from stored_boards import HOSTILE, SCRIPT, store_board

from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.opening.page import board_page
from lifealign_bench.leaderboard.opening.server import Opening, can_open, frame_page

HELD_BACK = """
import sys
from lifealign_bench.leaderboard.opening.server import Opening
from lifealign_bench.leaderboard.serving import serve
go_on = Opening.hand_over
Opening.hand_over = lambda own: (sys.stdin.readline(), go_on(own))
serve([sys.argv[1]], port=int(sys.argv[2]), open_browser=False)
"""
NEVER_COMPUTED = """
import sys, time
from lifealign_bench.leaderboard.asking import Helper
from lifealign_bench.leaderboard.serving import serve
Helper.ask = lambda *_: (print("computing", flush=True), time.sleep(300))
serve([sys.argv[1]], port=int(sys.argv[2]), open_browser=False)
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_board(tmp_path_factory.mktemp("hostile"), HOSTILE)


@contextmanager
def running(code: str, results: Path, home: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server that runs this code, without answers of earlier tests, and its address."""
    port = free_port()
    command = [sys.executable, "-P", "-c", code, str(results), str(port)]
    environment = os.environ | {"XDG_CACHE_HOME": str(home / "cache")}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=home, env=environment) as process:
        try:
            yield process, f"http://localhost:{port}"
        finally:
            process.kill()


def first_board(page: Page, address: str, process: subprocess.Popen[bytes]) -> None:
    """Open the address as soon as anybody answers there, and wait for the first board."""
    wait_for(f"{address}/favicon.png", process)
    page.goto(address, timeout=1000 * PATIENCE_S)
    page.frame_locator("#opening iframe").locator("table").first.wait_for(timeout=1000 * PATIENCE_S)


def test_the_first_board_is_plain_text_and_gives_way_to_the_app_by_itself(hostile: Path, tmp_path: Path) -> None:
    with running(HELD_BACK, hostile, tmp_path) as (process, address), browser() as chromium:
        page, seen = chromium.new_page(), Seen((address, address.replace("http", "ws")))
        seen.watch(page)
        first_board(page, f"{address}/ranking", process)
        frame = page.frame_locator("#opening iframe")
        assert frame.get_by_text(SCRIPT).first.is_visible()
        assert page.locator('[data-testid="stApp"]').count() == 0
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        page.locator("#opening").wait_for(state="detached", timeout=1000 * PATIENCE_S)
        assert page.locator('[data-testid="stDataFrame"] canvas').count() > 0
        # What draws figures is fetched when the table stands there.
        page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=1000 * PATIENCE_S)
        assert page.url.endswith("/ranking")
        assert page.evaluate("window.hacked") is None
        assert seen.errors == []
        assert seen.foreign == []


def test_a_first_board_that_is_being_read_stays_until_its_reader_goes_on(hostile: Path, tmp_path: Path) -> None:
    with running(HELD_BACK, hostile, tmp_path) as (process, address), browser() as chromium:
        page = chromium.new_page()
        first_board(page, address, process)
        page.frame_locator("#opening iframe").locator("h1").click()
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        go_on = page.get_by_role("button", name="Open the live board")
        go_on.wait_for(timeout=1000 * PATIENCE_S)
        assert page.frame_locator("#opening iframe").locator("table").first.is_visible()
        go_on.click()
        page.locator("#opening").wait_for(state="detached", timeout=1000 * PATIENCE_S)
        page.get_by_role("heading", name="What does a model keep?", exact=True).wait_for()


def test_whoever_comes_while_the_app_is_loaded_gets_its_files_and_nothing_else() -> None:
    with socket.create_server(("localhost", 0)) as listening:
        opening, address = Opening(listening), f"http://localhost:{listening.getsockname()[1]}"
        script = frame_page(Path(static() / "index.html").read_text("utf-8"), has_board=True)
        assert can_open()
        assert script is not None
        assert urllib.request.urlopen(f"{address}/favicon.png").read()[:4] == b"\x89PNG"
        for path in ("/static/../../__init__.py", "/static/%2e%2e/%2e%2e/__init__.py", "//etc/passwd"):
            assert b"<iframe" not in urllib.request.urlopen(address + path).read()
            assert b"import" not in urllib.request.urlopen(address + path).read().partition(b"<head>")[0]
        with pytest.raises(urllib.error.HTTPError, match="503"):
            urllib.request.urlopen(f"{address}/_stcore/health")
        opening.show("the board")
        assert urllib.request.urlopen(f"{address}/_opening/board").read() == b"the board"
        opening.hand_over()
        with socket.create_connection(listening.getsockname()) as waiting:
            taken, _ = listening.accept()
            with taken:
                assert taken.getpeername() == waiting.getsockname()


def static() -> Path:
    """Streamlit's static files."""
    import streamlit

    return Path(streamlit.__file__).parent / "static"


def test_a_page_of_another_kind_gets_no_first_board() -> None:
    assert frame_page("<html><body><p>something else</p></body></html>", has_board=True) is None


def test_the_first_board_needs_nothing_of_the_app(hostile: Path) -> None:
    code = (
        "import sys\nfrom lifealign_bench.leaderboard.board import load_board\n"
        "from lifealign_bench.leaderboard.opening.page import board_page\nboard_page(load_board([sys.argv[1]]))\n"
        "assert not {'streamlit', 'plotly', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-P", "-c", code, str(hostile)], check=True)


def test_an_empty_folder_has_a_first_board_that_says_so(tmp_path: Path) -> None:
    assert "There is nothing to show yet." in board_page(load_board([tmp_path]))


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_the_app_ends_when_it_is_told_to_while_it_waits_for_numbers(
    hostile: Path, tmp_path: Path, kind: signal.Signals
) -> None:
    with running(NEVER_COMPUTED, hostile, tmp_path) as (process, address), browser() as chromium:
        page = chromium.new_page()
        wait_for(f"{address}/_stcore/health", process)
        visit_unfinished(page, f"{address}/orders")
        assert process.stdout is not None
        assert process.stdout.readline() == b"computing\n"
        process.send_signal(kind)
        # Far less than what is being waited for takes.
        process.wait(timeout=60)


def visit_unfinished(page: Page, address: str) -> None:
    """Open an address whose page goes on being drawn."""
    page.goto(address, timeout=1000 * PATIENCE_S)
    page.get_by_text("being computed").first.wait_for(timeout=1000 * PATIENCE_S)
