"""The rating page's promise, measured: a rating is answered in under 200 ms at the server with 10,000 questions.

A study of 10,000 made-up answers and two raters. For each of the first ratings: the whole answer of the server to one
key, that is the callback that stores the rating (committed to the disk) and the script that draws the next question;
and apart from it the store alone. Wall milliseconds depend on what else the machine does, so CPU stands beside them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from streamlit.testing.v1 import AppTest

from human_studies import NOW, rating, stored, study_of
from lifealign_bench.judges.human.store import StudyFile
from lifealign_bench.leaderboard.annotation.serving import VARIABLE, Served

LIMIT_MS = 200.0


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds on the clock and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def page(file: StudyFile, ratings: int) -> list[tuple[float, float]]:
    """Every rating of a session at the page; the first ones load what all share."""
    os.environ[VARIABLE] = Served(str(file.path)).text()
    app = AppTest.from_string(
        "from lifealign_bench.leaderboard.annotation.shell import show\nshow()", default_timeout=60
    )
    app.query_params["rater"] = "anna"
    app.run()
    found = []
    for number in range(ratings):
        question = file.next_of("anna")
        assert question is not None
        button = app.button(key=f"rate-{question.id}-{number % 10 + 1}")
        found.append(timed(lambda: button.click().run()))  # noqa: B023
        assert not app.exception
    assert file.progress_of("anna").rated == ratings
    return found


def store(file: StudyFile, ratings: int) -> list[tuple[float, float]]:
    """Every rating at the store alone."""
    found = []
    for _ in range(ratings):
        question = file.next_of("ben")
        assert question is not None
        found.append(timed(lambda: file.rate(rating(question, 5, "ben"))))  # noqa: B023
    return found


def told(what: str, costs: list[tuple[float, float]]) -> None:
    walls, cpus = sorted(wall for wall, _ in costs), [cpu for _, cpu in costs]
    high = walls[round(0.95 * (len(walls) - 1))]
    met = "met" if high <= LIMIT_MS else "met in CPU only" if max(cpus) <= LIMIT_MS else "NOT MET"
    middle = f"{statistics.median(walls):.0f} ms wall (95th of 100: {high:.0f}), {statistics.median(cpus):.0f} ms CPU"
    print(f"  {what}: {middle} (limit {LIMIT_MS:.0f} ms: {met})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--ratings", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = stored(Path(folder), study_of(options.questions, seed=1))
        file.agree("anna", NOW)
        print(f"{options.questions:,} questions, {options.ratings} ratings")
        told("a key at the page", page(file, options.ratings)[3:])
        told("the store alone", store(file, options.ratings))


if __name__ == "__main__":
    main()
