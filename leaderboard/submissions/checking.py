"""The checker: every rule in its order, all findings; a bundle is data, and nothing of it is ever run.

A rule is passed over where what it stands on is already broken: then its findings would only repeat that. Groups come
in the order A, M, S, P, C, R, J, T, D; a run that fails in a group is looked at by the later ones that `NEEDS` leaves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.submissions import rules_base as t
from lifealign_bench.leaderboard.submissions import rules_beside as beside
from lifealign_bench.leaderboard.submissions import rules_coverage as c
from lifealign_bench.leaderboard.submissions import rules_declarations as d
from lifealign_bench.leaderboard.submissions import rules_judgments as j
from lifealign_bench.leaderboard.submissions import rules_numbers as r
from lifealign_bench.leaderboard.submissions import rules_protocol as p
from lifealign_bench.leaderboard.submissions import rules_schema as s
from lifealign_bench.leaderboard.submissions.already_there import trained_rows
from lifealign_bench.leaderboard.submissions.archives import opened
from lifealign_bench.leaderboard.submissions.bundle import Bundle, RunRows, peers_of
from lifealign_bench.leaderboard.submissions.findings import Finding, Verdict, error, of_input
from lifealign_bench.leaderboard.submissions.known import Known
from lifealign_bench.leaderboard.submissions.layout import DEFAULT, RUNS, SUBMISSION, TEXTS, Limits, run_of
from lifealign_bench.leaderboard.submissions.manifest import manifest_rules
from lifealign_bench.leaderboard.submissions.reading import read_bundle
from lifealign_bench.leaderboard.submissions.rules_adapters import s11_adapters
from lifealign_bench.leaderboard.submissions.rules_costs import r7_costs
from lifealign_bench.leaderboard.submissions.rules_pairs import s12_possible, t4_pairs
from lifealign_bench.leaderboard.submissions.rules_questions import c5_questions
from lifealign_bench.leaderboard.submissions.rules_safety import r8_refusals, s13_safety
from lifealign_bench.leaderboard.submissions.rules_verdicts import r1_verdicts
from lifealign_bench.leaderboard.submissions.texts import s9_rubrics

MOST = 100
"""Findings of one rule in one file that are told one by one."""
HOSTILE = (ArithmeticError, LookupError, TypeError, ValueError, RecursionError, MemoryError)
"""What numbers and texts can make the code raise that computes with them; every one of it is a finding."""
RunRule = Callable[[RunRows], Iterable[Finding]]
RECORD_RULES = (p.p1_version, p.p2_base, p.p3_data, p.p4_judges, p.p5_order, p.p7_settings, p.p9_seeds)
ROW_RULES: tuple[tuple[str, RunRule], ...] = (
    ("S8", s.s8_artefacts),
    ("S10", beside.s10_capability),
    ("S12", s12_possible),
    ("S13", s13_safety),
    ("C1", c.c1_cells),
    ("C2", c.c2_prompts),
    ("C3", c.c3_verdicts),
    ("J4", j.j4_prompts),
    ("J1", j.j1_samples),
    ("J2", j.j2_judges),
    ("J5", j.j5_verdicts),
    ("C5", c5_questions),
    ("C6", beside.c6_divergence),
    ("R1", r1_verdicts),
    ("R2", r.r2_coverage),
    ("R3", r.r3_cells),
    ("R5", r.r5_comparability),
    ("R6", r.r6_texts),
    ("R7", r7_costs),
    ("R8", r8_refusals),
    ("T1", t.t1_row_zero),
    ("T2", t.t2_reference),
    ("T3", beside.t3_capability),
    ("T4", t4_pairs),
)
"""In the order in which they are computed: what others stand on comes first."""
NEEDS: Mapping[str, str] = {
    "M": "A", "S": "AM", "P": "AMS", "C": "AMSP", "R": "AMSPC", "J": "AMSPC", "T": "AMSPC", "D": "AM",
}  # fmt: skip
STANDS_ON: Mapping[str, tuple[str, ...]] = {
    "R1": ("J1", "J2", "J4", "J5"),
    "R2": ("J5", "R1"),
    "R3": ("J4", "J5", "R1", "R6"),
    "R4": ("J4", "J5", "R1", "R3", "R6"),
    "R6": ("J4",),
    "T1": ("J4", "R1", "R3", "R6"),
    "C2": ("C1",),
    "C3": ("C1", "C2"),
    "C5": ("C1", "C2", "C3", "J1", "J2", "J4", "J5"),
    "C6": ("C1", "C2", "J4"),
    "J3": ("P4",),
    "S10": ("P5",),
    "S13": ("P5",),
    "D2": ("D3",),
    "D3": ("P3",),
}
"""Rules that a rule would only repeat, beside the earlier groups."""


def check(place: Path, known: Known, limits: Limits = DEFAULT) -> Verdict:
    """Everything that is wrong with a bundle, an archive or a folder.

    Raises:
        InputError: there is no such file or folder, or it cannot be read.
    """
    # Numbers of a bundle may be as large as they like: what they come to is a finding, not a warning.
    with np.errstate(all="ignore"), opened(place, limits) as bundle:
        if bundle.folder is None:
            return Verdict(bundle.findings)
        return check_folder(bundle.folder, known, limits)


def check_folder(folder: Path, known: Known, limits: Limits = DEFAULT) -> Verdict:
    """As `check`, of a folder that nobody changes meanwhile."""
    said = Said()
    said.add(manifest_rules(folder))
    if said.whole("AM"):
        return Verdict(said.findings)
    read = read_bundle(folder, limits)
    said.add(read.findings)
    if read.submission is None:
        return Verdict(said.findings)
    runs_there = folder / RUNS
    folders = [path.name for path in runs_there.iterdir() if path.is_dir()] if runs_there.is_dir() else []
    said.add(s.s4_entries(frozenset(folders), read.submission))
    said.add(s11_adapters(folder, {entry.folder for entry in read.submission.runs}, limits))
    said.add(told("S9", TEXTS, s9_rubrics(TEXTS, read.texts, known.texts)))
    texts = known.texts.joined(read.texts)
    bundle = Bundle(folder, read.submission, read.runs, known, texts, limits)
    rows = _check_runs(bundle, said) if read.runs else 0
    said.findings = tuple(sorted(said.findings, key=_place))
    return Verdict(said.findings, rows)


class Said:
    """Findings so far, and which rules they leave to speak."""

    def __init__(self) -> None:
        self.findings: tuple[Finding, ...] = ()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, found: Iterable[Finding]) -> None:
        """Keep these; of very many of one rule in one file the first, and how many more there are."""
        kept, more = [], {}
        for finding in found:
            key = (finding.rule, finding.file)
            self._counts[key] += 1
            if self._counts[key] <= MOST:
                kept.append(finding)
            else:
                left = f"{self._counts[key] - MOST} more like these"
                more[key] = replace(finding, field="and", value=left, expected="none of them")
        self.findings += (*kept, *more.values())

    def whole(self, groups: str) -> bool:
        """Whether the bundle as a whole has an error of these groups."""
        return any(f.level == "error" and f.rule[0] in groups for f in self.findings)

    def silences(self, rule: str, run: str | None) -> bool:
        """Whether a rule would only repeat an error: of this run, or of the whole bundle; run None: of any run."""
        groups, rules = NEEDS.get(rule[0], ""), STANDS_ON.get(rule, ())
        return any(
            f.level == "error" and (f.rule[0] in groups or f.rule in rules) and run in (None, run_of(f.file))
            for f in self.findings
        )


def _check_runs(bundle: Bundle, said: Said) -> int:
    """Every rule on records and rows; how many rows there are."""
    _whole(said, "S5", s.s5_identities(bundle))
    _whole(said, "S6", s.s6_one_method(bundle))
    for run in bundle.runs:
        for rule in RECORD_RULES:
            if not said.silences("P1", run.entry.folder):
                said.add(told("P7", run.file("run.json"), rule(run, bundle)))
    _whole(said, "P6", p.p6_once(bundle))
    _whole(said, "P8", p.p8_suite(bundle))
    _whole(said, "J3", j.j3_one_model(bundle))
    counted = dict.fromkeys(s.COUNTED, 0)
    cells: dict[str, pd.DataFrame] = {}
    kept: dict[str, RunRows] = {}
    trained: dict[str, str] = {}
    # References first: the method's own numbers are read against them.
    for run in sorted(bundle.runs, key=lambda run: run.is_method):
        rows = RunRows(run, bundle)
        for name in s.COUNTED:
            counted[name] += len(rows.table(name))  # type: ignore[arg-type]
        if sum(counted.values()) > bundle.limits.all_rows:
            said.add([error("S3", "", "rows", f"over {bundle.limits.all_rows:,}", "no more rows in all")])
            break
        _check_rows(rows, said)
        if not said.silences("P6", run.entry.folder):
            trained[run.entry.folder] = trained_rows(run.folder)
        if not said.silences("R4", run.entry.folder):
            cells[run.entry.folder] = rows.scores.cells
            kept[run.entry.folder] = replace(rows, _tables={"samples": rows.samples[["pair_id"]]})
            kept[run.entry.folder].__dict__["scores"] = rows.scores
    # What a broken reference makes of the runs that are read against it would only repeat that.
    broken = {run.record.identity.seed for run in bundle.runs if not run.is_method and run.entry.folder not in kept}
    for run in bundle.runs:
        if run.entry.folder in kept and run.record.identity.seed not in broken:
            found = r.r4_metrics(kept[run.entry.folder], peers_of(run, cells, bundle.runs))
            said.add(told("R4", run.file("run.json"), found))
    if len(bundle.runs) == len({entry.folder for entry in bundle.submission.runs}):
        _whole(said, "S7", s.s7_counts(bundle, counted))
    _whole(said, "P6", p.p6_rows(bundle, trained))
    _whole(said, "C4", c.c4_blocks(bundle))
    _whole(said, "D3", d.d3_contamination(bundle))
    _whole(said, "D1", d.d1_tuning(bundle))
    _whole(said, "D2", d.d2_closed_data(bundle))
    _whole(said, "D4", d.d4_label(bundle))
    return sum(counted.values())


def _whole(said: Said, rule: str, found: Iterator[Finding]) -> None:
    if not said.silences(rule, None) or rule[0] == "S":
        said.add(told(rule, SUBMISSION, found))


def told(rule: str, file: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """The findings of a rule, and one more where numbers that nobody would write break it off."""
    try:
        yield from found
    except InputError as fault:
        yield of_input(rule, file, fault)
    except HOSTILE as fault:
        yield error(rule, file, "content", f"{type(fault).__name__}: {fault}", "content that can be computed with")


def _check_rows(rows: RunRows, said: Said) -> None:
    for name, rule in ROW_RULES:
        if not said.silences(name, rows.run.entry.folder):
            said.add(told(name, rows.run.file("run.json"), rule(rows)))


def _place(finding: Finding) -> tuple[int, str, str, str]:
    return "AMSPCRJTD".index(finding.rule[0]), finding.rule, finding.file, finding.field
