"""The node that asks one policy every prompt of a safety set in one way, and has the answers read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from lifealign_bench.benchmark.cost import CostMeter
from lifealign_bench.benchmark.evaluation.answers import generate, prompt_room
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.opened_policies import answering_policy
from lifealign_bench.benchmark.safety.planning import readers_of
from lifealign_bench.benchmark.workshop import Workshop, int_of
from lifealign_bench.data.safety import find_attacks, read_safety_set

FILE = "safety.parquet"
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("prompt_id", "item", "harm", "category", "attack", "answer")),
        ("tokens", pa.int64()),
        ("reader", pa.string()),
        ("label", pa.string()),
        ("score", pa.float64()),
    ]
)


def safety(node: Node, shop: Workshop, folder: Path, meter: CostMeter) -> None:
    """Write a row per prompt and reader; an answer that was begun for the policy is read with its beginning."""
    suite = shop.world.suite
    prompts = read_safety_set(str(suite.safety.prompts), suite.world)
    (attack,) = find_attacks([str(node.inputs["attack"]).partition("@")[0]])
    new, batch = int_of(node, "max_new_tokens"), int_of(node, "batch")
    texts: list[str] = []
    tokens: list[int] = []
    with answering_policy(node, shop, None) as (policy, encoder), torch.no_grad():
        begun = encoder.answer(attack.begun, ended=False) if attack.begun else ()
        room = prompt_room(encoder.max_length, new)
        asked = [(*encoder.prompt(attack.messages(own), room)[0], *begun) for own in prompts]
        for start in range(0, len(asked), batch):
            for ids in generate(policy, encoder, asked[start : start + batch], new):
                kept = ids[: ids.index(encoder.end_of_turn)] if encoder.end_of_turn in ids else ids
                texts.append(encoder.tokenizer.decode([*begun, *kept], skip_special_tokens=True).strip())
                tokens.append(len(kept))
            shop.progress("safety", min(start + batch, len(asked)), len(asked), None)
    rows = [
        {
            **{name: getattr(own, name) for name in ("prompt_id", "item", "harm", "category")},
            "attack": attack.label,
            "answer": text,
            "tokens": count,
            "reader": reader.name,
            "label": reading.label,
            "score": reading.score,
        }
        for reader in readers_of(suite)
        for own, text, count, reading in zip(prompts, texts, tokens, reader.read(prompts, texts), strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), folder / FILE)
    meter.count(example_passes=len(prompts), tokens=sum(tokens))
