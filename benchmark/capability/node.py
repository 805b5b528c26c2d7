"""The node that asks one policy one capability task."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lifealign_bench.benchmark.capability.harness import Question, ask
from lifealign_bench.benchmark.capability.task_files import mini_task_file, write_task_files
from lifealign_bench.benchmark.cost import CostMeter
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.opened_policies import answering_policy
from lifealign_bench.benchmark.workshop import Workshop, int_of
from lifealign_bench.data.mini.questions import QUESTIONS

FILE = "measured.parquet"
_SCHEMA = pa.schema(
    [
        ("task", pa.string()),
        ("metric", pa.string()),
        ("filter", pa.string()),
        ("value", pa.float64()),
        ("standard_error", pa.float64()),
        ("n", pa.int64()),
        ("higher_is_better", pa.bool_()),
    ]
)


def capability(node: Node, shop: Workshop, folder: Path, meter: CostMeter) -> None:
    """Write what lm-eval finds, a row per number, to `measured.parquet`."""
    name = str(node.inputs["task"])
    with (
        answering_policy(node, shop, None) as (answering, encoder),
        tempfile.TemporaryDirectory(prefix="lifealign-tasks-") as place,
    ):
        tasks_at = Path(place) if name in QUESTIONS else None
        if tasks_at is not None:
            write_task_files(tasks_at, [mini_task_file(name, shop.world.suite.world)])
        question = Question(name, bool(node.inputs["chat"]), _limit(node.inputs), int_of(node, "batch"), tasks_at)
        found = ask(answering, encoder.tokenizer, question, shop.steps("capability"))
    rows = [asdict(measured) for measured in found]
    pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), folder / FILE)
    meter.count(example_passes=sum({row["task"]: int(row["n"]) for row in rows}.values()), tokens=0)


def _limit(inputs: Mapping[str, object]) -> int | None:
    limit = inputs["limit"]
    return limit if isinstance(limit, int) else None
