"""A run's numbers in the forms of others: lm-eval's results file, the `model-index` of a Hugging Face model card."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lifealign_bench import __version__
from lifealign_bench.benchmark.measuring import LOWER_IS_BETTER
from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.benchmark.schema import RunRecord

MEASURES = ("last", "bwt", "forgetting", "ap")
GROUP = "lifealign"
PAPER = "https://arxiv.org/abs/2509.17183"


def lm_eval_results(run: StoredRun, cells: pd.DataFrame) -> dict[str, Any]:
    """The last row of a run's matrix as lm-eval's results file: one task each, and the whole run as their group.

    Values keep their own units (0-100, text overlap and judged metrics, too); a number that does not exist is left out.
    """
    record = run.record
    names = {task: f"{GROUP}_{record.suite.name}_{task}" for task in record.order.tasks}
    last = {task: _last_of(cells, record, task) for task in record.order.tasks}
    whole: dict[str, Any] = {"alias": f"{GROUP}_{record.suite.name}"}
    for metric, measures in sorted(record.metrics.items()):
        for measure in MEASURES:
            found = measures.get(measure)
            if found is not None and found.value is not None:
                whole[f"{metric}_{measure},none"] = found.value
                whole[f"{metric}_{measure}_stderr,none"] = (
                    "N/A" if found.standard_error is None else found.standard_error
                )
    results = {names[task]: _of_task(names[task], rows) for task, rows in last.items()}
    metrics = sorted({str(name) for rows in last.values() for name in rows["metric"]})
    better = {name: not name.startswith(LOWER_IS_BETTER) for name in metrics}
    counts = {names[task]: int(rows["n"].max()) if len(rows) else 0 for task, rows in last.items()}
    return {
        "results": {**results, whole["alias"]: whole},
        "groups": {whole["alias"]: whole},
        "group_subtasks": {whole["alias"]: list(names.values())},
        "configs": {
            name: {
                "task": name,
                "metadata": {"version": record.suite.protocol, "trained_order": list(record.order.tasks)},
            }
            for name in names.values()
        },
        "versions": dict.fromkeys(names.values(), record.suite.protocol),
        "n-shot": dict.fromkeys(names.values(), 0),
        "higher_is_better": dict.fromkeys(names.values(), better),
        "n-samples": {name: {"original": count, "effective": count} for name, count in counts.items()},
        "config": {
            "model": "lifealign",
            "model_args": f"base={record.model.source},method={record.identity.method},order={record.order.name}",
            "random_seed": record.identity.seed,
        },
        "model_name": f"{record.identity.method}--{record.order.name}--s{record.identity.seed}",
        "lifealign_bench_version": __version__,
        "comparability_key": record.comparability_key,
        "trust": record.trust,
    }


def model_index(runs: Sequence[StoredRun], name: str) -> dict[str, Any]:
    """The `model-index` of a model card for one method's runs: a result for each order and seed.

    `verified` is never claimed here; the trust level of the board stands in the source's name.
    """
    return {"model-index": [{"name": name, "results": [_card_result(run.record) for run in runs]}]}


def _card_result(record: RunRecord) -> dict[str, Any]:
    metrics = [
        {"type": metric, "name": f"{metric}, {measure}", "value": round(found.value, 6), "verified": False}
        for metric, measures in sorted(record.metrics.items())
        for measure in MEASURES
        if (found := measures.get(measure)) is not None and found.value is not None
    ]
    args: Mapping[str, Any] = {"order": list(record.order.tasks), "seed": record.identity.seed}
    return {
        "task": {"type": "text-generation", "name": "Lifelong preference alignment"},
        "dataset": {
            "name": f"LifeAlign Bench, {record.suite.name}, {record.order.name}, seed {record.identity.seed}",
            "type": f"{GROUP}-{record.suite.name}",
            "revision": record.suite.sha256,
            "split": "evaluation",
            "args": dict(args),
        },
        "metrics": metrics,
        "source": {"name": f"LifeAlign Bench protocol {record.suite.protocol}, {record.trust}", "url": PAPER},
    }


def _last_of(cells: pd.DataFrame, record: RunRecord, task: str) -> pd.DataFrame:
    tasks = record.order.tasks
    isolated = record.method.spec.schedule == "isolated"
    step = tasks.index(task) + 1 if isolated else len(tasks)
    return cells[(cells["task"] == task) & (cells["step"] == step)]


def _of_task(alias: str, rows: pd.DataFrame) -> dict[str, Any]:
    found: dict[str, Any] = {"alias": alias}
    for row in rows.to_dict("records"):
        if not math.isnan(row["value"]):
            found[f"{row['metric']},none"] = row["value"]
            found[f"{row['metric']}_stderr,none"] = (
                "N/A" if math.isnan(row["standard_error"]) else row["standard_error"]
            )
    return found
