"""What a board knows of its protocol: suites, data, bases, judges, prompts, and row 0 of every base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.compact.opening import below
from lifealign_bench.benchmark.judge_records import JudgeRecord
from lifealign_bench.benchmark.judge_scoring import NEEDS
from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.benchmark.schema import RUN_FILE, DataRecord, ModelRecord, RunRecord, read_run
from lifealign_bench.benchmark.scoring import score_cells
from lifealign_bench.benchmark.texts import FILE as TEXTS
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest
from lifealign_bench.leaderboard.submissions.texts import Texts, read_texts, texts_of

PROTOCOLS = (1,)
"""Protocol versions that this checker reads."""
PAIR = ["item", "chosen_tokens", "rejected_tokens"]
"""What every row of a pair says alike, for one tokenizer."""
PROMPT = ["item", "prompt_hash", "harm", "category"]
CAPABILITY_KEY = ["asked", "task", "metric", "filter"]
"""What one number of lm-eval is."""
NORMAL = 1.959963984540054
"""The 97.5 % point of the normal distribution."""
Cell = tuple[int, int]
"""A step, and a task's place in the order."""


@dataclass(frozen=True)
class KnownSuite:
    """A suite on the board: its tasks, and by schedule which cells its runs have; its fixed settings.

    orders: names with their tasks.
    """

    tasks: frozenset[str]
    cells: Mapping[str, frozenset[Cell]]
    settings: Mapping[str, object]
    orders: frozenset[tuple[str, tuple[str, ...]]]
    blocks: frozenset[tuple[tuple[str, ...], int]]


@dataclass(frozen=True, slots=True)
class Reference:
    """A number of row 0 on the board: value, clustered standard error, rows behind it."""

    value: float
    standard_error: float
    n: int


@dataclass(frozen=True)
class Known:
    """What the runs of a board say. data, evaluation: by task. row_zero: by base and task, then by metric and judges.
    pairs: by base and task, then by pair id.

    capability: what a base can do by the base, then by `CAPABILITY_KEY`.
    """

    suites: Mapping[str, KnownSuite] = field(default_factory=dict)
    data: Mapping[str, frozenset[DataRecord]] = field(default_factory=dict)
    bases: frozenset[str] = frozenset()
    judges: tuple[JudgeRecord, ...] = ()
    prompts: Mapping[tuple[str, str], pd.DataFrame] = field(default_factory=dict)
    row_zero: Mapping[tuple[str, str], Mapping[str, Reference]] = field(default_factory=dict)
    pairs: Mapping[tuple[str, str], pd.DataFrame] = field(default_factory=dict)
    texts: Texts = field(default_factory=Texts)
    capability: Mapping[str, Mapping[tuple[str, ...], Reference]] = field(default_factory=dict)

    @property
    def evaluated(self) -> frozenset[str]:
        """The hashes of all evaluation rows."""
        return frozenset(record.evaluation_sha256 for records in self.data.values() for record in records)


def what_is_known(places: Sequence[Path]) -> Known:
    """What the runs below these folders say; runs and tables that cannot be read say nothing.

    The first that says something is believed: put what is trusted most first.
    """
    runs = [run for place in places for run in _readable(place)]
    texts = Texts()
    for folder in dict.fromkeys(run.folder.parent for run in runs):
        if (folder / TEXTS).is_file():
            texts = texts.joined(texts_of(read_texts(folder / TEXTS)))
    data: dict[str, set[DataRecord]] = {}
    for run in runs:
        for task, record in run.record.data.items():
            data.setdefault(task, set()).add(record)
    prompts, row_zero, pairs = _first_rows(runs, texts)
    return Known(
        suites={name: _suite([run for run in runs if run.record.suite.name == name]) for name in _names(runs)},
        data={task: frozenset(records) for task, records in data.items()},
        bases=frozenset(base_of(run.record.model) for run in runs),
        judges=tuple(_distinct(judge for run in runs for judge in run.record.judges)),
        prompts=prompts,
        row_zero=row_zero,
        pairs=pairs,
        texts=texts,
        capability=_capabilities(runs),
    )


def _readable(place: Path) -> Iterator[StoredRun]:
    for path in [path for folder in below(place) for path in sorted(folder.rglob(RUN_FILE))]:
        if not path.parent.name.startswith("."):
            with suppress(InputError):
                yield StoredRun(path.parent, read_run(path.parent))


def identity_of(record: RunRecord) -> tuple[str, str, str, int]:
    """What no two runs of a board share: suite, what the method is called, order, seed."""
    return record.suite.name, record.identity.method, record.order.name, record.identity.seed


def base_of(model: ModelRecord) -> str:
    """What a base is: its weights, configuration, tokenizer and chat template, wherever it lies."""
    return digest([model.weights_sha256, model.config_sha256, model.tokenizer_sha256, model.chat_template_sha256])


def settings_of(record: RunRecord) -> dict[str, object]:
    """The settings that the closed division fixes, by the field's name."""
    return {
        "budget": record.budget,
        "generation": record.generation,
        "reference_policy": record.reference_policy,
        "model.dtype": record.model.dtype,
        "primary_metric": record.primary_metric,
    }


def judged_by(record: RunRecord) -> str:
    """What tells the judges of one run from those of another."""
    return digest(sorted((judge.model_dump(mode="json") for judge in record.judges), key=digest))


def key_of(metric: str, record: RunRecord, judged: bool) -> str:
    """The name of a number of row 0: of a judged one the judges belong to it, of a generated one how it was."""
    return f"{metric} {digest(record.generation)[:16]} {judged_by(record) if judged else ''}"


