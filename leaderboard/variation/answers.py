"""A table, its sentences and a figure for every question that variants of a suite can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lifealign_bench.leaderboard.palette import LIGHT, Ink
from lifealign_bench.leaderboard.shown import Table
from lifealign_bench.leaderboard.variation.figures import base_figure, order_effect_figure, spread_figure
from lifealign_bench.leaderboard.variation.reading import VariantBoard
from lifealign_bench.leaderboard.variation.record import Variation, variation
from lifealign_bench.leaderboard.variation.refusal_counts import count
from lifealign_bench.leaderboard.variation.refusal_figures import stage_figure
from lifealign_bench.leaderboard.variation.refusal_rows import safety_rows
from lifealign_bench.leaderboard.variation.refusals import (
    category_table,
    reader_table,
    refusal_table,
    refusal_words,
    stage_table,
)
from lifealign_bench.leaderboard.variation.sheets import (
    base_sheet,
    base_words,
    order_effect_table,
    order_effect_words,
    spread_table,
    spread_words,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

QUESTIONS = ("data", "bases", "moves", "safety")


@dataclass(frozen=True, eq=False)
class Answered:
    """One question, what answers it, and its figure. name: of its files; more: tables that say it in detail."""

    name: str
    question: str
    table: Table
    sentences: tuple[str, ...]
    figure: go.Figure
    more: tuple[Table, ...] = ()


def answered(
    variants: Sequence[VariantBoard], ink: Ink = LIGHT, reread: Callable[[pd.DataFrame], pd.DataFrame] | None = None
) -> Iterator[Answered]:
    """Every question that these variants can answer, in the order of docs/questions.md.

    reread: adds what another reader takes the kept answers for.
    """
    yield from of_variation(variation(variants), ink)
    rows = rows_as_given(variants)
    if len(rows):
        yield of_refusals(refusals(rows if reread is None else reread(rows)), ink)


def rows_as_given(variants: Sequence[VariantBoard]) -> pd.DataFrame:
    """The `safety` rows of the suite as it is written, on the base that most of its runs have."""
    plain = [own for own in variants if not own.without_base]
    most = max(plain, key=lambda own: (len(own.runs), not own.fields), default=None)
    return pd.DataFrame() if most is None else safety_rows(most.runs)


def of_variation(found: Variation, ink: Ink) -> Iterator[Answered]:
    """What conditions, bases and settings answer."""
    if found.effects:
        yield Answered(
            "data",
            "Does the order matter more where the tasks' data differ?",
            order_effect_table(found.effects),
            tuple(order_effect_words(found.effects)),
            order_effect_figure(found.effects, ink),
        )
    if found.bases is not None:
        question = "Do rankings hold on another architecture?"
        words = tuple(base_words(found.bases))
        yield Answered("bases", question, base_sheet(found.bases), words, base_figure(found.bases, ink))
    if found.spreads:
        question = "What moves the board most?"
        words = tuple(spread_words(found.spreads))
        yield Answered("moves", question, spread_table(found.spreads), words, spread_figure(found.spreads, ink))


@dataclass(frozen=True, eq=False)
class Refusals:
    """What a safety set answers, counted: by method, by stage, by kind of harm, by reader; attack: of the figure."""

    attack: str
    table: Table
    stages: Table
    kinds: Table
    readers: Table
    sentences: tuple[str, ...]


def refusals(rows: pd.DataFrame) -> Refusals:
    """The counts of these rows, at least one."""
    counts = count(rows)
    tables = (refusal_table(counts), stage_table(counts), category_table(counts), reader_table(counts))
    return Refusals(counts.attacks[0], *tables, tuple(refusal_words(counts, tables[0])))


def of_refusals(found: Refusals, ink: Ink) -> Answered:
    """What a safety set answers."""
    more = (found.kinds, found.stages, *(own for own in (found.readers,) if len(own.frame)))
    question = "Which methods keep refusing what they learned to refuse?"
    figure = stage_figure(found.stages.frame, found.attack, ink)
    return Answered("safety", question, found.table, found.sentences, figure, more)
