"""Tables of cards on a terminal, and how their numbers are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from lifealign_bench.judges.estimates import Estimate

NONE = "-"


def table(console: Console, title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of texts under their names, numbers to the right."""
    drawn = Table(title=Text(title), title_justify="left", box=None, pad_edge=False)
    for place, name in enumerate(names):
        drawn.add_column(name, justify="right" if place else "left", no_wrap=place > 0)
    for row in rows:
        # A number stays beside its interval; it is the names that may go on in a second line.
        drawn.add_row(Text(row[0]), *(Text(cell.replace(" ", "\u00a0")) for cell in row[1:]))
    console.print(drawn)


def number(found: float | None) -> str:
    """Two decimals."""
    return NONE if found is None else f"{found:.2f}"


def percent(found: float | None) -> str:
    """A share as people say it."""
    return NONE if found is None else f"{100 * found:.0f} %"


def value(found: Estimate) -> str:
    """A number with its interval."""
    if found.value is None or found.low is None or found.high is None:
        return number(found.value)
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def share(found: Estimate) -> str:
    """A share with its interval, in per cent."""
    if found.value is None or found.low is None or found.high is None:
        return percent(found.value)
    return f"{100 * found.value:.0f} [{100 * found.low:.0f}, {100 * found.high:.0f}] %"
