"""The leaderboard's promises, measured: start to first board, pages at the server, a board of 1,000,000 answers.

Shipped board: seconds from starting `lifealign leaderboard` until a browser shows the ranking (under 3), until the app
has taken its place (live), and what an empty Streamlit script takes for the same way (the floor); for each page the
seconds that the server takes to draw it (under 1). Synthetic board, 200 methods x 6 orders x 3 seeds x 6 tasks with
1,000,000 answers: start to first board (under 5), a page of samples with a filter (under 0.3), memory (under 1 GB).
Wall seconds depend on what else the machine does, so CPU seconds stand beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from browsing import browser, free_port, served, visit, wait_for
from synthetic_board import write_synthetic_board

from lifealign_bench.leaderboard.answers import Query, page_of
from lifealign_bench.leaderboard.app.shell import PAGES
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.serving import VARIABLE
from lifealign_bench.leaderboard.shipped import shipped_results

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock and of the processor."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s wall, {self.cpu:.2f} s CPU"


def measured(action: Callable[[], object]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_of(pid: int) -> float:
    """The largest resident set so far, in GB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e9


def first_board(results: Path, heading: str, limit: float) -> None:
    """From the start of the command, with a browser that is already open: the ranking stands there, then the app."""
    with browser() as opened, tempfile.TemporaryDirectory() as folder:
        page = opened.new_page()
        page.goto("about:blank")
        begun = time.perf_counter()
        with served([results], Path(folder), wait_for_path="/favicon.png") as server:
            page.goto(f"{server.address}/ranking", wait_until="commit")
            page.frame_locator("#opening iframe").locator("table").first.wait_for(timeout=60_000)
            verdict("first board " + heading, since(begun, server.process.pid), limit)
            page.locator("#opening").wait_for(state="detached", timeout=60_000)
            page.locator('[data-testid="stDataFrame"] canvas').first.wait_for(timeout=60_000)
            print(f"  live board {heading}: {since(begun, server.process.pid)}")
            page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=60_000)
            print(f"  its figure {heading}: {since(begun, server.process.pid)}")
            begun, before = time.perf_counter(), cpu_of(server.process.pid)
            visit(page, f"{server.address}/ranking", settle_ms=0)
            page.locator('[data-testid="stDataFrame"] canvas').first.wait_for(timeout=60_000)
            wall, cpu = time.perf_counter() - begun, cpu_of(server.process.pid) - before
            print(f"  the page again, from the address, {heading}: {Cost(wall, cpu)}")
            visit(page, f"{server.address}/samples")
            print(f"  memory of the server {heading}: {memory_of(server.process.pid):.2f} GB (limit 1)")


def since(begun: float, pid: int) -> Cost:
    return Cost(time.perf_counter() - begun, cpu_of(pid))


def floor() -> None:
    """What Streamlit itself takes: an empty script that shows a table of one cell, from start to browser."""
    with browser() as opened, tempfile.TemporaryDirectory() as folder:
        script, port = Path(folder) / "empty.py", free_port()
        script.write_text("import streamlit as st\nst.dataframe({'a': [1]})\n")
        page = opened.new_page()
        page.goto("about:blank")
        command = [sys.executable, "-P", "-m", "streamlit", "run", str(script), "--server.port", str(port)]
        command += ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(f"http://localhost:{port}/_stcore/health", process)
            page.goto(f"http://localhost:{port}/")
            page.locator('[data-testid="stDataFrame"] canvas').first.wait_for(timeout=60_000)
            print(f"  the floor, an empty script: {Cost(time.perf_counter() - begun, cpu_of(process.pid))}")
        finally:
            process.terminate()
            process.wait()


def pages(results: Path) -> None:
    """Every page drawn at the server, the second time: the first one reads what all of them share."""
    from streamlit.testing.v1 import AppTest

    os.environ[VARIABLE] = json.dumps([str(results)])
    for name in PAGES:
        script = (
            "from lifealign_bench.leaderboard.app import shell\nimport streamlit as st\n"
            f"st.navigation([shell._page(n) for n in shell.PAGES], position='hidden')\nshell._draw({name!r})"
        )
        app = AppTest.from_string(script, default_timeout=60).run()
        verdict(f"page {name} at the server", measured(app.run), 1.0)


def verdict(what: str, cost: Cost, limit: float) -> None:
    met = "met" if cost.wall <= limit else "met in CPU seconds only" if cost.cpu <= limit else "NOT MET"
    print(f"  {what}: {cost} (limit {limit} s: {met})")


def samples(results: Path, repeats: int) -> None:
    """A page of samples with a filter, of one run and of all runs of one method."""
    board, rows = load_board([results]), Rows()
    first = [run for run in board.runs if run.entry.key == board.runs[0].entry.key]
    for words, runs in (("of one run", first[:1]), ("of all runs of a method", first)):
        for change in ("all", "worse"):
            query = Query("rubric", change, task=runs[0].tasks[0], words="river")  # type: ignore[arg-type]
            page_of(rows, runs, query)
            costs = [measured(lambda: page_of(rows, runs, query)) for _ in range(repeats)]  # noqa: B023
            middle = Cost(statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs))
            verdict(f"page of samples ({change}), filtered, {words}", middle, 0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", type=int, default=200)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print("shipped board")
    floor()
    first_board(shipped_results(), "of the shipped results", 3.0)
    # Once more: the first of two finds its files on no disk cache.
    floor()
    pages(shipped_results())
    with tempfile.TemporaryDirectory() as folder:
        runs, answers = write_synthetic_board(Path(folder), options.methods, 6, 3, options.answers)
        print(f"synthetic board: {runs} runs, {answers:,} answers")
        verdict("reading the board", measured(lambda: load_board([folder])), 5.0)
        first_board(Path(folder), "of the synthetic results", 5.0)
        samples(Path(folder), options.repeats)


if __name__ == "__main__":
    main()
