"""Answers that got worse, as they may be passed on: harmful prompts and restricted texts are left out."""

from __future__ import annotations

import pandas as pd

from lifealign_bench.leaderboard.answers import Query, Text, page_of, texts_of
from lifealign_bench.leaderboard.board import Board
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.shown import Column, Table

UNKNOWN = "its prompt is not here, so nobody can say whether it may be passed on"


def worst_answers(
    board: Board, rows: Rows, run: BoardRun, metric: str, *, size: int = 10, everything: bool = False
) -> tuple[pd.DataFrame, int]:
    """The answers of a run whose verdicts fell most, with their prompts, and how many there are of their kind.

    Of answers to harmless prompts, where the texts say which those are; of all with `everything`.

    task, verdict_then, verdict, prompt, answer_then, answer, left_out: why the texts are empty.
    """
    place = board.texts_of(run)
    # Ten texts that are left out show nobody what got worse.
    harm = None if everything or place is None else "harmless"
    page = page_of(rows, [run], Query(run.dimension(metric), "worse", harm=harm, texts=place, size=size))
    if page.frame.empty:
        return pd.DataFrame(), 0
    texts = texts_of(rows, place, [str(pair) for pair in page.frame["pair_id"]])
    found = []
    for row in page.frame.to_dict("records"):
        text = texts.get(str(row["pair_id"]))
        reason = None if everything else (UNKNOWN if text is None else text.hidden)
        found.append(
            {
                "task": row["task"],
                "pair_id": row["pair_id"],
                "verdict_then": row["verdict_then"],
                "verdict": row["verdict"],
                "prompt": "" if reason or text is None else _prompt(text),
                "answer_then": "" if reason else row["answer_then"],
                "answer": "" if reason else row["answer"],
                "left_out": reason or "",
            }
        )
    return pd.DataFrame(found), page.total


def answers_table(board: Board, rows: Rows, runs: tuple[BoardRun, ...], metric: str, *, everything: bool) -> Table:
    """The worst answers of all these runs in one table."""
    parts = []
    for run in runs:
        frame, _ = worst_answers(board, rows, run, metric, everything=everything)
        if len(frame):
            parts.append(frame.assign(method=run.entry.label, order=run.order, seed=run.seed))
    columns = (
        Column("method", "Method"),
        Column("order", "Order"),
        Column("seed", "Seed", 0),
        Column("task", "Task"),
        Column("pair_id", "Pair"),
        Column("verdict_then", "Verdict when learned, 1 to 10", 1),
        Column("verdict", "Verdict at the end, 1 to 10", 1),
        Column("prompt", "Prompt"),
        Column("answer_then", "Answer when learned"),
        Column("answer", "Answer at the end"),
        Column("left_out", "Texts left out because"),
    )
    names = [column.name for column in columns]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    return Table("answers-that-got-worse", frame, columns)


def _prompt(text: Text) -> str:
    return "\n".join(f"{role}: {content}" for role, content in text.turns)
