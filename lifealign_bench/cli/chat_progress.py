"""What a person sees while questions are asked: a live line on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lifealign_bench.cli.progress import clock

if TYPE_CHECKING:
    from lifealign_bench.judges.client import Progress as Moment

EVERY_S = 30.0


def describe(moment: Moment) -> str:
    """One line about a moment: `12 in flight of 64, 40 cached, 3 waiting, 2 failed (2 HTTP 503), cost 0.0312`."""
    parts = [f"{moment.in_flight} in flight of {moment.limit}", f"{moment.cached} cached"]
    if moment.waiting:
        parts.append(f"{moment.waiting} waiting")
    if moment.failed:
        classes = ", ".join(f"{count} {name}" for name, count in sorted(moment.failed.items()))
        parts.append(f"{sum(moment.failed.values())} failed ({classes})")
    if moment.wasted:
        parts.append(f"{moment.wasted} times 429")
    parts.append("cost unknown" if moment.cost is None else f"cost {moment.cost:.4f}")
    return ", ".join(parts)


def time_left(moment: Moment, seconds: float) -> str | None:
    """How long the rest takes at the speed so far, cached answers not counted; None where nothing can be said."""
    asked = moment.done - moment.cached
    if moment.total is None or asked < 1:
        return None
    return clock((moment.total - moment.done) * seconds / asked)


@contextmanager
def watching(console: Console, label: str, *, lines: bool = True) -> Iterator[Callable[[Moment], None]]:
    """A callback for `ChatClient.complete`; on a terminal a live line, elsewhere a line twice a minute where wanted."""
    began = time.monotonic()
    if not console.is_terminal:
        yield _Lines(console, label, began) if lines else lambda moment: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[count]}"))
    with Progress(*columns, TextColumn("{task.fields[note]}"), TimeElapsedColumn(), console=console) as live:
        row = live.add_task(label, total=None, count="", note="")

        def show(moment: Moment) -> None:
            left = time_left(moment, time.monotonic() - began)
            note = describe(moment) + (f", {left} left" if left else "")
            live.update(row, completed=moment.done, total=moment.total, count=count_of(moment), note=note)

        yield show


class _Lines:
    """Prints a line at most every `EVERY_S` seconds, and one at the end."""

    def __init__(self, console: Console, label: str, began: float) -> None:
        self._console, self._label, self._began = console, label, began
        self._last = began

    def __call__(self, moment: Moment) -> None:
        now = time.monotonic()
        ended = moment.total is not None and moment.done == moment.total
        if not ended and now - self._last < EVERY_S:
            return
        self._last = now
        left = time_left(moment, now - self._began)
        text = f"{self._label}: {count_of(moment)}, {describe(moment)}" + (
            f", {left} left" if left and not ended else ""
        )
        self._console.print(text, soft_wrap=True, highlight=False, markup=False)


def count_of(moment: Moment) -> str:
    """`40/100`, or `40` where the end is not known."""
    return f"{moment.done}" if moment.total is None else f"{moment.done}/{moment.total}"
