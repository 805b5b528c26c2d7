"""The node that compares a policy with the base along its own answers to one task."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lifealign_bench.benchmark.cost import CostMeter
from lifealign_bench.benchmark.evaluation.answers import prompt_room
from lifealign_bench.benchmark.evaluation.divergence import divergences
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.opened_policies import answering_policy
from lifealign_bench.benchmark.workshop import Workshop, int_of

FILE = "divergence.parquet"
_SCHEMA = pa.schema([("pair_id", pa.string()), ("nats", pa.float64()), ("tokens", pa.int64())])


def divergence(node: Node, shop: Workshop, folder: Path, meter: CostMeter) -> None:
    """Write a row per answer; the answers are tokenised again, so that any base's tokenizer will do.

    Policy and base are in memory at once: the divergence needs both whole distributions of every token.
    """
    task = str(node.inputs["task"])
    answers = pq.read_table(shop.parent(node, "answers") / "answers.parquet").to_pylist()
    pairs = {pair.pair_id: pair for pair in shop.world.evaluation_rows(task)}
    batch = int_of(node, "batch")
    with answering_policy(node, shop, task) as (policy, encoder):
        base, _ = shop.world.open_base(shop.store)
        room = prompt_room(encoder.max_length, int_of(node, "max_new_tokens"))
        turns = [
            (
                encoder.prompt(pairs[row["pair_id"]].prompt, room)[0],
                encoder.answer(row["text"], ended=row["finish_reason"] == "stop"),
            )
            for row in answers
        ]
        pad = encoder.tokenizer.pad_token_id
        found = divergences(policy, base.eval(), turns, batch, pad, shop.steps("divergence"))
    rows = [
        {"pair_id": row["pair_id"], "nats": one.nats, "tokens": one.tokens}
        for row, one in zip(answers, found, strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), folder / FILE)
    meter.count(example_passes=2 * len(turns), tokens=2 * sum(len(prompt) + len(answer) for prompt, answer in turns))
