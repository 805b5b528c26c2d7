"""Submitting: what it takes, a bundle that is checked here, and the log of what was decided before."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.leaderboard.analysis.wording import counted
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import escaped, show_table
from lifealign_bench.leaderboard.places import is_url
from lifealign_bench.leaderboard.shown import Column, text_table
from lifealign_bench.leaderboard.submissions.apart import check_apart
from lifealign_bench.leaderboard.submissions.decisions import read_decisions
from lifealign_bench.leaderboard.submissions.findings import Verdict
from lifealign_bench.leaderboard.trust import DIVISIONS, TRUST
from lifealign_bench.leaderboard.visible import visible

GROUPS = {
    "A": "archive", "M": "manifest", "S": "schema", "P": "protocol", "C": "coverage", "R": "recomputed numbers",
    "J": "judgments", "T": "row 0", "D": "declarations",
}  # fmt: skip
STEPS = """lifealign method new my_method
lifealign run mini-all --methods my_method.py:MyMethod
lifealign submission pack workspace/results/mini-all --method MyMethod --code ... --out my_method.zip
lifealign submission check my_method.zip"""
COLUMNS = ("rule", "about", "level", "file", "field", "value", "expected")


def draw(view: View) -> None:
    """The page."""
    st.title("Submit")
    st.markdown("From a method to a row on this board; `docs/submit.md` explains each step.")
    st.code(STEPS, language=None)
    st.subheader("Check a bundle", anchor=False)
    st.caption("The same checks as on your own machine. The bundle is read as data, nothing in it is run or kept.")
    uploaded = st.file_uploader("Bundle", type="zip", key="bundle")
    if uploaded is not None:
        _checked(uploaded.file_id, uploaded.getvalue(), view)
    st.subheader("What trust and divisions mean", anchor=False)
    # Sentences: a table would cut them on a narrow screen.
    for kind, meanings in (("Trust", TRUST), ("Division", DIVISIONS)):
        st.markdown("\n".join(f"- {kind}, **{name}**: {escaped(meaning)}" for name, meaning in meanings.items()))
    _decisions(view)


def _checked(file_id: str, content: bytes, view: View) -> None:
    known: dict[str, Verdict] = st.session_state.setdefault("checked-bundles", {})
    if file_id not in known:
        with st.spinner("Checking …", show_time=True), tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "bundle.zip"
            place.write_bytes(content)
            try:
                known[file_id] = check_apart(place, _local_places(view))
            except LifeAlignError as fault:
                st.text(visible(str(fault)))
                return
    verdict = known[file_id]
    errors = [finding for finding in verdict.findings if finding.level == "error"]
    if verdict.is_clean:
        st.success(
            f"Clean: {escaped(format(verdict.rows, ','))} rows, {escaped(counted(len(verdict.findings), 'warning'))}.",
            icon=":material/check:",
        )
    else:
        st.error(f"{escaped(counted(len(errors), 'error'))}: this bundle would be refused.", icon=":material/close:")
    if verdict.findings:
        rows = [{**finding.as_json(), "about": GROUPS[finding.rule[0]]} for finding in verdict.findings]
        columns = tuple(Column(name, name.capitalize()) for name in COLUMNS)
        show_table(text_table("findings", rows, columns), "findings")


def _local_places(view: View) -> Sequence[Path]:
    """Where the board's own runs lie on this machine."""
    return sorted({Path(run.folder).parent for run in view.board.runs if not is_url(run.folder)})


def _decisions(view: View) -> None:
    st.subheader("Decisions", anchor=False)
    st.caption("What was added, changed and removed, when and why. Lines are only ever added.")
    rows = []
    for place in sorted({folder.parent for folder in _local_places(view)}):
        try:
            rows += [{**one.model_dump(), "runs": len(one.runs)} for one in read_decisions(place)]
        except InputError as fault:
            st.text(visible(str(fault)))
    if not rows:
        st.text("Nothing yet: no decisions.jsonl beside these results.")
        return
    names = ("when", "what", "submission", "runs", "trust", "division", "why")
    columns = tuple(Column(name, name.capitalize(), 0 if name == "runs" else None) for name in names)
    show_table(text_table("decisions", rows, columns), "decisions")
