"""Parts of the page on orders that need intervals and tests: each shows what the report's builders made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from lifealign_bench.leaderboard.analysis.figures import interference_figure
from lifealign_bench.leaderboard.analysis.findings import AVERAGE
from lifealign_bench.leaderboard.analysis.order_sheets import (
    interference_sheets,
    opd_sheet,
    order_sheet,
    position_sheet,
    variance_sheet,
)
from lifealign_bench.leaderboard.analysis.record import MetricAnalysis
from lifealign_bench.leaderboard.analysis.sections import LEVEL_TITLES
from lifealign_bench.leaderboard.analysis.sheets import power_sheet, similarity_sheet
from lifealign_bench.leaderboard.app.choices import pick
from lifealign_bench.leaderboard.app.report_tables import show_sheet
from lifealign_bench.leaderboard.app.widgets import escaped, notes, show_figure
from lifealign_bench.leaderboard.metric_names import CHANGE_UNIT, metric_name
from lifealign_bench.leaderboard.palette import Ink
from lifealign_bench.leaderboard.position_figures import position_figure
from lifealign_bench.leaderboard.visible import visible

BEFORE = "Mean change over all orders when the task of the row is learned. **Tasks that had been learned:**"
MOST_SAID = 12
SEEDS_OWN = (
    "The seeds' own is not the spread over seeds in the table above: what these prompts add to it is taken off, and 0 "
    "stands where nothing is left."
)
ORDER_HEADS = {
    "sd": f"Spread over orders, {CHANGE_UNIT}",
    "order": f"Order's own, {CHANGE_UNIT}",
    "seed": f"Seeds' own, {CHANGE_UNIT}",
    "p": "p of no order effect, Holm",
    "BWT sd": f"BWT's spread, {CHANGE_UNIT}",
    "AOPD": f"AOPD, {CHANGE_UNIT}",
    "MOPD": f"MOPD, {CHANGE_UNIT}",
}
VARIANCE_HEADS = {
    "order": "Another order, points²",
    "seed": "Another seed, points²",
    "prompts": "These prompts, points²",
    "order's share": "Order's share, %",
}
POWER_HEADS = {
    "first": "First",
    "second": "Less second",
    "seen": f"Difference seen, {CHANGE_UNIT}",
    "sd of a block": f"Spread over blocks, {CHANGE_UNIT}",
    "1 seed": "Orders needed with 1 seed",
    **{f"{count} seeds": f"with {count} seeds" for count in (2, 3, 5)},
}


def own_part(found: MetricAnalysis) -> None:
    """Spread over orders beside spread over seeds, and what of the variance is whose."""
    sheet = order_sheet(found)
    unit = metric_name(found.metric).unit
    heads = ORDER_HEADS | {f"{end} order": f"{end.capitalize()} order, its Last, {unit}" for end in ("worst", "best")}
    show_sheet(replace(sheet, sentence=f"{sheet.sentence} {SEEDS_OWN}"), "order-sensitivity-tests", heads)
    with st.expander("Where the variance of Last is from", icon=":material/functions:"):
        show_sheet(variance_sheet(found), "variance", VARIANCE_HEADS)
    with st.expander("What the order decides about each task (OPD)", icon=":material/table_rows:"):
        show_sheet(opd_sheet(found), "opd")


def positions(found: MetricAnalysis, ink: Ink) -> None:
    """Whether a task is learned better, or kept better, when it comes early or late."""
    average = found.averaged.positions
    if any(effect.value is not None for own in average for effect in own.effects):
        st.caption(f"Mean over {len(found.averaged.over)} methods, with 95 % intervals.")
        figure = position_figure(average, ink)
        show_figure(figure, "positions", "Effect of the position in which a task is learned", "positions")
    cautions = dict.fromkeys(own.caution for own in average if own.caution)
    notes([f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in cautions])
    with st.expander("By method", icon=":material/table_rows:"):
        show_sheet(position_sheet(found), "position-effects")


def interference(found: MetricAnalysis, methods: Sequence[str], ink: Ink) -> None:
    """What one task does to another, for the mean over methods or for one, with intervals on hover."""
    known = {own.method: own for own in found.interference}
    average = found.averaged.interference
    own_names = [name for name in methods if name in known]
    chosen = pick("Method", [AVERAGE, *own_names] if average is not None else own_names, "method")
    own = average if average is not None and chosen == AVERAGE else known[chosen]
    method = None if own is average else chosen
    tests = {one.subject: one for one in found.interference_tests if one.method == method}
    st.markdown(BEFORE)
    figure = interference_figure(own, tests, ink)
    show_figure(figure, "interference-learned", "Change of tasks already learned", "interference-learned")
    st.markdown("**Tasks that were still to come:**")
    figure = interference_figure(own, {}, ink, ahead=True)
    show_figure(figure, "interference-to-come", "Change of tasks still to come", "interference-to-come")
    with st.expander("As a table, with what is told apart from 0", icon=":material/table_rows:"):
        sheets = [sheet for sheet in interference_sheets(found) if sheet.title.endswith(f": {chosen}")]
        average_sheet = [] if average is None else list(interference_sheets(found))[:1]
        for sheet in (average_sheet if method is None else sheets)[:1]:
            show_sheet(sheet, "interference-table")


def similarity(found: MetricAnalysis) -> None:
    """Whether tasks that are alike lose more to each other."""
    st.subheader("Do similar tasks lose more to each other?", anchor=False)
    show_sheet(similarity_sheet(found), "similarity", {"pairs": "Pairs of tasks", "p": "p"})


def power(found: MetricAnalysis) -> None:
    """How many orders and seeds a difference would need."""
    st.subheader("What would more runs show?", anchor=False)
    sheet = power_sheet(found)
    st.markdown(f"**{escaped(sheet.title)}**")
    show_sheet(sheet, "power", POWER_HEADS)


def in_words(found: MetricAnalysis) -> None:
    """The report's statements, what is shown first."""
    if not found.statements:
        return
    st.subheader("In words", anchor=False)
    for level, title in LEVEL_TITLES.items():
        own = [one for one in found.statements if one.level == level]
        if own:
            with st.expander(f"{escaped(title)} ({len(own)})", expanded=level == "shown"):
                for one in own[:MOST_SAID]:
                    st.text(visible(one.text))
                    notes([f"{text.rstrip('.')}." for text in (one.rule, one.limits)])
                if len(own) > MOST_SAID:
                    notes([f"and {len(own) - MOST_SAID} more, in lifealign report."])
