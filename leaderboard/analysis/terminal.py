"""A report in the terminal, readable at 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding

from lifealign_bench.leaderboard.analysis.pairwise_sheets import pairwise_sheet
from lifealign_bench.leaderboard.analysis.record import Analysis, Statement
from lifealign_bench.leaderboard.analysis.refusal_sheets import refusal_sheets
from lifealign_bench.leaderboard.analysis.sections import LEVEL_TITLES, sections
from lifealign_bench.leaderboard.analysis.sheets import Sheet, design_sheets
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.rendering import new_table, plain

MOST_STATEMENTS = 12
STYLES = {"shown": "bold green", "seen": "bold yellow", "open": "bold"}


def render_analysis(found: Analysis) -> RenderableType:
    """Design, then for each metric its tables and statements; long tables stand in the page and the JSON alone."""
    judges = f", judge {', '.join(found.judges)}" if found.judges else ""
    parts: list[RenderableType] = [plain(f"{found.suite}, base {found.base}{judges}", "bold")]
    parts += [_sheet(sheet) for sheet in list(design_sheets(found))[:1]]
    parts += [plain(note, "dim") for note in found.notes]
    for metric in found.metrics:
        parts += [plain(""), plain(metric_name(metric.metric).title, "bold underline")]
        for section in sections(metric):
            parts += [_sheet(sheet) for sheet in section.sheets if sheet.brief and sheet.rows]
        parts += _statements(metric.statements)
    parts += [_sheet(pairwise_sheet(own)) for own in found.pairwise]
    parts += [_sheet(sheet) for sheet in refusal_sheets(found)]
    return Group(*parts)


def _sheet(sheet: Sheet) -> RenderableType:
    table = new_table(sheet.title)
    for place, head in enumerate(sheet.heads):
        table.add_column(plain(head), justify="left" if place < sheet.texts else "right", overflow="fold")
    for row in sheet.rows:
        table.add_row(*(plain(text) for text in row))
    return Group(plain(""), table, *(plain(line, "dim") for line in (sheet.sentence, *sheet.notes)))


def _statements(statements: Sequence[Statement]) -> Iterator[RenderableType]:
    for level, title in LEVEL_TITLES.items():
        own = [statement for statement in statements if statement.level == level]
        if not own:
            continue
        yield plain("")
        yield plain(title, STYLES[level])
        said: set[str] = set()
        for statement in own[:MOST_STATEMENTS]:
            yield Padding(plain(f"• {statement.text}"), (0, 0, 0, 1))
            if statement.level == "shown":
                # What a kind of statement does not say is the same for all of them.
                limits = "" if statement.limits in said else f". {statement.limits}"
                said.add(statement.limits)
                yield Padding(plain(f"{statement.rule}{limits}", "dim"), (0, 0, 0, 3))
        if len(own) > MOST_STATEMENTS:
            yield plain(f"  and {len(own) - MOST_STATEMENTS} more in the page and the JSON", "dim")
