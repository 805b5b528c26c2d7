"""What tuning leaves: a suite file with the selected settings, and a record of every trial beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import JsonValue

from lifealign_bench.benchmark.durable import explained, write_whole
from lifealign_bench.benchmark.strict_json import write_json
from lifealign_bench.benchmark.strict_record import Record
from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.data.errors import InputError

ROWS = {
    "tuning items": "items of the miniature world that no suite meets: one half learned, one evaluated",
    "training rows": "the suite's training rows: one half learned, one evaluated; evaluation rows were never opened",
}


class TunedTask(Record):
    """What a task's trials learned and were evaluated on: kind of rows, number of pairs, hashes of their ids."""

    rows: Literal["tuning items", "training rows"]
    train: int
    evaluation: int
    train_sha256: str
    evaluation_sha256: str


class TrialRecord(Record):
    """One trial: the settings that were tried, and the score or the reason why there is none."""

    config: dict[str, JsonValue]
    score: float | None
    reason: str | None


class TunedMethod(Record):
    """The search of one method: where it searched, every trial (the first is of the defaults), what was selected."""

    space: dict[str, str]
    trials: tuple[TrialRecord, ...]
    selected: dict[str, JsonValue]
    score: float

    @property
    def default_score(self) -> float | None:
        """The score of the defaults."""
        return self.trials[0].score


class TuningRecord(Record):
    """Everything about how the settings of a tuned suite were found; scores are means over `orders` of Last.

    trials: asked for each method; one without a search space takes one, of its defaults. seed: the sampler's;
    run_seed and data_seed: of the tuning stream.
    """

    command: str
    package_version: str
    optuna_version: str
    suite: str
    metric: str
    orders: dict[str, tuple[str, ...]]
    trials: int
    seed: int
    run_seed: int
    data_seed: int
    tasks: dict[str, TunedTask]
    methods: dict[str, TunedMethod]


def record_path(out: Path) -> Path:
    """Where the record of a tuned suite stands: `mini-tuned.yaml` has `mini-tuned.tuning.json` beside it."""
    return out.with_suffix(".tuning.json")


def check_out(out: Path, *, overwrite: bool) -> None:
    """See that a tuned suite can be written there, before anything is computed.

    Raises:
        InputError: no YAML file's name, a folder that is not there, or a file that is.
    """
    if out.suffix not in {".yaml", ".yml"}:
        raise InputError("--out", "file name", repr(out.name), "one that ends in .yaml")
    if not out.absolute().parent.is_dir():
        raise InputError("--out", "folder", f"no folder {out.parent}", "a folder that is there")
    for path in (out, record_path(out)):
        if path.is_dir() or (path.exists() and not overwrite):
            raise InputError("--out", "file", f"{path}, which is already there", "a new file, or --overwrite")


def write_tuned_suite(out: Path, suite: Suite, record: TuningRecord) -> Suite:
    """Write the suite with the selected settings and the record beside it; returns the tuned suite.

    Raises:
        StoreError: the disk is full or cannot be written.
    """
    tuned = tuned_suite(suite, record)
    comments = "".join(f"# {line}".rstrip() + "\n" for line in _comments(record_path(out).name, record))
    values = yaml.safe_dump(_values(tuned, out), sort_keys=False, allow_unicode=True, width=110)
    with explained(out.absolute().parent):
        write_json(record_path(out), record.model_dump(mode="json"))
        write_whole(out, comments + values)
    return tuned


def tuned_suite(suite: Suite, record: TuningRecord) -> Suite:
    """The suite, named `<name>-tuned`, with the selected settings of its methods."""
    methods = [
        {**entry.model_dump(mode="json"), "config": {**entry.config, **record.methods[entry.title].selected}}
        for entry in suite.methods
    ]
    name = suite.name if suite.name.endswith("-tuned") else f"{suite.name}-tuned"
    return suite.with_overrides({"name": name, "methods": methods, "tuning_origin": "disjoint"})


def _comments(record_name: str, record: TuningRecord) -> Iterator[str]:
    yield f"Suite {record.suite} with hyper-parameters tuned on a disjoint stream. Every trial: {record_name}"
    yield f"command: {' '.join(record.command.split())}"
    yield f"lifealign-bench {record.package_version}, optuna {record.optuna_version} (TPE, seed {record.seed})"
    yield f"trials for each method: {record.trials}; the first is of the defaults; without a search space: one"
    orders = "; ".join(f"{name}: {' > '.join(tasks)}" for name, tasks in record.orders.items())
    yield f"score: Last of {record.metric}, mean over {orders}"
    yield f"stream: run seed {record.run_seed}, data seed {record.data_seed}"
    for rows in dict.fromkeys(task.rows for task in record.tasks.values()):
        names = [name for name, task in record.tasks.items() if task.rows == rows]
        yield f"  {', '.join(names)}: {ROWS[rows]}"
    for name, task in record.tasks.items():
        yield f"  {name}: {task.train} pairs learned, {task.evaluation} evaluated"
    for title, method in record.methods.items():
        yield f"{title}: {_found(method)}"


def _found(method: TunedMethod) -> str:
    default = "none" if method.default_score is None else f"{method.default_score:.2f}"
    if not method.space:
        return f"nothing to tune, defaults {default}"
    failed = sum(trial.score is None for trial in method.trials)
    lost = f", of which {failed} failed" if failed else ""
    return f"{len(method.trials)} trials{lost}, defaults {default}, selected {method.score:.2f}"


def _values(suite: Suite, out: Path) -> dict[str, Any]:
    """The fields of a suite file; what lies on disk is named from the file's own folder."""
    values = suite.model_dump(mode="json")
    values["data_dir"] = _from(out, suite.data_dir)
    values["tasks"] = [_bare(task | {"card": _from(out, task["card"])}) for task in values["tasks"]]
    values["methods"] = [_bare(method) for method in values["methods"]]
    return values


def _bare(entry: Mapping[str, Any]) -> str | dict[str, Any]:
    """An entry without what is not set; its name alone where nothing is."""
    kept = {key: value for key, value in entry.items() if value not in (None, {})}
    return str(kept["name"]) if list(kept) == ["name"] else kept


def _from(out: Path, path: str | None) -> str | None:
    return None if path is None else Path(os.path.relpath(path, out.absolute().parent)).as_posix()
