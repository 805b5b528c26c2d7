"""The exported page that puts the paper's numbers beside the board's."""

from __future__ import annotations

from lifealign_bench.leaderboard.markup import element
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.paper.beside import NOT_THE_SAME, beside_table
from lifealign_bench.leaderboard.paper.claims import claims, claims_in_words, claims_table
from lifealign_bench.leaderboard.paper.worlds import paper_likeness
from lifealign_bench.leaderboard.published import MARK, published
from lifealign_bench.leaderboard.shown import Table
from lifealign_bench.leaderboard.site.page import Page
from lifealign_bench.leaderboard.site.pages import Site, choices, new_page, when


def paper_page(site: Site) -> Page:
    """Printed beside measured, tau with the line of chance, and what of the paper follows from its own matrix."""
    source = published()
    page = new_page(site, "The paper beside this board", "paper.html", site.board.runs)
    page.add(element("p", f"{source['source']}; {source['backbone']}; {source['order']}. {MARK.capitalize()}."))
    page.add(element("p", NOT_THE_SAME, class_="note"), choices(site, page))
    for scope in site.scopes:
        for metric in site.metrics_of(scope):
            beside, worlds = beside_table(scope.runs, metric), paper_likeness(scope.runs, metric)
            names = {f"{scope.name}-{beside.name}": beside, f"{scope.name}-{worlds.name}-{metric}": worlds}
            named = [Table(name, table.frame, table.columns) for name, table in names.items()]
            parts = [element("h2", metric_name(metric).title), *(site.table(page, table) for table in named)]
            page.add(page.part(when(scope, metric), *parts))
    found = claims()
    page.add(element("h2", "Which printed numbers follow from others?"), element("p", claims_in_words(found)))
    page.add(site.table(page, claims_table(found)))
    return page
