"""Choosing a method, an order, a seed: choices that stand in the address and survive from page to page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

import streamlit as st

from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.leaderboard.board_run import BoardRun

Named = TypeVar("Named")


def pick(label: str, options: Sequence[str], key: str) -> str:
    """One of these options; the first where the address names none or one that is not there."""
    chosen = st.selectbox(label, list(options), key=key, bind="query-params")
    return options[0] if chosen is None else chosen


def pick_named(label: str, options: Mapping[str, Named], key: str) -> Named:
    """What stands behind one of these names; the names are what people read and what the address holds."""
    return options[pick(label, list(options), key)]


def methods_of(runs: Sequence[BoardRun], metric: str) -> list[str]:
    """Labels of the entries of these runs, contestants first, those with the best mean of Last before others."""
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    values: dict[str, list[float]] = {}
    references: dict[str, bool] = {}
    for run in runs:
        last = run.number(metric, "last").value
        values.setdefault(run.entry.label, []).append(-math.inf if last is None else sign * last)
        references[run.entry.label] = run.entry.is_reference
    return sorted(values, key=lambda name: (references[name], -sum(values[name]) / len(values[name]), name))


def pick_run(view_runs: Sequence[BoardRun], metric: str) -> BoardRun:
    """Method, order and seed beside each other, and the run that they name."""
    first, second, third = st.columns([3, 2, 1])
    with first:
        method = pick("Method", methods_of(view_runs, metric), "method")
    runs = [run for run in view_runs if run.entry.label == method]
    with second:
        order = pick("Order", list(dict.fromkeys(run.order for run in runs)), "order")
    runs = [run for run in runs if run.order == order]
    with third:
        seed = pick("Seed", [str(run.seed) for run in runs], "seed")
    return next(run for run in runs if str(run.seed) == seed)
