"""A golden bundle small enough to be checked in a third of a second: two orders of one method, and what it needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from beside_tables import write_beside

from lifealign_bench.benchmark.columns import Table, read_table, write_table
from lifealign_bench.benchmark.judge_records import JudgeRecord
from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.benchmark.schema import DataRecord, RunRecord, read_run, write_run
from lifealign_bench.data.rows import digest
from lifealign_bench.judges.templates import load_templates
from lifealign_bench.leaderboard.submissions.format import Declarations
from lifealign_bench.leaderboard.submissions.known import Known, what_is_known
from lifealign_bench.leaderboard.submissions.manifest import sha256_of
from lifealign_bench.leaderboard.submissions.naming_code import code_that_ships
from lifealign_bench.leaderboard.submissions.packing import Said, chosen_runs, seal, submission_of, write_bundle
from small_board import small_board

ONE, TWO, REFERENCE = "er--order1--s0", "er--order2--s0", "mtl--order1--s0"
RUNS = (ONE, TWO, REFERENCE, "stl--order1--s0")
PROMPTS = 4


def board_of_few(results: Path) -> Path:
    """The small board as a board of its own: its few pairs are all evaluation rows that there are."""
    folder = small_board(results, RUNS)
    for run in find_runs(folder):
        pairs = read_table(run.folder, "pairs")
        ids = {task: list(own["pair_id"]) for task, own in pairs[pairs["step"] == 0].groupby("task")}
        data = {
            task: DataRecord(train_sha256=record.train_sha256, evaluation_sha256=digest(ids[task]))
            for task, record in run.record.data.items()
        }
        if run.folder.name == ONE:
            write_beside(run.folder)
        seal_record(run.folder, data=data, generation={**run.record.generation, "prompts": PROMPTS})
    return folder


def known_of(board: Path) -> Known:
    """What this board knows; of its judge also another service of the same, and one that says its verdicts in words."""
    known = what_is_known([board])
    another = known.judges[0].model_copy(update={"model_served": "another"})
    return replace(known, judges=(*known.judges, another, judge_in_words()))


def write_golden(board: Path, folder: Path) -> Path:
    """The unpacked bundle of `er`."""
    own, peers = chosen_runs(find_runs(board), "er")
    code = code_that_ships("er")
    assert code is not None
    said = Said("er-small", code, Declarations(tuning_origin="defaults", licence="CC-BY-4.0", contact="m@example.org"))
    folder.mkdir()
    write_bundle(folder, submission_of(own, peers, said), [*own, *peers])
    return folder


def judge_in_words() -> JudgeRecord:
    """A model that judges by the templates that ship."""
    templates = load_templates("a")
    return JudgeRecord(
        name="words", model_requested="m", model_served="m-1", revision=None, template=templates.name,
        template_version=templates.identity.version, template_sha256=templates.identity.sha256,
        templates=templates.hashes, parameters={"temperature": 0.0},
    )  # fmt: skip


def in_words(board: Path) -> Path:
    """The board as a model judged it: in helpfulness and safety, each verdict in the judge's words."""
    templates, judge = load_templates("a"), judge_in_words()
    labels = {name: templates.for_dimension(name).label for name in ("helpfulness", "safety")}  # type: ignore[arg-type]
    for run in find_runs(board):
        own = read_table(run.folder, "judgments")
        own = own[own["dimension"].isin(labels)].reset_index(drop=True)
        own["judge"], own["template"] = "words", [labels[name] for name in own["dimension"]]
        own["raw"] = [json.dumps({"rationale": "fine", "verdict": int(verdict)}) for verdict in own["verdict"]]
        write_table(run.folder, "judgments", own)
        # What the world's oracle read goes with it.
        (run.folder / "safety.parquet").unlink(missing_ok=True)
        seal_record(run.folder, judges=(judge,))
    rescore([board], write=True)
    return board


def seal_record(run: Path, **changes: Any) -> None:
    """Change fields of a run's record; its hashes and its comparability key follow."""
    record: RunRecord = read_run(run)
    artefacts = {path.name: sha256_of(path) for path in run.glob("*.parquet")}
    changed: RunRecord = record.model_copy(update={"artefacts": artefacts, **changes})
    write_run(run, changed.model_copy(update={"comparability_key": changed.recomputed_comparability_key()}))


def edit_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the values of a JSON file in place."""
    values = json.loads(path.read_text("utf-8"))
    change(values)
    path.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", "utf-8")


def edit_table(run: Path, table: Table, change: Callable[[pd.DataFrame], pd.DataFrame | None]) -> None:
    """Change a table of a run; the record's hash of it follows."""
    frame = read_table(run, table)
    changed = change(frame)
    path = write_table(run, table, frame if changed is None else changed)
    edit_json(run / "run.json", lambda values: values["artefacts"].update({path.name: sha256_of(path)}))


def seal_scores(folder: Path) -> None:
    """Every number of a bundle again, from its rows."""
    rescore([folder / "runs"], write=True)


def seal_counts(folder: Path) -> None:
    """The counts of a bundle again, from its rows, and then its manifest."""
    counts: Mapping[str, int] = {
        name: sum(len(read_table(run, name)) for run in sorted((folder / "runs").iterdir()) if run.is_dir())  # type: ignore[arg-type]
        for name in ("pairs", "samples", "judgments")
    }
    edit_json(folder / "submission.json", lambda values: values["counts"].update(counts))
    seal(folder)
