"""The exported page on what alignment costs elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from lifealign_bench.leaderboard.behaviour import behaviour_table
from lifealign_bench.leaderboard.elsewhere import answers_table, change_table, folders_of, loss_table, refusal_table
from lifealign_bench.leaderboard.elsewhere_figures import change_figure, loss_figure
from lifealign_bench.leaderboard.markup import Markup, element
from lifealign_bench.leaderboard.palette import LIGHT
from lifealign_bench.leaderboard.places import is_url
from lifealign_bench.leaderboard.retained import retained_table
from lifealign_bench.leaderboard.site.content import Scope
from lifealign_bench.leaderboard.site.page import Page
from lifealign_bench.leaderboard.site.pages import Site, new_page


def elsewhere_page(site: Site) -> Page:
    """Capability, refusals, answers and what losses are made of, of every scope whose rows are on this machine."""
    page = new_page(site, "What it costs elsewhere", "elsewhere.html", site.board.runs)
    for scope in site.scopes:
        page.add(element("h2", scope.name), *_parts(site, page, scope))
    return page


def _parts(site: Site, page: Page, scope: Scope) -> Iterator[Markup]:
    places = [run.folder for run in scope.runs]
    if any(is_url(place) for place in places):
        yield element("p", "Rows are read from folders only.", class_="note")
        return
    retained = retained_table(folders_of(places))
    yield element("h3", "Retained capability")
    if retained.empty:
        yield element("p", "No run here was asked capability tasks.", class_="soft")
    else:
        changes = change_table(retained, f"{scope.name}-capability")
        figure = change_figure(changes.frame, LIGHT)
        yield page.figure(figure, f"{scope.name}-capability", "Change of capability beside forgetting")
        yield site.table(page, changes)
    found = behaviour_table(folders_of(places))
    yield element("h3", "Refusals: of harmful prompts, and apart from it of harmless ones")
    yield site.table(page, refusal_table(found, f"{scope.name}-refusals"))
    yield element("h3", "Answers")
    yield site.table(page, answers_table(found, f"{scope.name}-answers-drift"))
    losses = loss_table(found, f"{scope.name}-losses")
    if not losses.frame.empty:
        yield element("h3", "What was lost: form alone, or content")
        figure = loss_figure(losses.frame, LIGHT)
        yield page.figure(figure, f"{scope.name}-losses", "Lost of the rubric on earlier tasks")
        yield site.table(page, losses)
