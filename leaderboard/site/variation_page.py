"""The exported page on variants: conditions, bases, settings."""

from __future__ import annotations

from collections.abc import Iterator

from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.markup import Markup, element
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.palette import LIGHT
from lifealign_bench.leaderboard.shown import Table
from lifealign_bench.leaderboard.site.content import Scope, file_name
from lifealign_bench.leaderboard.site.page import Page
from lifealign_bench.leaderboard.site.pages import Site, new_page
from lifealign_bench.leaderboard.variation.answers import of_variation
from lifealign_bench.leaderboard.variation.overview import kinds_of, overview_table, variants_of
from lifealign_bench.leaderboard.variation.record import board_variation


def variation_page(site: Site) -> Page:
    """What variants say, of every suite that was run in several ways."""
    page = new_page(site, "What varies", "variation.html", site.board.runs)
    suites = [variants_of(site.board.runs, name) for name in dict.fromkeys(run.suite for run in site.board.runs)]
    varied = [runs for runs in suites if len(kinds_of(runs)) > 1]
    if not varied:
        page.add(element("p", "Every suite here was run in one way only.", class_="note"))
    for runs in varied:
        page.add(element("h2", runs[0].suite), *_parts(site, page, runs))
    return page


def _parts(site: Site, page: Page, runs: tuple[BoardRun, ...]) -> Iterator[Markup]:
    name = file_name(runs[0].suite)
    metric = site.metrics_of(Scope(name, runs))[0]
    yield element("p", f"{metric_name(metric).title}. {metric_name(metric).sentence}", class_="soft")
    yield site.table(page, overview_table(runs, metric, f"{name}-variants"))
    yield element("p", "Variants never share a ranking.", class_="soft")
    found = board_variation(runs, metric)
    if isinstance(found, str):
        yield element("p", f"No more is said: {found}.", class_="note")
        return
    for own in of_variation(found, LIGHT):
        yield element("h3", own.question)
        yield page.figure(own.figure, f"{name}-{own.name}", own.question)
        yield from (element("p", sentence) for sentence in own.sentences)
        yield site.table(page, Table(f"{name}-{own.table.name}", own.table.frame, own.table.columns))
