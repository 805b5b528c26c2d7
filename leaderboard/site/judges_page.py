"""The exported page on judges: what pins them, what their cards say, what people gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifealign_bench.benchmark.judge_records import JudgeRecord
from lifealign_bench.leaderboard.judge_card_tables import canary_table, card_tables
from lifealign_bench.leaderboard.judge_cards import fitness, read_cards
from lifealign_bench.leaderboard.judge_tables import judge_facts, judges_of
from lifealign_bench.leaderboard.markup import Markup, element, joined
from lifealign_bench.leaderboard.people_tables import coverage_by_people, raters_table
from lifealign_bench.leaderboard.shown import Column, Table, text_table
from lifealign_bench.leaderboard.site import content
from lifealign_bench.leaderboard.site.content import Scope
from lifealign_bench.leaderboard.site.page import Page
from lifealign_bench.leaderboard.site.pages import Site, new_page

if TYPE_CHECKING:
    from lifealign_bench.judges.cards.schema import JudgeCard

FACTS = (Column("name", "What"), Column("value", "Value"))


def judges_page(site: Site) -> Page:
    """Every judge with its cards, canaries, verdicts, people, and cards of judges that judged nothing here."""
    page = new_page(site, "Judges", "judges.html", site.board.runs)
    cards = read_cards(site.board.cards)
    known: list[JudgeCard] = []
    for scope in site.scopes:
        judges = judges_of(scope.runs)
        own = [card for judge in judges for card in cards.of(judge)]
        known += own
        page.add(element("h2", scope.name))
        for number, judge in enumerate(judges, 1):
            page.add(_judge(site, page, judge, cards.of(judge), f"{scope.name}-judge-{number}"))
        page.add(_canaries(site, page, scope, own))
        page.add(element("h3", "Verdicts"), site.table(page, content.verdict_table(scope, site.rows)))
        page.add(_people(site, page, scope))
    others = [card for card in cards.cards if card not in known]
    if others:
        page.add(element("h2", "Cards of judges that judged nothing here"))
    for number, card in enumerate(others, 1):
        page.add(element("h3", card.judge.name), _card(site, page, card, f"other-{number}"))
    page.add(
        *(element("p", f"{item.place.rpartition('/')[2]}: {item.reason}", class_="note") for item in cards.left_out)
    )
    return page


def _judge(site: Site, page: Page, judge: JudgeRecord, cards: Sequence[JudgeCard], name: str) -> Markup:
    facts = text_table(name, [{"name": key, "value": value} for key, value in judge_facts(judge)], FACTS)
    none = element("p", "No card of this judge is here: lifealign judge card measures how far to trust it.")
    return joined(
        element("h3", judge.name),
        *(_card(site, page, card, f"{name}-card-{number}") for number, card in enumerate(cards, 1)),
        None if cards else none,
        element("details", element("summary", "What pins this judge"), site.table(page, facts)),
    )


def _card(site: Site, page: Page, card: JudgeCard, name: str) -> Markup:
    """The verdict on the judge first, then the parts of its card."""
    parts = [
        joined(element("h4", title), element("p", words, class_="soft"), site.table(page, table))
        for title, words, table in card_tables(card, name)
    ]
    reasons: dict[str, list[str]] = {}
    for part, why in card.left_out.items():
        reasons.setdefault(why, []).append(part)
    missing = [f"Not on this card: {', '.join(names)} ({why})." for why, names in reasons.items()]
    return joined(
        element("p", element("strong", fitness(card)), class_="note"),
        *(element("p", reason) for reason in card.unfit),
        *parts,
        *(element("p", text, class_="soft") for text in missing),
    )


def _canaries(site: Site, page: Page, scope: Scope, cards: Sequence[JudgeCard]) -> Markup | None:
    table = canary_table(cards)
    if table.frame.empty:
        return None
    words = "Answers that no method made, judged as all others are. What they get above what they deserve is a fault."
    return joined(
        element("h3", "Canaries (never ranked)"), element("p", words, class_="soft"), _of(site, page, scope, table)
    )


def _people(site: Site, page: Page, scope: Scope) -> Markup | None:
    raters, coverage = raters_table(site.rows, scope.runs), coverage_by_people(site.rows, scope.runs)
    if raters is None or coverage is None:
        return None
    words = "Means of two raters compare only where both rated the same answers; the judge card takes severity out."
    tables = (_of(site, page, scope, table) for table in (coverage, raters))
    return joined(element("h3", "People"), element("p", words, class_="soft"), *tables)


def _of(site: Site, page: Page, scope: Scope, table: Table) -> Markup:
    """A table of one scope, under a name that another scope's has not."""
    return site.table(page, Table(f"{scope.name}-{table.name}", table.frame, table.columns))
