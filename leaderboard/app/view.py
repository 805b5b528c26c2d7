"""What a page is given: the board, the runs that the filters leave, the metric, the colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lifealign_bench.leaderboard.app.later import Later
from lifealign_bench.leaderboard.board import Board
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.palette import Ink
from lifealign_bench.leaderboard.queries import Rows


@dataclass(frozen=True)
class View:
    """One reader's view of a board.

    runs: of one scope, after the filters. metric: the name of the one that is read. filters: those that differ from
    the default, as query parameters. go: the link to a page with query parameters of its own, by the page's name.
    later: intervals and tests, or for a first moment a note that they are being computed. copies: the reader's own runs
    of what ships, which are among `runs` on pages that show single runs only.
    """

    board: Board
    rows: Rows
    runs: tuple[BoardRun, ...]
    metric: str
    ink: Ink
    filters: Mapping[str, str]
    go: Callable[[str, str, Mapping[str, str | None]], None]
    later: Later
    copies: tuple[BoardRun, ...] = ()

    @property
    def contestants(self) -> tuple[BoardRun, ...]:
        """The runs that compete."""
        return tuple(run for run in self.runs if not run.entry.is_reference)

    @property
    def references(self) -> tuple[BoardRun, ...]:
        """The runs that are read against: each task alone, all at once."""
        return tuple(run for run in self.runs if run.entry.is_reference)
