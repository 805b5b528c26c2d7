"""What each method costs: from the records of runs alone, free of torch."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lifealign_bench.benchmark.runs import StoredRun, find_runs
from lifealign_bench.benchmark.schema import NodeCost, read_provenance
from lifealign_bench.data.errors import InputError

COLUMNS = {
    "train_s": "train, s",
    "cpu_s": "CPU, s",
    "peak_mb": "peak, MB",
    "learning": "learns",
    "stored_kb": "stored, kB",
    "backward": "passes back",
    "forward": "forward only",
    "answer_ms": "answer, ms",
}
"""The columns of the cost table and their headings."""


def cost_table(results: Path | Sequence[Path]) -> pd.DataFrame:
    """A row per suite and method, the mean over its runs.

    train_s, cpu_s: wall and CPU seconds of all stages of a run and what is remembered after them. peak_mb: the largest
    resident set of a process that trained (10^6 bytes). learning: numbers that learn in the last stage. stored_kb: the
    policy and the memory after the last stage (10^3 bytes). backward, forward: pairs that went through the model with
    and without gradient, for each pair of the optimiser's steps: 1 and 0 is plain training. answer_ms: wall time for
    each generated answer, in batches as the suite says. NaN where a run has no such record.

    Raises:
        InputError: no runs, or one that cannot be read.
    """
    groups: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for run in find_runs(results):
        groups[run.record.suite.name, run.record.identity.method].append(_costs(run))
    rows = [
        {"suite": suite, "method": method, **pd.DataFrame(found).mean().to_dict()}
        for (suite, method), found in sorted(groups.items())
    ]
    return pd.DataFrame(rows, columns=["suite", "method", *COLUMNS])


def machines_of(folders: Sequence[Path]) -> tuple[str, ...]:
    """The machines that these runs were computed on, in words, each once; one without a provenance says nothing."""
    found: dict[str, None] = {}
    for folder in folders:
        try:
            machine = read_provenance(folder).machine
        except InputError:
            continue
        parts = [machine.get("device") or machine.get("gpu"), machine.get("processor")]
        cores, memory = machine.get("cores"), machine.get("memory_bytes")
        parts += [f"{cores} cores" if cores else None]
        parts += [f"{memory / 1e9:.0f} GB" if isinstance(memory, int | float) else None]
        shown = ", ".join(str(part) for part in parts if part)
        if shown:
            found[shown] = None
    return tuple(found)


def memory_curve(run: StoredRun) -> dict[int, int]:
    """Bytes that are stored after each number of learned tasks, policy and memory together."""
    return {stage.step: stage.policy_bytes + stage.memory_bytes for stage in run.record.stages}


def _costs(run: StoredRun) -> dict[str, float]:
    stages, nodes = run.record.stages, read_provenance(run.folder).nodes
    trained = _of_kind(nodes, "train", "memory")
    steps_on = sum(stage.steps_on for stage in stages)
    return {
        "train_s": sum(cost.wall_s for cost in trained),
        "cpu_s": sum(cost.cpu_s for cost in trained),
        "peak_mb": max((cost.peak_memory_bytes / 1e6 for cost in trained), default=math.nan),
        "learning": float(stages[-1].trainable_parameters) if stages else math.nan,
        "stored_kb": (stages[-1].policy_bytes + stages[-1].memory_bytes) / 1e3 if stages else math.nan,
        "backward": sum(stage.with_gradient for stage in stages) / steps_on if steps_on else math.nan,
        "forward": sum(stage.without_gradient for stage in stages) / steps_on if steps_on else math.nan,
        "answer_ms": _per_answer(_of_kind(nodes, "answers")),
    }


def _of_kind(nodes: Mapping[str, NodeCost], *kinds: str) -> list[NodeCost]:
    return [cost for cost in nodes.values() if cost.kind in kinds]


def _per_answer(nodes: Sequence[NodeCost]) -> float:
    count = sum(cost.example_passes for cost in nodes)
    return 1000 * sum(cost.wall_s for cost in nodes) / count if count else math.nan