def cells_of(rows: pd.DataFrame, tasks: Sequence[str]) -> frozenset[Cell]:
    """The cells that rows have; a task that is not of the order has place 0."""
    places = {task: place for place, task in enumerate(tasks, 1)}
    pairs = rows[["step", "task"]].drop_duplicates()
    return frozenset(
        (int(step), places.get(str(task), 0)) for step, task in zip(pairs["step"], pairs["task"], strict=True)
    )


def _names(runs: Iterable[StoredRun]) -> list[str]:
    return sorted({run.record.suite.name for run in runs})


def _distinct(judges: Iterable[JudgeRecord]) -> list[JudgeRecord]:
    return list({digest(judge.model_dump(mode="json")): judge for judge in judges}.values())


def _suite(runs: Sequence[StoredRun]) -> KnownSuite:
    cells: dict[str, frozenset[Cell]] = {}
    for run in runs:
        schedule = run.record.method.spec.schedule
        if schedule not in cells and (run.folder / "cells.parquet").is_file():
            cells[schedule] = cells_of(read_table(run.folder, "cells"), run.record.order.tasks)
    contestants = [run.record for run in runs if run.record.method.spec.schedule == "sequential"]
    # What anybody ran in the open division asks nothing of the others.
    contestants = [record for record in contestants if record.division == "closed"] or contestants
    return KnownSuite(
        tasks=frozenset(runs[0].record.order.tasks),
        cells=cells,
        settings=settings_of(runs[0].record),
        orders=frozenset((run.record.order.name, run.record.order.tasks) for run in runs),
        blocks=frozenset((record.order.tasks, record.identity.seed) for record in contestants),
    )


def _first_rows(
    runs: Sequence[StoredRun], texts: Texts
) -> tuple[
    dict[tuple[str, str], pd.DataFrame],
    dict[tuple[str, str], dict[str, Reference]],
    dict[tuple[str, str], pd.DataFrame],
]:
    """Prompts by task and hash of the evaluation rows, and by base and task row 0 and what is said of its pairs: of the
    first run that has them."""
    prompts: dict[tuple[str, str], pd.DataFrame] = {}
    row_zero: dict[tuple[str, str], dict[str, Reference]] = {}
    of_pairs: dict[tuple[str, str], pd.DataFrame] = {}
    seen: set[str] = set()
    for run in runs:
        record = run.record
        about = [base_of(record.model), record.comparability_key, sorted(record.order.tasks)]
        if digest(about) in seen:
            continue
        seen.add(digest(about))
        try:
            pairs, samples, judgments = (_of_base(run.folder, name) for name in ("pairs", "samples", "judgments"))
        except InputError:
            continue
        for task, own in samples.groupby("task", sort=False):
            key = (str(task), record.data[str(task)].evaluation_sha256)
            more = own.drop_duplicates("pair_id").set_index("pair_id")[PROMPT]
            before = prompts.get(key)
            prompts[key] = more if before is None else pd.concat([before, more[~more.index.isin(before.index)]])
        for task, own in pairs.groupby("task", sort=False):
            place = (base_of(record.model), place_of_task(record, str(task)))
            of_pairs.setdefault(place, own.drop_duplicates("pair_id").set_index("pair_id")[PAIR])
        found = score_cells(pairs, samples, judgments, texts.references, {})
        for name, reference in reference_cells(found, record).items():
            task, metric = name
            row_zero.setdefault((base_of(record.model), place_of_task(record, task)), {}).setdefault(metric, reference)
    return prompts, row_zero, of_pairs


def _capabilities(runs: Sequence[StoredRun]) -> dict[str, dict[tuple[str, ...], Reference]]:
    found: dict[str, dict[tuple[str, ...], Reference]] = {}
    for run in runs:
        own = found.setdefault(base_of(run.record.model), {})
        if (run.folder / "capability.parquet").is_file():
            with suppress(InputError):
                for key, number in capability_of(read_table(run.folder, "capability")).items():
                    own.setdefault(key, number)
    return found


def capability_of(table: pd.DataFrame) -> dict[tuple[str, ...], Reference]:
    """The numbers of row 0 that have an error, by `CAPABILITY_KEY`; of several the first."""
    rows = table[(table["step"] == 0) & table["standard_error"].notna()].drop_duplicates(CAPABILITY_KEY)
    return {
        tuple(str(row[name]) for name in CAPABILITY_KEY): Reference(row["value"], row["standard_error"], row["n"])
        for row in rows.to_dict("records")
    }


def _of_base(folder: Path, name: str) -> pd.DataFrame:
    rows = read_table(folder, name)  # type: ignore[arg-type]
    return rows[rows["step"] == 0]


def place_of_task(record: RunRecord, task: str) -> str:
    """A task with the evaluation rows that a run has of it."""
    return f"{task} {record.data[task].evaluation_sha256}"


def reference_cells(cells: pd.DataFrame, record: RunRecord) -> dict[tuple[str, str], Reference]:
    """The numbers of row 0 that have a standard error, by task and name (see `key_of`)."""
    found = {}
    for row in cells[cells["step"] == 0].to_dict("records"):
        if not pd.isna(row["value"]) and not pd.isna(row["standard_error"]):
            name = key_of(str(row["metric"]), record, str(row["metric"]) in NEEDS)
            error = float(row["standard_error"])
            found[str(row["task"]), name] = Reference(float(row["value"]), error, int(row["n"]))
    return found
