"""The first board: the ranking as plain HTML, seen while the app that will show it is still being loaded."""

from __future__ import annotations

import pandas as pd

from lifealign_bench.leaderboard.beside_reference import competing
from lifealign_bench.leaderboard.board import Board
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.first_view import first_view
from lifealign_bench.leaderboard.headline import headline
from lifealign_bench.leaderboard.inference import Inference, awaiting, too_many, with_inference
from lifealign_bench.leaderboard.markup import Markup, element
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.opening.own_files import own_text
from lifealign_bench.leaderboard.questions import Question
from lifealign_bench.leaderboard.ranking import ranking, ranking_table
from lifealign_bench.leaderboard.shelf import kept_answer
from lifealign_bench.leaderboard.site.tables import table_markup
from lifealign_bench.leaderboard.site.wording import SYNTHETIC

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What the page may load: nothing. It runs no script."""
AWAITED = "Intervals and tests are being computed …"


def board_page(board: Board) -> str:
    """The whole page; intervals and tests stand in it where they are known already."""
    runs, metric = first_view(board.runs) if board.runs else ((), "")
    runs = competing(runs)
    parts = [element("p", "There is nothing to show yet.")] if not runs else _ranking(board, runs, metric)
    synthetic = any(run.is_synthetic for run in runs)
    note = element("p", element("strong", "Synthetic world. "), SYNTHETIC, class_="note") if synthetic else None
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("title", "LifeAlign Bench"),
        element("style", Markup(own_text("site", "site.css"))),
    )
    body = element("body", element("main", element("h1", "What does a model keep?"), note, *parts))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en').html}\n"


def _ranking(board: Board, runs: tuple[BoardRun, ...], metric: str) -> list[Markup]:
    means, found = ranking(runs, metric), _known(runs, metric)
    frame = awaiting(means) if found is None else with_inference(means, found)
    rest = found or Inference(notes=(AWAITED,))
    contestants, references = (frame[frame["reference"] == wanted].reset_index(drop=True) for wanted in (False, True))
    answers = headline(means, [run for run in runs if not run.entry.is_reference], metric, rest)
    cards = (
        ("1. Which method forgets least?", answers.least_forgetting),
        ("2. Is the difference real?", answers.is_it_real),
        ("3. On which order does it fail?", answers.where_it_fails),
    )
    always = ("tie",) if found is None else ()
    name = metric_name(metric)
    return [
        element(
            "div",
            *(element("div", element("strong", ask), element("p", say), class_="card") for ask, say in cards),
            class_="four",
        ),
        element("h2", f"Ranking: {name.title}"),
        element("p", name.sentence, class_="soft"),
        table_markup(ranking_table(contestants, metric, always=always)),
        element("p", " ".join(rest.notes), class_="soft"),
        *_references(references, metric),
        element("p", f"{len(board.runs)} runs on this board. {_left_out(board)}", class_="soft"),
    ]


def _known(runs: tuple[BoardRun, ...], metric: str) -> Inference | None:
    reason = too_many(runs)
    if reason is not None:
        return Inference(notes=(reason,))
    found = kept_answer(Question("inference", tuple(run.folder for run in runs), metric), runs)
    return found if isinstance(found, Inference) else None


def _references(frame: pd.DataFrame, metric: str) -> list[Markup]:
    if frame.empty:
        return []
    words = "Each task learned alone, and all tasks learned at once: read against, never ranked."
    table = table_markup(ranking_table(frame, metric, "references"))
    return [element("h2", "References"), element("p", words, class_="soft"), table]


def _left_out(board: Board) -> str:
    return f"{len(board.left_out)} left out; the live board says which, and why." if board.left_out else ""
