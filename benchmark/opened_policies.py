"""Policies in memory: the base or a train node's weights, opened once for the nodes that evaluate them in a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.training.context import Attachment
from lifealign_bench.benchmark.training.encode import Encoder
from lifealign_bench.benchmark.training.policy import load_policy
from lifealign_bench.benchmark.workshop import Workshop
from lifealign_bench.benchmark.world import OpenedPolicy
from lifealign_bench.methods.base import Method
from lifealign_bench.methods.registry import find_method


@contextmanager
def answering_policy(node: Node, shop: Workshop, task: str | None) -> Iterator[tuple[Any, Encoder]]:
    """The policy that a node evaluates, as it answers prompts of one task, and the encoder of its prompts.

    It stays open for the next node that evaluates it, unless this one fails: a policy has a dozen such nodes.
    """
    of = (node.parents.get("policy"), node.method)
    last, shop.world.opened = shop.world.opened, None
    found = last if last is not None and last.of == of else None
    # Two policies at once may be more than memory holds.
    del last
    found = found or _open_policy(node, shop, of)
    with found.method.serve(found.model, task if found.method.spec.needs_task_identity else None) as answering:
        yield answering, found.encoder
    shop.world.opened = found


def _open_policy(node: Node, shop: Workshop, of: object) -> OpenedPolicy:
    """The base, or a train node's weights in its method's serving form."""
    model, encoder = shop.world.open_base(shop.store)
    method = method_of(node)
    if "policy" in node.parents:
        folder = shop.parent(node, "policy")
        inputs: Mapping[str, Any] = shop.store.read_json(node.parents["policy"], "node.json")["inputs"]
        method.load(folder / "memory")
        model = method.attach(model, Attachment(shop.world.suite.budget, inputs["seed"], inputs["prefix"]))
        load_policy(model, folder / "policy")
        _merge_adapters(model)
    return OpenedPolicy(of, model.eval(), encoder, method)


def _merge_adapters(model: Any) -> None:
    """Add LoRA to the float32 weights that it sits on: the same function to rounding, for two thirds of the time.

    Weights of less precision would lose what an adapter adds, so theirs stay beside them.
    """
    if hasattr(model, "merge_adapter") and next(model.parameters()).dtype == torch.float32:
        model.merge_adapter()


def method_of(node: Node) -> Method:
    """The method that a node names, with its settings; plain fine-tuning for the base."""
    if node.method is None:
        return find_method("seqft").method.from_mapping({})
    return find_method(node.method.name).method.from_mapping(node.method.config)
