"""Multi-task learning: one training on all tasks joined, the upper bound."""

from __future__ import annotations

from typing import ClassVar

from lifealign_bench.methods.base import Method, MethodSpec
from lifealign_bench.methods.registry import register


@register
class MTL(Method):
    """SeqFT on the rows of all tasks at once; on one task it is STL."""

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="mtl",
        version="1",
        title="Multi-task learning",
        paper="upper bound of arXiv 2509.17183",
        schedule="joint",
        first_task_plain=True,
        distribution=frozenset({"ddp"}),
    )
