"""A report as one page that opens anywhere: no request leaves it, texts are escaped, tables need no script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files

from plotly.offline import get_plotlyjs

from lifealign_bench.leaderboard.analysis.figures import Drawn, draw
from lifealign_bench.leaderboard.analysis.pairwise_sheets import pairwise_sheet
from lifealign_bench.leaderboard.analysis.record import Analysis, MetricAnalysis, Statement
from lifealign_bench.leaderboard.analysis.refusal_sheets import refusal_sheets
from lifealign_bench.leaderboard.analysis.sections import LEVEL_TITLES, Section, sections
from lifealign_bench.leaderboard.analysis.sheets import Sheet, design_sheets
from lifealign_bench.leaderboard.markup import Markup, data, element, joined
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.palette import DARK, LIGHT

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"


def report_page(found: Analysis) -> str:
    """The whole page: styles, scripts and figures in it once."""
    own = files("lifealign_bench.leaderboard.analysis")
    metrics = (part for metric in found.metrics for part in _metric(metric))
    main = element("main", _head(found), *_design(found), *metrics, *_pairwise(found), *_refusals(found))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{found.suite}: report"),
        element("style", Markup((own / "page.css").read_text("utf-8"))),
    )
    # Scripts and styles of our own and of Plotly are the only texts that are not escaped.
    scripts = [element("script", Markup(code)) for code in (get_plotlyjs(), (own / "page.js").read_text("utf-8"))]
    body = element("body", element("div", _contents(found), main, class_="page"), *scripts)
    return f"<!doctype html>\n{element('html', head, body, lang='en').html}\n"


def _contents(found: Analysis) -> Markup:
    entries = [_entry("design", "Orders and seeds")]
    for metric in found.metrics:
        number = _number(metric)
        inner = [_entry(f"{number}-{part.name}", part.title) for part in sections(metric)]
        inner.append(_entry(f"{number}-statements", element("strong", "In words")))
        entries.append(_entry(number, metric_name(metric.metric).title, element("ul", *inner)))
    if found.pairwise:
        entries.append(_entry("pairwise", "Answers compared in pairs"))
    if found.refusals:
        entries.append(_entry("refusals", "Refusals"))
    return element("nav", element("p", found.suite, class_="suite"), element("ul", *entries), aria_label="Contents")


def _entry(target: str, words: Markup | str, below: Markup | None = None) -> Markup:
    return element("li", element("a", words, href=f"#{target}"), below)


def _head(found: Analysis) -> Markup:
    facts = [
        ("base", found.base),
        ("judge", ", ".join(found.judges) or "none"),
        ("methods", ", ".join(found.methods)),
        ("comparability key", found.comparability_key[:16]),
    ]
    listed = (element("div", element("dt", name), element("dd", value)) for name, value in facts)
    return element(
        "header",
        element("p", "LifeAlign Bench, report", class_="kicker"),
        element("h1", found.suite),
        element("dl", *listed),
        *(element("p", note, class_="note") for note in found.notes),
        element("p", "Every number is defined in docs/statistics.md; intervals are at 95 %.", class_="note"),
    )


def _design(found: Analysis) -> Iterator[Markup]:
    sheets = (_sheet(sheet, "", shown=True) for sheet in design_sheets(found))
    yield element("section", element("h2", "Orders and seeds"), *sheets, id="design")


def _pairwise(found: Analysis) -> Iterator[Markup]:
    if found.pairwise:
        sheets = (_sheet(pairwise_sheet(own), "", shown=True) for own in found.pairwise)
        heading = element("h2", "Answers compared in pairs")
        yield element("section", heading, *sheets, class_="metric", id="pairwise")


def _refusals(found: Analysis) -> Iterator[Markup]:
    sheets = [_sheet(sheet, "Refusals", shown=True) for sheet in refusal_sheets(found)]
    if sheets:
        yield element("section", element("h2", "Refusals"), *sheets, class_="metric", id="refusals")


def _metric(found: MetricAnalysis) -> Iterator[Markup]:
    number = _number(found)
    name = metric_name(found.metric)
    counts = {level: sum(one.level == level for one in found.statements) for level in LEVEL_TITLES}
    said = ", ".join(f"{count} {level}" for level, count in counts.items())
    link = element("a", "In words", href=f"#{number}-statements")
    words = element("p", f"{name.sentence} ", link, f": {said}.")
    yield element("section", element("h2", name.title), words, class_="metric", id=number)
    figures = list(zip(draw(found, LIGHT), draw(found, DARK), strict=True))
    for part in sections(found):
        yield _section(part, number, [pair for pair in figures if pair[0].place in part.figures])
    statements = _statements(found.statements)
    yield element("section", element("h3", "In words"), *statements, class_="statements", id=f"{number}-statements")


def _section(part: Section, number: str, figures: Sequence[tuple[Drawn, Drawn]]) -> Markup:
    pieces = [element("h3", part.title)]
    for place, (light, dark) in enumerate(figures):
        own = _figure(light, dark)
        if part.name == "matrices" and place:
            own = element("details", element("summary", light.caption.partition(":")[0]), own)
        pieces.append(own)
    if part.name == "matrices" and not figures:
        pieces.append(element("p", "No sequential method has a matrix.", class_="note"))
    alone = len(part.sheets) == 1
    pieces += [_sheet(sheet, under=part.title, shown=alone or sheet.brief) for sheet in part.sheets]
    return element("section", *pieces, id=f"{number}-{part.name}")


def _figure(light: Drawn, dark: Drawn) -> Markup:
    height, width = light.figure.layout.height, light.figure.layout.width
    size = f"min-height:{int(height)}px" + (f";min-width:{int(width)}px" if width else "")
    both = data({"light": _spec(light), "dark": _spec(dark)})
    plot = element("div", both, class_="plot", style=size, role="img", aria_label=light.caption)
    return element("figure", element("div", plot, class_="wide"), element("figcaption", light.caption))


def _spec(drawn: Drawn) -> object:
    return json.loads(drawn.figure.to_json())


def _sheet(sheet: Sheet, under: str, *, shown: bool) -> Markup:
    """A table; one that is not shown at once is folded. under: the heading above it, which is not said twice."""
    inner = joined(
        element("p", sheet.sentence, class_="how"),
        _table(sheet) if sheet.rows else None,
        element("ul", *(element("li", note) for note in sheet.notes), class_="why") if sheet.notes else None,
    )
    if shown:
        return inner if sheet.title == under else joined(element("h4", sheet.title), inner)
    return element("details", element("summary", sheet.title), inner)


def _table(sheet: Sheet) -> Markup:
    heads = (element("th", head, scope="col", class_=_side(place, sheet)) for place, head in enumerate(sheet.heads))
    rows = (element("tr", *(_cell(cell, place, sheet) for place, cell in enumerate(row))) for row in sheet.rows)
    table = element("table", element("thead", element("tr", *heads)), element("tbody", *rows))
    return element("div", table, class_="wide")


def _side(place: int, sheet: Sheet) -> str | None:
    return None if place < sheet.texts else "number"


def _cell(cell: str, place: int, sheet: Sheet) -> Markup:
    if place == 0:
        return element("th", cell, scope="row")
    return element("td", cell, class_=_side(place, sheet))


def _statements(statements: Sequence[Statement]) -> Iterator[Markup]:
    if not statements:
        yield element("p", "These runs allow no statement.", class_="note")
    for level, title in LEVEL_TITLES.items():
        own = [statement for statement in statements if statement.level == level]
        if own:
            said = (element("li", one.text, element("small", f"{one.rule}. {one.limits}"), class_=level) for one in own)
            yield joined(element("h4", title), element("ol", *said))


def _number(found: MetricAnalysis) -> str:
    return f"metric-{found.metric}"
