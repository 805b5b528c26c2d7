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
from lifealign_bench.data.rows import digest
from lifealign_bench.leaderboard.submissions.findings import Finding, warning
from lifealign_bench.leaderboard.submissions.layout import RUNS

PLACE = ["step", "task", "pair_id"]
MEASURED = ["chosen_logp", "rejected_logp"]
DIGITS = 2
"""Decimals of a log-probability (nats) in which two runs of different methods are never the same all over."""

NEARLY = 0.95
"""The share of equal answers from which two runs should be looked at."""


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


def refuse_reference_label(label: str, others: Sequence[StoredRun]) -> None:
    """That STL and MTL runs are not called as a method that is compared with others.

    Raises:
        InputError: some method's label.
    """
    for run in others:
        if run.record.method.spec.schedule == "sequential" and plain(run.record.identity.method) == plain(label):
            raise InputError(run.folder, "label", label, "for STL and MTL a label that no method has")


def have_same_rows(one: Path, two: Path) -> bool:
    """Whether two runs have the same rows, however their files are written.

    The same log-probabilities are enough, and so are the same answers after row 0, but for case and white space.
    """
    pairs, others = (_content(folder, "pairs", MEASURED) for folder in (one, two))
    return (not pairs.empty and pairs.equals(others)) or likeness(one, two) == 1.0


def trained_rows(folder: Path) -> str:
    """The hash of what a run's rows say after row 0: log-probabilities, or where there are none, answers; empty where
    there is neither."""
    for table, columns in (("pairs", MEASURED), ("samples", ["answer"])):
        rows = read_table(folder, table)[[*PLACE, *columns]]  # type: ignore[arg-type]
        rows = rows[rows["step"] > 0].round(DIGITS).sort_values(PLACE, ignore_index=True)
        if len(rows):
            return digest(rows.to_csv(index=False))
    return ""


def likeness(one: Path, two: Path) -> float:
    """The share of answers after row 0 that are the same in two runs, 0-1; 0 where they have other places."""
    answers, others = (_answers(folder) for folder in (one, two))
    if not answers or answers.keys() != others.keys():
        return 0.0
    return sum(others[place] == answer for place, answer in answers.items()) / len(answers)


def findings_on_likeness(source: Path, label: str, others: Sequence[StoredRun]) -> list[Finding]:
    """D5: where a run's answers are nearly those of another one, a warning names it: somebody should look at both.

    No error: a method may hardly change another one, and then its answers are that one's.
    """
    found = []
    for run in others:
        if run.record.method.spec.schedule == "sequential" and (share := likeness(run.folder, source)) >= NEARLY:
            value = f"{100 * share:.1f} % of the answers of {run.folder.name}"
            found.append(warning("D5", f"{RUNS}/{source.name}/samples.parquet", label, value, "answers of its own"))
    return found


def _answers(folder: Path) -> dict[tuple[int, str, str], str]:
    rows = read_table(folder, "samples")
    rows = rows[rows["step"] > 0]
    columns = (rows[name].tolist() for name in (*PLACE, "answer"))
    return {(step, task, pair): plain(answer) for step, task, pair, answer in zip(*columns, strict=True)}


def _content(folder: Path, table: Table, columns: Sequence[str]) -> pd.DataFrame:
    """What a table says of each place, in one order whatever that of its rows is."""
    return read_table(folder, table)[[*PLACE, *columns]].round(DIGITS).sort_values(PLACE, ignore_index=True)
