"""The exported comparison: every pair in a table, neighbours in the ranking task by task."""

from __future__ import annotations

from itertools import pairwise

from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.leaderboard.comparison import block_frame, blocks_of, by_task, task_table, verdict_in_words
from lifealign_bench.leaderboard.comparison_figures import task_difference_figure
from lifealign_bench.leaderboard.markup import Markup, element, joined
from lifealign_bench.leaderboard.palette import LIGHT
from lifealign_bench.leaderboard.ranking import ranking
from lifealign_bench.leaderboard.shown import Table
from lifealign_bench.leaderboard.site import content
from lifealign_bench.leaderboard.site.content import Scope
from lifealign_bench.leaderboard.site.page import Page
from lifealign_bench.leaderboard.site.pages import Site, choices, new_page, when

MOST = 12
"""Neighbours that are shown task by task."""


def compare_page(site: Site) -> Page:
    """All pairs of contestants, and each beside the next in the ranking."""
    page = new_page(site, "Compare methods", "compare.html", site.board.runs)
    page.add(choices(site, page))
    for scope in site.scopes:
        for metric in site.metrics_of(scope):
            found = site.infer(scope, metric)
            parts = [element("h2", "Every pair"), site.table(page, content.pair_table(scope, found, metric))]
            parts += [element("p", note, class_="soft") for note in found.notes]
            page.add(page.part(when(scope, metric), *parts, *_neighbours(site, page, scope, metric)))
    return page


def _neighbours(site: Site, page: Page, scope: Scope, metric: str) -> list[Markup]:
    frame = ranking(scope.contestants, metric)
    names = [str(name) for name in frame["method"]][: MOST + 1]
    runs = {name: [run for run in scope.contestants if run.entry.label == name] for name in names}
    found = []
    for number, (first, second) in enumerate(pairwise(names), 1):
        blocks = blocks_of(runs[first], runs[second])
        tasks = by_task(site.rows, blocks, metric)
        if tasks.empty:
            continue
        table = task_table(tasks)
        name = f"{scope.name}-neighbours-{metric}-{number}"
        lower = metric in LOWER_IS_BETTER
        words = verdict_in_words(block_frame(blocks, metric, "last"), (first, second), lower_is_better=lower)
        figure = task_difference_figure(tasks, (first, second), LIGHT, lower_is_better=lower)
        found.append(
            joined(
                element("h2", f"{first} and {second}"),
                element("p", words),
                page.figure(figure, name, "Differences by task"),
                site.table(page, Table(name, table.frame, table.columns)),
            )
        )
    return found
