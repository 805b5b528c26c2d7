"""A report as one page that opens anywhere: no request leaves it, texts are escaped, tables need no script."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence
from importlib.resources import files

from plotly.offline import get_plotlyjs

from lifealign_bench.leaderboard.analysis.figures import Drawn, draw
from lifealign_bench.leaderboard.analysis.pairwise_sheets import pairwise_sheet
from lifealign_bench.leaderboard.analysis.record import Analysis, MetricAnalysis, Statement
from lifealign_bench.leaderboard.analysis.sections import LEVEL_TITLES, Section, sections
from lifealign_bench.leaderboard.analysis.sheets import Sheet, design_sheets
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.palette import DARK, LIGHT
from lifealign_bench.leaderboard.visible import visible

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"


def report_page(found: Analysis) -> str:
    """The whole page: styles, scripts and figures in it once."""
    own = files("lifealign_bench.leaderboard.analysis")
    title = f"{found.suite}: report"
    metrics = (part for metric in found.metrics for part in _metric(metric))
    body = "".join([_head(found), *_design(found), *metrics, *_pairwise(found)])
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{(own / 'page.css').read_text('utf-8')}</style>\n</head>\n<body>\n"
        f'<div class="page">{_contents(found)}<main>{body}</main></div>\n'
        f"<script>{get_plotlyjs()}</script>\n<script>{(own / 'page.js').read_text('utf-8')}</script>\n"
        "</body>\n</html>\n"
    )


def text(value: object) -> str:
    """A text of a stranger, fit to stand in HTML: tags escaped, control characters visible."""
    return html.escape(visible(value))


def data(value: object) -> str:
    """JSON for a script element: nothing in it can end the element or begin a comment."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _contents(found: Analysis) -> str:
    entries = ['<li><a href="#design">Orders and seeds</a></li>']
    for metric in found.metrics:
        number = _number(metric)
        inner = "".join(f'<li><a href="#{number}-{part.name}">{text(part.title)}</a></li>' for part in sections(metric))
        inner += f'<li><a href="#{number}-statements"><strong>In words</strong></a></li>'
        name = text(metric_name(metric.metric).title)
        entries.append(f'<li><a href="#{number}">{name}</a><ul>{inner}</ul></li>')
    if found.pairwise:
        entries.append('<li><a href="#pairwise">Answers compared in pairs</a></li>')
    return f'<nav aria-label="Contents"><p class="suite">{text(found.suite)}</p><ul>{"".join(entries)}</ul></nav>'


def _head(found: Analysis) -> str:
    judges = ", ".join(found.judges) or "none"
    facts = [
        ("base", found.base),
        ("judge", judges),
        ("methods", ", ".join(found.methods)),
        ("comparability key", found.comparability_key[:16]),
    ]
    listed = "".join(f"<div><dt>{name}</dt><dd>{text(value)}</dd></div>" for name, value in facts)
    notes = "".join(f"<p class='note'>{text(note)}</p>" for note in found.notes)
    return (
        f"<header><p class='kicker'>LifeAlign Bench, report</p><h1>{text(found.suite)}</h1><dl>{listed}</dl>{notes}"
        "<p class='note'>Every number is defined in docs/statistics.md; intervals are at 95 %.</p></header>"
    )


def _design(found: Analysis) -> Iterator[str]:
    yield "<section id='design'><h2>Orders and seeds</h2>"
    yield from (_sheet(sheet, "", shown=True) for sheet in design_sheets(found))
    yield "</section>"


def _pairwise(found: Analysis) -> Iterator[str]:
    if found.pairwise:
        yield "<section class='metric' id='pairwise'><h2>Answers compared in pairs</h2>"
        yield from (_sheet(pairwise_sheet(own), "", shown=True) for own in found.pairwise)
        yield "</section>"


