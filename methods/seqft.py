"""Sequential fine-tuning: one task after the other and nothing against forgetting."""

from __future__ import annotations

from typing import ClassVar

from lifealign_bench.methods.base import Method, MethodSpec
from lifealign_bench.methods.registry import register


@register
class SeqFT(Method):
    """Every hook at its default."""

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="seqft",
        version="1",
        title="Sequential fine-tuning",
        paper="baseline of arXiv 2509.17183",
        first_task_plain=True,
        distribution=frozenset({"ddp"}),
        neutral={},
    )
