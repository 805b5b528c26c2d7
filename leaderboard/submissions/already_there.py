"""What a board has already: rows that somebody else's runs have, and labels that belong to another submission."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lifealign_bench.benchmark.columns import Table, read_table
from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.benchmark.schema import RunRecord
from lifealign_bench.data.errors import InputError

PLACE = ["step", "task", "pair_id"]
MEASURED = ["chosen_logp", "rejected_logp"]
DIGITS = 2
"""Decimals of a log-probability (nats) in which two runs of different methods are never the same all over."""


def plain(label: str) -> str:
    """A label as people read it: width, case and space around it make no other one."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold()).split())


def refuse_label(label: str, record: RunRecord, others: Sequence[StoredRun]) -> None:
    """That no run of another submission is called so, in this suite or in one that is ranked with it.

    others: the runs that stand on the board.

    Raises:
        InputError: the label is taken.
    """
    for run in others:
        together = (
            run.record.suite.name == record.suite.name or run.record.comparability_key == record.comparability_key
        )
        if together and plain(run.record.identity.method) == plain(label):
            raise InputError(run.folder, "label", label, "a label that no other submission has")


def have_same_rows(one: Path, two: Path) -> bool:
    """Whether two runs have the same rows, however their files are written.

    The same log-probabilities are enough; where there are none, the same answers are.
    """
    pairs, others = (_content(folder, "pairs", MEASURED) for folder in (one, two))
    if not pairs.equals(others):
        return False
    return not pairs.empty or _content(one, "samples", ["answer"]).equals(_content(two, "samples", ["answer"]))


def _content(folder: Path, table: Table, columns: Sequence[str]) -> pd.DataFrame:
    """What a table says of each place, in one order whatever that of its rows is."""
    return read_table(folder, table)[[*PLACE, *columns]].round(DIGITS).sort_values(PLACE, ignore_index=True)
