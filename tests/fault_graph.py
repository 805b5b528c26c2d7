"""A small run graph whose nodes need no torch: bytes from bytes, slow enough to be interrupted."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from lifealign_bench.benchmark.cost import CostMeter
from lifealign_bench.benchmark.graph import Graph, Node
from lifealign_bench.benchmark.workshop import Workshop

CHAINS, STAGES = 2, 3
BIG_BYTES = 48_000
NODE_S = 0.02


def small_graph(chains: int = CHAINS, stages: int = STAGES) -> Graph:
    """Chains of stages with an evaluation of each, and one node that reads all chains."""
    graph = Graph()
    ends = {}
    for chain in range(chains):
        before: dict[str, str] = {}
        for stage in range(stages):
            train = graph.add(Node("train", {"chain": chain, "stage": stage}, before, label=f"train {chain}.{stage}"))
            graph.add(Node("pairs", {"of": stage}, {"policy": train.key}, label=f"pairs {chain}.{stage}"))
            before = {"policy": train.key}
        ends[f"chain {chain}"] = before["policy"]
    graph.add(Node("answers", {}, ends, label="answers of all"))
    return graph


def small_work(node: Node, shop: Workshop, folder: Path, meter: CostMeter) -> None:
    """Files that follow from the node's key and all bytes of its parents, the largest in a folder of its own."""
    content = hashlib.sha256(node.key.encode())
    for role in sorted(node.parents):
        parent = shop.parent(node, role)
        content.update((parent / "rows.txt").read_bytes() + (parent / "policy" / "weights.bin").read_bytes())
    time.sleep(NODE_S)
    (folder / "rows.txt").write_text(content.hexdigest(), "utf-8")
    (folder / "policy").mkdir()
    big = hashlib.shake_256(content.digest()).digest(BIG_BYTES)
    (folder / "policy" / "weights.bin").write_bytes(big[: BIG_BYTES // 2])
    time.sleep(NODE_S)
    with (folder / "policy" / "weights.bin").open("ab") as stream:
        stream.write(big[BIG_BYTES // 2 :])
