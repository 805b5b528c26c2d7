"""Stages that several processes learn together: what planning refuses, and what a node's key says of them."""

from __future__ import annotations

from collections.abc import Iterable

from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.base import Method


def refuse_unsupported(suite: Suite, methods: Iterable[Method]) -> None:
    """Refuse methods that do not declare the suite's way of training.

    Raises:
        InputError: names the method, the strategy, and what the method supports.
    """
    training = suite.training
    if training.processes == 1:
        return
    for method in methods:
        if training.strategy not in method.spec.distribution:
            known = ", ".join(sorted(method.spec.distribution)) or "one process only (training.processes: 1)"
            found = f"{training.strategy} with {training.processes} processes"
            raise InputError(f"method {method.spec.name}", "training.strategy", found, known)


def training_inputs(suite: Suite) -> dict[str, object]:
    """What the key of a train node says of its processes; empty for one, whose nodes are named as ever."""
    if suite.training.processes == 1:
        return {}
    return {"training": suite.training.model_dump(mode="json")}
