"""The exported page on refusals."""

from __future__ import annotations

from collections.abc import Iterator

from lifealign_bench.leaderboard.markup import Markup, element
from lifealign_bench.leaderboard.palette import LIGHT
from lifealign_bench.leaderboard.shown import Table
from lifealign_bench.leaderboard.site.content import Scope
from lifealign_bench.leaderboard.site.page import Page
from lifealign_bench.leaderboard.site.pages import Site, new_page
from lifealign_bench.leaderboard.variation.answers import of_refusals, refusals
from lifealign_bench.leaderboard.variation.refusal_figures import category_figure, stage_figure
from lifealign_bench.leaderboard.variation.refusal_rows import attacks_of, places_of, rows_of

WORDS = (
    "A set of prompts that no task trains on, asked plainly and with attacks after every stage. Declining what is "
    "harmful is wanted; declining a harmless look-alike is over-refusal."
)


def refusals_page(site: Site) -> Page:
    """Attack success and over-refusal of every scope that was asked a safety set."""
    page = new_page(site, "Refusals", "refusals.html", site.board.runs)
    page.add(element("p", WORDS, class_="soft"))
    asked = [scope for scope in site.scopes if places_of(scope.runs)]
    if not asked:
        page.add(element("p", "No run here was asked a safety set.", class_="note"))
    for scope in asked:
        first = scope.runs[0]
        page.add(element("h2", f"{scope.name}: {first.base}, {first.condition}"), *_parts(site, page, scope))
    return page


def _parts(site: Site, page: Page, scope: Scope) -> Iterator[Markup]:
    rows = rows_of(places_of(scope.runs))
    counted = refusals(rows)
    found, stages, kinds = of_refusals(counted, LIGHT), counted.stages.frame, counted.kinds.frame
    yield from (element("p", sentence) for sentence in found.sentences)
    for number, attack in enumerate(attacks_of(rows)):
        yield element("h3", f"Attack: {attack}")
        yield page.figure(stage_figure(stages, attack, LIGHT), f"{scope.name}-stages-{number}", "After every stage")
        yield page.figure(category_figure(kinds, attack, LIGHT), f"{scope.name}-harm-{number}", "By kind of harm")
    note = "Intervals draw prompts of one item together and speak of these runs only."
    yield element("p", note, class_="soft")
    for table in (found.table, *found.more):
        yield site.table(page, Table(f"{scope.name}-{table.name}", table.frame, table.columns))
