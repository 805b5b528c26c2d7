"""The pages of the exported board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lifealign_bench.leaderboard.board import Board
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.headline import headline
from lifealign_bench.leaderboard.inference import Inference, infer, with_inference
from lifealign_bench.leaderboard.markup import Markup, element, joined
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.order_agreement import agreement_in_words, order_agreement
from lifealign_bench.leaderboard.order_figures import last_by_order_figure, rank_figure
from lifealign_bench.leaderboard.order_tables import enough, order_frame, orders_of
from lifealign_bench.leaderboard.palette import LIGHT
from lifealign_bench.leaderboard.published import MARK, TITLES, published
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.ranking import ranking
from lifealign_bench.leaderboard.ranking_figures import ranking_figure
from lifealign_bench.leaderboard.shown import Table
from lifealign_bench.leaderboard.site import content
from lifealign_bench.leaderboard.site.content import Scope
from lifealign_bench.leaderboard.site.page import Page

PREFERRED = ("rubric", "safety_compliance")
"""Metrics that get pages beside the primary one, where a board has them and none are named."""


@dataclass
class Site:
    """The board that is written, what of it, and the tables that its pages link to."""

    board: Board
    rows: Rows
    metrics: tuple[str, ...] | None
    everything: bool
    tables: dict[str, Table] = field(default_factory=dict)
    _inferred: dict[tuple[str, str], Inference] = field(default_factory=dict)

    @property
    def scopes(self) -> list[Scope]:
        """What may be compared."""
        return content.scopes_of(self.board)

    def infer(self, scope: Scope, metric: str) -> Inference:
        """The inference on a scope, made once."""
        key = (scope.name, metric)
        if key not in self._inferred:
            self._inferred[key] = infer(self.rows, scope.runs, metric)
        return self._inferred[key]

    def metrics_of(self, scope: Scope) -> list[str]:
        """The metrics that are shown of a scope."""
        wanted = (scope.runs[0].primary_metric, *PREFERRED) if self.metrics is None else self.metrics
        return [name for name in scope.metrics if name in wanted] or scope.metrics[:1]

    def table(self, page: Page, table: Table, links: dict[str, str] | None = None) -> Markup:
        """A table on a page, kept to be written as CSV, too."""
        self.tables[table.name] = table
        return page.table(table, links)

    def method_page(self, run: BoardRun) -> str:
        """The name of the page of a run's method."""
        return f"methods/{content.file_name(run.entry.label)[:40]}-{run.entry.key[:6]}.html"


def pages_of(site: Site) -> Iterator[tuple[str, Page]]:
    """Every page and its name."""
    from lifealign_bench.leaderboard.site.compare_page import compare_page
    from lifealign_bench.leaderboard.site.elsewhere_page import elsewhere_page
    from lifealign_bench.leaderboard.site.judges_page import judges_page
    from lifealign_bench.leaderboard.site.method_pages import method_index, method_pages
    from lifealign_bench.leaderboard.site.paper_page import paper_page
    from lifealign_bench.leaderboard.site.refusals_page import refusals_page
    from lifealign_bench.leaderboard.site.variation_page import variation_page

    yield "index.html", _index(site)
    yield "orders.html", _orders(site)
    yield "compare.html", compare_page(site)
    yield "elsewhere.html", elsewhere_page(site)
    yield "refusals.html", refusals_page(site)
    yield "variation.html", variation_page(site)
    yield "paper.html", paper_page(site)
    yield "judges.html", judges_page(site)
    yield "methods.html", method_index(site)
    yield from method_pages(site)


def new_page(site: Site, title: str, name: str, runs: Sequence[BoardRun], up: str = "") -> Page:
    """An empty page, marked where its runs are of the synthetic world."""
    return Page(title, name, up, synthetic=any(run.is_synthetic for run in runs))


def choices(site: Site, page: Page) -> Markup:
    """Suite and metric, where there is more than one."""
    metrics = dict.fromkeys(metric_name(name).title for scope in site.scopes for name in site.metrics_of(scope))
    return element(
        "p",
        page.choice("Suite", "suite", [scope.name for scope in site.scopes]),
        page.choice("Metric", "metric", list(metrics)),
    )


def when(scope: Scope, metric: str) -> dict[str, str]:
    """The choices under which a part is seen."""
    return {"suite": scope.name, "metric": metric_name(metric).title}


