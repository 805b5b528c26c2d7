"""The answers to a safety set, of stored runs or of a board's: one frame, whose runs are told apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.places import is_url

FILE = "safety.parquet"
ORACLE = "oracle"
Whose = tuple[str, str, str, int]
"""Where the rows of a run are, and whose: folder, method, order, seed."""


def safety_rows(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """The `safety` rows of these runs with method, order and seed; empty where no run has any."""
    asked = [run for run in runs if FILE in run.record.artefacts]
    return rows_of(
        (str(run.folder), run.record.identity.method, run.record.order.name, run.record.identity.seed) for run in asked
    )


def places_of(runs: Sequence[BoardRun]) -> tuple[Whose, ...]:
    """The runs of a board that have `safety` rows in a folder of this machine."""
    return tuple(
        (run.folder, run.entry.label, run.order, run.seed)
        for run in runs
        if FILE in run.files and not is_url(run.folder)
    )


def rows_of(places: Iterable[Whose]) -> pd.DataFrame:
    """The `safety` rows in these places with method, order and seed; an empty frame of none.

    Raises:
        InputError: a table that cannot be read.
    """
    frames = [
        read_table(Path(folder), "safety").assign(method=method, order=order, seed=seed)
        for folder, method, order, seed in places
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def readers(rows: pd.DataFrame) -> list[str]:
    """Who read these answers, the oracle first."""
    return sorted(set(rows["reader"]), key=lambda name: (name != ORACLE, name))


def attacks_of(rows: pd.DataFrame) -> list[str]:
    """The attacks of these answers, the plain prompt first."""
    return sorted(set(rows["attack"]), key=lambda name: (not str(name).startswith(PLAIN), str(name)))


PLAIN = "none@"
"""How the label of the attack begins that is none."""
