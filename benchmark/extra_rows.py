"""The rows of what a run has beside its cells, gathered from the nodes that are finished."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from lifealign_bench.benchmark.capability.node import FILE as CAPABILITY
from lifealign_bench.benchmark.capability.planning import Extra
from lifealign_bench.benchmark.columns import Table
from lifealign_bench.benchmark.evaluation.divergence_node import FILE as DIVERGENCE
from lifealign_bench.benchmark.plan import Run
from lifealign_bench.benchmark.rows_of_run import Gatherer
from lifealign_bench.benchmark.safety.node import FILE as SAFETY


def extra_tables(run: Run, extras: Iterable[Extra], gatherer: Gatherer) -> dict[Table, pd.DataFrame]:
    """The tables `capability`, `divergence` and `safety` of a run, each only where it has rows."""
    trained = {stage.step: stage.task for stage in run.stages}
    asked, compared, refused = [], [], []
    for extra in extras:
        folder = gatherer.store.path(extra.node.key)
        if extra.kind == "capability":
            rows = pd.read_parquet(folder / CAPABILITY)
            after = pd.Series([trained.get(extra.step)] * len(rows), dtype=object)
            asked.append(rows.assign(step=extra.step, trained_task=after, asked=extra.name))
        elif extra.kind == "safety":
            rows = pd.read_parquet(folder / SAFETY)
            after = pd.Series([trained.get(extra.step)] * len(rows), dtype=object)
            refused.append(rows.assign(step=extra.step, trained_task=after))
        else:
            rows = pd.read_parquet(folder / DIVERGENCE)
            items = [gatherer.item(pair_id) for pair_id in rows["pair_id"]]
            compared.append(rows.assign(step=extra.step, task=extra.name, item=items))
    tables: dict[Table, pd.DataFrame] = {}
    if asked:
        frame = pd.concat(asked, ignore_index=True)
        tables["capability"] = frame.assign(higher_is_better=frame["higher_is_better"].astype(float))
    if compared:
        tables["divergence"] = pd.concat(compared, ignore_index=True)
    if refused:
        tables["safety"] = pd.concat(refused, ignore_index=True)
    return tables