def _index(site: Site) -> Page:
    page = new_page(site, "What does a model keep?", "index.html", site.board.runs)
    page.add(
        element(
            "p",
            "A language model learns one preference task after the other, and every earlier task is tested again after "
            "each one. Last says how good it is at all of them in the end, BWT and forgetting how much of what it had "
            "learned it lost. Each number here comes from kept answers; a dash is a number that does not exist.",
        )
    )
    if not site.board.runs:
        page.add(element("p", "There is no finished run on this board yet.", class_="note"))
    else:
        page.add(choices(site, page))
    for scope in site.scopes:
        for metric in site.metrics_of(scope):
            page.add(page.part(when(scope, metric), _ranking(site, page, scope, metric)))
    page.add(_reported(site, page))
    if site.board.left_out:
        page.add(element("h2", "Left out"), site.table(page, content.left_out_table(site.board)))
    return page


def _ranking(site: Site, page: Page, scope: Scope, metric: str) -> Markup:
    found = site.infer(scope, metric)
    contestants, references = content.ranking_tables(scope, metric, found)
    frame = ranking(scope.runs, metric)
    links = {run.entry.label: site.method_page(run) for run in scope.runs}
    answers = headline(frame, scope.contestants, metric, found)
    questions = [
        ("Which method forgets least?", answers.least_forgetting),
        ("Is the difference real?", answers.is_it_real),
        ("On which order does it fail?", answers.where_it_fails),
    ]
    cards = [
        element("div", element("strong", question), element("p", text), class_="card") for question, text in questions
    ]
    worse = element("p", "Open a method below: its matrices, and what it said then and now.")
    cards.append(element("div", element("strong", "Which answers got worse?"), worse, class_="card"))
    figure = ranking_figure(with_inference(frame, found), scope.runs, metric, LIGHT)
    return joined(
        element("div", *cards, class_="four"),
        element("h2", f"Ranking: {metric_name(metric).title}"),
        element("p", metric_name(metric).sentence, class_="soft"),
        site.table(page, contestants, links),
        *(element("p", note, class_="soft") for note in found.notes),
        page.figure(figure, f"{scope.name}-ranking-{metric}", "Last of every method: mean and each run"),
        element("h2", "References"),
        element("p", "Each task learned alone, all tasks learned at once: read against, never ranked.", class_="soft"),
        site.table(page, references, links),
    )


def _reported(site: Site, page: Page) -> Markup:
    source = published()
    parts = [
        joined(element("h3", title), site.table(page, table))
        for title, table in zip(TITLES.values(), content.reported_tables(), strict=True)
    ]
    return element(
        "details",
        element("summary", f"What the paper says ({MARK})"),
        element(
            "p", f"{source['source']}; {source['backbone']}; {source['order']}. Not comparable with the rows above."
        ),
        *parts,
    )


def _orders(site: Site) -> Page:
    page = new_page(site, "Order sensitivity", "orders.html", site.board.runs)
    page.add(choices(site, page))
    for scope in site.scopes:
        for metric in site.metrics_of(scope):
            if scope.contestants:
                page.add(page.part(when(scope, metric), _by_order(site, page, scope, metric)))
    return page


def _by_order(site: Site, page: Page, scope: Scope, metric: str) -> Markup:
    orders, frame = orders_of(scope.contestants), order_frame(scope.contestants, metric)
    agreed = agreement_in_words(order_agreement(frame, orders, metric)) if len(orders) > 1 else []
    caution = enough(scope.contestants)
    return joined(
        element("p", caution, class_="note") if caution else None,
        element("p", "Sorted by the worst order's Last: a method that learns nothing has no spread.", class_="soft"),
        page.figure(
            last_by_order_figure(frame, orders, metric, LIGHT),
            f"{scope.name}-orders-{metric}",
            "Last of every method in every order",
        ),
        site.table(page, content.order_tables(scope, metric)),
        element("h2", "Do the rankings agree?"),
        page.figure(rank_figure(frame, orders, LIGHT), f"{scope.name}-ranks-{metric}", "Ranks in every order"),
        *(element("p", text) for text in agreed),
        element("h2", "The orders"),
        site.table(page, content.order_list(scope)),
    )
