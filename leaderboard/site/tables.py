"""A table as HTML."""

from __future__ import annotations

from collections.abc import Mapping

from lifealign_bench.leaderboard.markup import Child, Markup, element
from lifealign_bench.leaderboard.shown import Table

LONG = 40
"""Characters of a cell that may be broken into lines."""


def table_markup(table: Table, links: Mapping[str, str] | None = None) -> Markup:
    """A table that scrolls sideways where it is wide; `links` lead from the text of a cell."""
    numbers = [column.digits is not None for column in table.columns]
    heads = [
        element("th", column.title, scope="col", title=column.help or None, class_="number" if number else None)
        for column, number in zip(table.columns, numbers, strict=True)
    ]
    rows = [
        element("tr", *(_cell(text, number, links or {}) for text, number in zip(row, numbers, strict=True)))
        for row in table.texts()
    ]
    body = element("table", element("thead", element("tr", *heads)), element("tbody", *rows))
    return element("div", body, class_="scroll", tabindex="0")


def _cell(text: str, number: bool, links: Mapping[str, str]) -> Markup:
    shown: Child = element("a", text, href=links[text]) if text in links else text
    return element("td", shown, class_="number" if number else "long" if len(text) > LONG else None)
