"""What a person sees while an endpoint judges: one line that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from lifealign_bench.judges.cards.instruments import Instrument
    from lifealign_bench.judges.client.progress import Progress
    from lifealign_bench.judges.interface import Judge

EVERY_S = 10.0


class JudgeWatch:
    """Called with the client's progress of one pass after the other."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        self._shown = time.monotonic()
        self._judge = ""

    def begin(self, judge: Judge | Instrument) -> None:
        """The next judge begins."""
        self._judge = judge.identity.name

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, now: Progress) -> None:
        """Show this moment, if it is time to."""
        if self._live is not None:
            self._live.update(Text(line_of(self._judge, now)))
        elif time.monotonic() - self._shown >= EVERY_S:
            self._shown = time.monotonic()
            self._console.print(line_of(self._judge, now), markup=False, soft_wrap=True, highlight=False)


def line_of(judge: str, now: Progress) -> str:
    """Done of all, cached, in flight and the limit, waiting, failed by class, cost."""
    total = "" if now.total is None else f" of {now.total:,}"
    failed = ", ".join(f"{count} {name}" for name, count in sorted(now.failed.items()))
    parts = [
        f"{now.done:,}{total} judged, {now.cached:,} cached",
        f"{now.in_flight} in flight of at most {now.limit}",
        f"{now.waiting} waiting",
        f"failed: {failed or 'none'}",
        f"cost {cost_of(now.cost)}",
    ]
    return f"{judge}: {'; '.join(parts)}"


def cost_of(cost: float | None) -> str:
    """A cost as people say it."""
    return "unknown (no price)" if cost is None else f"{cost:,.4f}"