def _metric(found: MetricAnalysis) -> Iterator[str]:
    number = _number(found)
    name = metric_name(found.metric)
    counts = {level: sum(one.level == level for one in found.statements) for level in LEVEL_TITLES}
    said = ", ".join(f"{count} {level}" for level, count in counts.items())
    yield f"<section class='metric' id='{number}'><h2>{text(name.title)}</h2><p>{text(name.sentence)} "
    yield f"<a href='#{number}-statements'>In words</a>: {said}.</p></section>"
    figures = list(zip(draw(found, LIGHT), draw(found, DARK), strict=True))
    for part in sections(found):
        yield from _section(part, number, [pair for pair in figures if pair[0].place in part.figures])
    yield f"<section id='{number}-statements' class='statements'><h3>In words</h3>"
    yield from _statements(found.statements)
    yield "</section>"


def _section(part: Section, number: str, figures: Sequence[tuple[Drawn, Drawn]]) -> Iterator[str]:
    yield f"<section id='{number}-{part.name}'><h3>{text(part.title)}</h3>"
    for place, (light, dark) in enumerate(figures):
        own = _figure(light, dark)
        if part.name == "matrices" and place:
            own = f"<details><summary>{text(light.caption.partition(':')[0])}</summary>{own}</details>"
        yield own
    if part.name == "matrices" and not figures:
        yield "<p class='note'>No sequential method has a matrix.</p>"
    alone = len(part.sheets) == 1
    yield from (_sheet(sheet, under=part.title, shown=alone or sheet.brief) for sheet in part.sheets)
    yield "</section>"


def _figure(light: Drawn, dark: Drawn) -> str:
    both = {"light": _spec(light), "dark": _spec(dark)}
    height, width = light.figure.layout.height, light.figure.layout.width
    size = f"min-height:{int(height)}px" + (f";min-width:{int(width)}px" if width else "")
    return (
        f"<figure><div class='wide'><div class='plot' style='{size}' role='img' aria-label='{text(light.caption)}'>"
        f"<script type='application/json'>{data(both)}</script></div></div>"
        f"<figcaption>{text(light.caption)}</figcaption></figure>"
    )


def _spec(drawn: Drawn) -> object:
    return json.loads(drawn.figure.to_json())


def _sheet(sheet: Sheet, under: str, *, shown: bool) -> str:
    """A table; one that is not shown at once is folded. under: the heading above it, which is not said twice."""
    heads = "".join(f"<th scope='col'{_side(place, sheet)}>{text(head)}</th>" for place, head in enumerate(sheet.heads))
    rows = "".join(
        "<tr>" + "".join(_cell(cell, place, sheet) for place, cell in enumerate(row)) + "</tr>" for row in sheet.rows
    )
    notes = "".join(f"<li>{text(note)}</li>" for note in sheet.notes)
    table = f"<div class='wide'><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    inner = f"<p class='how'>{text(sheet.sentence)}</p>{table if sheet.rows else ''}"
    inner += f"<ul class='why'>{notes}</ul>" if notes else ""
    if shown:
        return inner if sheet.title == under else f"<h4>{text(sheet.title)}</h4>{inner}"
    return f"<details><summary>{text(sheet.title)}</summary>{inner}</details>"


def _side(place: int, sheet: Sheet) -> str:
    return "" if place < sheet.texts else " class='number'"


def _cell(cell: str, place: int, sheet: Sheet) -> str:
    if place == 0:
        return f"<th scope='row'>{text(cell)}</th>"
    return f"<td{_side(place, sheet)}>{text(cell)}</td>"


def _statements(statements: Sequence[Statement]) -> Iterator[str]:
    if not statements:
        yield "<p class='note'>These runs allow no statement.</p>"
    for level, title in LEVEL_TITLES.items():
        own = [statement for statement in statements if statement.level == level]
        if own:
            items = "".join(
                f"<li class='{level}'>{text(one.text)}<small>{text(one.rule)}. {text(one.limits)}</small></li>"
                for one in own
            )
            yield f"<h4>{text(title)}</h4><ol>{items}</ol>"


def _number(found: MetricAnalysis) -> str:
    return f"metric-{found.metric}"
