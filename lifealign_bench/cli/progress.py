"""What a person sees while a graph is computed: a live table on a terminal, a line per node elsewhere."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from lifealign_bench.benchmark.engine import State
    from lifealign_bench.benchmark.graph import Kind, Node


QUIET = 30.0
"""Seconds after which a node that is still at work is named, where there is no terminal: building a base takes long."""


class Watcher:
    """Follows a graph: nodes done, cached and failed, the step and loss of those that run, time left in all."""

    def __init__(
        self,
        console: Console,
        nodes: Iterable[Node],
        seconds: Mapping[str, float],
        workers: int = 1,
        *,
        lines: bool = True,
    ) -> None:
        self.console = console
        self.lines = lines and not console.is_terminal
        self.seconds = dict(seconds)
        self.workers = workers
        self.cached = self.failed = self.computed = 0
        self._ahead: defaultdict[Kind, float] = defaultdict(float)
        for node in nodes:
            self._ahead[node.kind] += self.seconds[node.key]
        self._spent: defaultdict[Kind, float] = defaultdict(float)
        self._expected: defaultdict[Kind, float] = defaultdict(float)
        self._running: dict[str, tuple[TaskID, float]] = {}
        self._elsewhere: dict[str, str] = {}
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._told = time.monotonic()
        self._all = self.progress.add_task("all nodes", total=len(self.seconds), note="")

    @contextmanager
    def watching(self) -> Iterator[Watcher]:
        """Show the table while the context is open, on terminals only."""
        if not self.console.is_terminal:
            yield self
            return
        with self.progress:
            yield self

    def started(self, node: Node) -> None:
        """See `Listener`."""
        self._elsewhere.pop(node.key, None)
        row = self._running[node.key][0] if node.key in self._running else self._row(node, "")
        self.progress.update(row, note="")
        self._running[node.key] = (row, time.monotonic())

    def progressed(self, node: Node, what: str, done: int, total: int, loss: float | None) -> None:
        """See `Listener`."""
        note = what if loss is None else f"{what}, loss {loss:.4f}"
        self.progress.update(self._running[node.key][0], completed=done, total=total, note=note)
        if self.lines and time.monotonic() - self._told >= QUIET:
            self._told = time.monotonic()
            text = f"running: {escape(node.label)}, {done:.0f} of {total:.0f}, {note}"
            self.console.print(text, soft_wrap=True, highlight=False)

    def waiting(self, node: Node, holder: str) -> None:
        """See `Listener`."""
        if self._elsewhere.get(node.key) == holder:
            return
        self._elsewhere[node.key] = holder
        if node.key not in self._running:
            self._running[node.key] = (self._row(node, ""), time.monotonic())
        self.progress.update(self._running[node.key][0], note=f"at {escape(holder)}")
        if self.lines:
            self.console.print(f"elsewhere: {escape(node.label)}, at {escape(holder)}", soft_wrap=True, highlight=False)

    def damaged(self, node: Node, problems: Sequence[str]) -> None:
        """See `Listener`."""
        text = f"damaged: {node.label}: {len(problems)} lines of its manifest do not hold; it is computed again"
        self.console.print(text, markup=False, soft_wrap=True, highlight=False)

    def _row(self, node: Node, note: str) -> TaskID:
        return self.progress.add_task(escape(node.label[:70]), total=1, note=note)

    def ended(self, node: Node, state: State) -> None:
        """See `Listener`."""
        expected = self.seconds[node.key]
        self._ahead[node.kind] -= expected
        elsewhere = self._elsewhere.pop(node.key, None)
        row, began = self._running.pop(node.key, (None, time.monotonic()))
        took = time.monotonic() - began
        if row is not None:
            self.progress.remove_task(row)
        if state == "done":
            self.computed += 1
            self._spent[node.kind] += took
            self._expected[node.kind] += expected
        self.cached += state == "cached"
        self.failed += state in ("failed", "skipped")
        note = f"{self.cached} cached, {self.failed} failed, {clock(self.left)} left"
        self.progress.update(self._all, advance=1, note=note)
        if self.lines and (state != "cached" or elsewhere is not None):
            self._told = time.monotonic()
            time_taken = f" in {took:.1f} s" if state == "done" else ""
            self.console.print(f"{state}: {escape(node.label)}{time_taken}; {note}", soft_wrap=True, highlight=False)

    @property
    def left(self) -> float:
        """Seconds that the nodes still to run will take, as if they could all be spread over the workers.

        The estimate's error on what is done of a kind corrects what is left of it.
        """
        corrected = (seconds * self._error(kind) for kind, seconds in self._ahead.items())
        return max(0.0, sum(corrected)) / self.workers

    def _error(self, kind: Kind) -> float:
        expected = self._expected[kind]
        return self._spent[kind] / expected if expected else 1.0


def clock(seconds: float) -> str:
    """A duration as people say it: `42 s`, `3 min 10 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
