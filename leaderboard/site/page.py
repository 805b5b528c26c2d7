"""One page of the exported board: its frame, its tables, its figures, its choices."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lifealign_bench.leaderboard.markup import Child, Markup, data, element, joined
from lifealign_bench.leaderboard.palette import DARK, LIGHT
from lifealign_bench.leaderboard.shown import Table
from lifealign_bench.leaderboard.site.tables import table_markup
from lifealign_bench.leaderboard.site.wording import SYNTHETIC

if TYPE_CHECKING:
    import plotly.graph_objects as go

POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:"
"""What a page may load: nothing but the files beside it. Plotly sets styles on what it draws."""

NAVIGATION = {
    "index.html": "Ranking",
    "orders.html": "Order sensitivity",
    "compare.html": "Compare",
    "methods.html": "Matrices and samples",
    "elsewhere.html": "Cost elsewhere",
    "refusals.html": "Refusals",
    "variation.html": "What varies",
    "paper.html": "The paper",
    "judges.html": "Judges",
}


@dataclass
class Page:
    """A page that is being written; `up` leads from its folder to that of the index."""

    title: str
    name: str
    up: str = ""
    synthetic: bool = False
    _parts: list[Markup] = field(default_factory=list)
    _figures: dict[str, object] = field(default_factory=dict)

    def add(self, *parts: Child) -> None:
        """Add pieces to its end."""
        self._parts += [part if isinstance(part, Markup) else joined(part) for part in parts]

    def table(self, table: Table, links: Mapping[str, str] | None = None) -> Markup:
        """A table with its CSV beside the page; `links` lead from the text of a cell."""
        csv = element("p", element("a", "CSV", href=f"{self.up}tables/{table.name}.csv", download=True), class_="soft")
        return joined(table_markup(table, links), csv)

    def figure(self, figure: go.Figure, name: str, caption: str) -> Markup:
        """A place in which the page draws a figure."""
        drawn = json.loads(figure.to_json())
        drawn["layout"].pop("template", None)
        self._figures[name] = drawn
        place = element("div", class_="figure", data_figure=name, role="img", aria_label=caption)
        return element("figure", place, element("figcaption", caption))

    def choice(self, label: str, name: str, options: Sequence[str]) -> Markup:
        """A choice between parts of the page, see `part`; it stands in the address."""
        made = [element("option", option, value=f"{name}:{option}") for option in options]
        return element("label", f"{label} ", element("select", *made, data_chooses=name))

    def part(self, when: Mapping[str, str], *parts: Child) -> Markup:
        """A part that is seen only where every named choice has this value."""
        values = [f"{name}:{value}" for name, value in when.items()]
        return element("section", *parts, data_when=json.dumps(values))

    def html(self) -> str:
        """The whole page."""
        links = [
            element("a", words, href=f"{self.up}{name}", aria_current="page" if name == self.name else None)
            for name, words in NAVIGATION.items()
        ]
        note = (
            element("p", element("strong", "Synthetic world. "), SYNTHETIC, class_="note") if self.synthetic else None
        )
        scripts = (
            [element("script", src=f"{self.up}plotly.min.js"), element("script", src=f"{self.up}site.js")]
            if self._figures or any("data-chooses" in part.html for part in self._parts)
            else []
        )
        head = element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", http_equiv="Content-Security-Policy", content=POLICY),
            element("title", f"{self.title} · LifeAlign Bench"),
            element("link", rel="icon", href=f"{self.up}icon.png"),
            element("link", rel="stylesheet", href=f"{self.up}site.css"),
        )
        colours = {LIGHT.text: DARK.text, LIGHT.faint: DARK.faint}
        body = element(
            "body",
            element("header", element("nav", *links)),
            element("main", element("h1", self.title), note, *self._parts),
            data(self._figures, "figures"),
            data(colours, "dark-colours"),
            *scripts,
        )
        return f"<!DOCTYPE html>\n{element('html', head, body, lang='en').html}\n"
