"""Intervals and tests of the board that ships, computed beforehand, so that a newcomer sees them at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lifealign_bench.benchmark.statistics.reading import PROMPT_METRICS
from lifealign_bench.leaderboard.board import Board, load_board
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.first_view import shown_rows
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.questions import Question, answer, to_json
from lifealign_bench.leaderboard.shelf import Shelf, rows_name
from lifealign_bench.leaderboard.shipped import board_folder, shipped_answers


def first_questions(board: Board) -> Iterator[tuple[Question, tuple[BoardRun, ...]]]:
    """What the pages ask of a scope at first and of all its rows: the inference on each metric that has a number per
    prompt."""
    for scope in board.scopes:
        everything = board.of(scope)
        known = {name for run in everything for name in run.metrics}
        first = shown_rows(everything)
        for runs in (first, everything) if len(first) < len(everything) else (everything,):
            folders = tuple(run.folder for run in runs)
            yield from ((Question("inference", folders, metric), runs) for metric in PROMPT_METRICS if metric in known)


def write_known_answers(folder: Path | None = None) -> tuple[Path, ...]:
    """Compute them anew from the rows of the shipped boards; returns the files, those of other rows are gone."""
    place = folder or shipped_answers()
    shelf, rows = Shelf(place), Rows()
    kept = []
    for question, runs in first_questions(load_board([board_folder()])):
        name = rows_name(question, runs)
        if name is not None:
            shelf.keep(name, to_json(question.kind, answer(question, runs, rows)) + b"\n")
            kept.append(place / f"{name}.json")
    for path in place.glob("*.json"):
        if path not in kept:
            path.unlink()
    return tuple(kept)


if __name__ == "__main__":
    write_known_answers()
