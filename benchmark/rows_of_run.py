"""The rows of a run, gathered from its nodes: what cells are computed from and what is kept of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lifealign_bench.benchmark.columns import empty_table
from lifealign_bench.benchmark.evaluation.text_metrics import bleu4_char, rouge_l
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.judge_records import JudgeRecord, one_model_each
from lifealign_bench.benchmark.plan import Run
from lifealign_bench.benchmark.stages import Evaluated
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.world import LoadedWorld
from lifealign_bench.data.rows import Pair, digest
from lifealign_bench.judges.interface import JudgeIdentity


@dataclass(frozen=True)
class RunRows:
    """The tables of a run: one row per pair and cell, per answer and cell, per verdict and cell, per logged number."""

    pairs: pd.DataFrame
    samples: pd.DataFrame
    judgments: pd.DataFrame
    losses: pd.DataFrame


class Gatherer:
    """Reads nodes' tables, each distinct node once however many runs share it."""

    def __init__(self, world: LoadedWorld, store: Store) -> None:
        self.world, self.store = world, store
        self.pairs_by_id: dict[str, Pair] = {
            pair.pair_id: pair for data in world.stream.values() for pair in data.evaluation
        }
        self._logps: dict[str, pd.DataFrame] = {}
        self._samples: dict[str, pd.DataFrame] = {}

    def rows(self, run: Run) -> RunRows:
        """All rows of a finished run."""
        base = {cell.task: cell.pairs for cell in run.evaluations if cell.step == 0}
        pairs = [self.pairs(cell, base[cell.task]) for cell in run.evaluations]
        samples = [self.answers(cell) for cell in run.evaluations]
        losses = [
            pd.read_parquet(self.store.path(stage.train.key) / "losses.parquet").assign(trained_step=stage.step)
            for stage in run.stages
        ]
        judgments = [self.judgments(cell) for cell in run.evaluations if cell.verdicts]
        return RunRows(
            pd.concat(pairs, ignore_index=True),
            pd.concat(samples, ignore_index=True),
            pd.concat(judgments, ignore_index=True) if judgments else empty_table("judgments"),
            pd.concat(losses),
        )

    def pairs(self, cell: Evaluated, base: Node) -> pd.DataFrame:
        """The `pairs` rows of one cell; base: the same pairs under the untouched base."""
        own, reference = self._read(cell.pairs), self._read(base)
        zero = cell.step == 0
        return pd.DataFrame(
            {
                "step": cell.step,
                "task": cell.task,
                "pair_id": own["pair_id"],
                "item": [self.item(pair_id) for pair_id in own["pair_id"]],
                "chosen_logp": own["chosen"],
                "rejected_logp": own["rejected"],
                "chosen_tokens": own["chosen_tokens"],
                "rejected_tokens": own["rejected_tokens"],
                "reference_chosen_logp": float("nan") if zero else reference["chosen"],
                "reference_rejected_logp": float("nan") if zero else reference["rejected"],
            }
        )

    def item(self, pair_id: str) -> str:
        """What a pair's prompt was made from; the prompt itself where the source does not say."""
        pair = self.pairs_by_id[pair_id]
        return pair.item or prompt_hash(pair)

    def references(self) -> Mapping[str, str]:
        """Chosen answers by pair id."""
        return {pair_id: pair.chosen for pair_id, pair in self.pairs_by_id.items()}

    def _read(self, node: Node) -> pd.DataFrame:
        if node.key not in self._logps:
            self._logps[node.key] = pd.read_parquet(self.store.path(node.key) / "logps.parquet")
        return self._logps[node.key]

    def answers(self, cell: Evaluated) -> pd.DataFrame:
        """The `samples` rows of one cell."""
        if cell.answers.key not in self._samples:
            self._samples[cell.answers.key] = self._scored(cell.answers)
        return _in_cell(self._samples[cell.answers.key], cell)

    def judgments(self, cell: Evaluated) -> pd.DataFrame:
        """The `judgments` rows of one cell."""
        tables = [pq.read_table(self.store.path(node.key) / "verdicts.parquet") for node in cell.verdicts]
        verdicts = pa.concat_tables(tables).to_pandas()
        return _in_cell(verdicts.assign(item=[self.item(pair_id) for pair_id in verdicts["pair_id"]]), cell)

    def _scored(self, node: Node) -> pd.DataFrame:
        answers = pd.read_parquet(self.store.path(node.key) / "answers.parquet")
        pairs = [self.pairs_by_id[pair_id] for pair_id in answers["pair_id"]]
        texts = list(zip(answers["text"], (pair.chosen for pair in pairs), strict=True))
        return pd.DataFrame(
            {
                "pair_id": answers["pair_id"],
                "item": [self.item(pair.pair_id) for pair in pairs],
                "prompt_hash": [prompt_hash(pair) for pair in pairs],
                "answer": answers["text"],
                "tokens": answers["tokens"],
                "finish_reason": answers["finish_reason"],
                "bleu4_char": [bleu4_char(answer, reference) for answer, reference in texts],
                "rouge_l": [rouge_l(answer, reference) for answer, reference in texts],
                "harm": pd.Series([pair.harm for pair in pairs], dtype=object),
                "category": pd.Series([pair.category for pair in pairs], dtype=object),
            }
        )


def judges_of_run(run: Run, store: Store) -> tuple[JudgeRecord, ...]:
    """The judges behind a run's verdicts, each as its nodes say what was served.

    Raises:
        InputError: one judge was served by several models.
    """
    nodes = [node for cell in run.evaluations for node in cell.verdicts]
    return one_model_each([JudgeIdentity(**store.read_json(node.key, "judge.json")) for node in nodes])


def _in_cell(rows: pd.DataFrame, cell: Evaluated) -> pd.DataFrame:
    """The rows of a node with their place in a run; one sample has one id in every table."""
    ids = [digest([cell.step, cell.task, pair_id])[:16] for pair_id in rows["pair_id"]]
    return rows.assign(step=cell.step, task=cell.task, sample_id=ids)


def prompt_hash(pair: Pair) -> str:
    """The first 16 hex digits of the hash of a prompt's turns."""
    return digest([[turn.role, turn.content] for turn in pair.prompt])[:16]
