"""Whether orders rank the methods alike, and what of the spread over orders is the orders' own."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.benchmark.statistics.agreement import Agreement, agreement
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.inference import p_in_words
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.shown import Column, Table


def order_agreement(frame: pd.DataFrame, orders: Sequence[str], metric: str) -> Agreement:
    """The agreement of orders about the methods of an `order_frame`."""
    known = [order for order in orders if f"last {order}" in frame]
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    scores = sign * frame[[f"last {order}" for order in known]].to_numpy(float).T
    return agreement(scores, known, [str(name) for name in frame["method"]])


def agreement_in_words(found: Agreement) -> list[str]:
    """What the agreement says, a sentence each: W with its line of chance, tau's line, who is left out."""
    texts = []
    if found.w.value is not None:
        line = f", chance alone reaches {found.w_line.value:.2f}" if found.w_line.value is not None else ""
        p = f" ({p_in_words(found.p)})" if found.p is not None else ""
        texts.append(f"Kendall's W over {len(found.orders)} orders is {found.w.value:.2f} of 1{line}{p}.")
    else:
        texts.append(f"No Kendall's W: {found.w.reason}.")
    if found.tau_line.value is not None:
        texts.append(f"Two orders agree by more than chance where their tau is {found.tau_line.value:.2f} or more.")
    else:
        texts.append(f"No line of chance for tau: {found.tau_line.reason}.")
    if found.left_out:
        texts.append(f"Left out, for want of a number in some order: {', '.join(found.left_out)}.")
    return texts


def tau_values(found: Agreement) -> list[list[float | None]]:
    """Kendall's tau-b of each two orders; the diagonal, an order with itself, is left out."""
    return [[None if i == j else cell.value for j, cell in enumerate(row)] for i, row in enumerate(found.tau)]


def sensitivity_table(rows: Rows, runs: Sequence[BoardRun], metric: str) -> Table | str:
    """By method: how much of the spread of Last and BWT is the order's own, and the order performance differences.

    Or, in words, why there is no such table.
    """
    from lifealign_bench.benchmark.statistics.sensitivity import order_sensitivity
    from lifealign_bench.leaderboard.statistics_board import statistics_board

    try:
        board = statistics_board(rows, runs, metric)
    except InputError as error:
        return f"{error.found}; expected {error.expected}"
    found = [
        {
            "method": own.method,
            "order_sd": own.last.order_sd.value,
            "seed_sd": own.last.seed_sd.value,
            "bwt_order_sd": own.bwt.order_sd.value,
            "p": own.last.split.p,
            "aopd": own.differences.aopd.value,
            "mopd": own.differences.mopd.value,
            "why": own.last.order_sd.reason or own.caution or "",
        }
        for own in order_sensitivity(board)
    ]
    columns = (
        Column("method", "Method", pinned=True),
        Column("order_sd", f"Order's own spread, Last, {CHANGE_UNIT}", 1, "Standard deviation, seeds subtracted."),
        Column("seed_sd", f"Spread over seeds, Last, {CHANGE_UNIT}", 1),
        Column("bwt_order_sd", f"Order's own spread, BWT, {CHANGE_UNIT}", 1),
        Column("p", "p of no order effect", 3),
        Column("aopd", f"AOPD, {CHANGE_UNIT}", 1, "Best less worst order of each task's end, mean over tasks."),
        Column("mopd", f"MOPD, {CHANGE_UNIT}", 1, "The same for the task where it is largest."),
        Column("why", "Why a number is missing"),
    )
    frame = pd.DataFrame(found)
    for name in ("order_sd", "seed_sd", "bwt_order_sd", "p", "aopd", "mopd"):
        frame[name] = frame[name].astype(float)
    kept = tuple(column for column in columns if frame[column.name].notna().any() and (frame[column.name] != "").any())
    return Table("order-variance", frame, kept)
