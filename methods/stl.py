"""Single-task learning: a fresh adapter for every task, the per-task ceiling."""

from __future__ import annotations

from typing import ClassVar

from lifealign_bench.methods.base import Method, MethodSpec
from lifealign_bench.methods.registry import register


@register
class STL(Method):
    """SeqFT that never sees a second task: its stages are the plain first stages of every other method."""

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="stl",
        version="1",
        title="Single-task learning",
        paper="upper reference of arXiv 2509.17183",
        schedule="isolated",
        needs_task_identity=True,
        first_task_plain=True,
        distribution=frozenset({"ddp"}),
    )
