"""Whether orders rank the methods alike."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.benchmark.statistics.agreement import Agreement, agreement
from lifealign_bench.leaderboard.inference import p_in_words


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
    texts += line_in_words(found, "orders", "in some order")
    return texts


def line_in_words(found: Agreement, rankers: str, somewhere: str) -> list[str]:
    """Which tau two of the rankers (orders, bases) reach by chance, and who has no number somewhere."""
    if found.tau_line.value is not None:
        texts = [f"Two {rankers} agree by more than chance where their tau is {found.tau_line.value:.2f} or more."]
    else:
        texts = [f"No line of chance for tau: {found.tau_line.reason}."]
    if found.left_out:
        texts.append(f"Left out, for want of a number {somewhere}: {', '.join(found.left_out)}.")
    return texts


def tau_values(found: Agreement) -> list[list[float | None]]:
    """Kendall's tau-b of each two orders; the diagonal, an order with itself, is left out."""
    return [[None if i == j else cell.value for j, cell in enumerate(row)] for i, row in enumerate(found.tau)]
