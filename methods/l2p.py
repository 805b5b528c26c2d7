"""L2P: a pool of prompts on a frozen model; a question picks those whose keys lie nearest to it.

Source: Wang et al. (CVPR 2022), arXiv 2112.08654, carried over from images to language models: the query is the mean
input embedding of the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lifealign_bench.methods.base import Method, MethodConfig, MethodSpec
from lifealign_bench.methods.context import RunContext, StageContext
from lifealign_bench.methods.registry import register
from lifealign_bench.methods.search import FloatRange, IntRange, SearchSpace

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True, kw_only=True)
class L2PConfig(MethodConfig):
    """pool: prompts. length: vectors of a prompt. top: prompts that a question picks. pull: weight of the key loss."""

    pool: int = 10
    length: int = 5
    top: int = 3
    pull: float = 0.5

    search_space: ClassVar[SearchSpace] = {"length": IntRange(1, 10), "pull": FloatRange(0.05, 5.0, log=True)}

    def __post_init__(self) -> None:
        self.require(self.pool >= 1, "pool", "a number of prompts, 1 or more")
        self.require(self.length >= 1, "length", "a number of vectors, 1 or more")
        self.require(1 <= self.top <= self.pool, "top", "a number of prompts from 1 to the size of the pool")
        self.require(self.pull >= 0, "pull", "a weight, 0 or more")


@register
@dataclass
class L2P(Method):
    """Only pool and keys learn; penalty pull * mean over questions of the sum over picked keys of 1 - cosine.

    The reference policy is the base without prompts.
    """

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="l2p",
        version="1",
        title="Learning to prompt",
        paper="arXiv 2112.08654",
        fidelity="adapted",
        keeps=frozenset({"parameters"}),
        active={},
    )
    Config: ClassVar[type[MethodConfig]] = L2PConfig

    def attach(self, model: nn.Module, ctx: RunContext) -> nn.Module:
        """The base frozen, a pool in front of it; the same start for all tasks of a run."""
        from lifealign_bench.methods.prompt_pool import PromptPool

        config = self.config
        return PromptPool(model, config.pool, config.length, config.top, ctx.run_generator("prompt pool"))

    def penalties(self, ctx: StageContext) -> Mapping[str, torch.Tensor]:
        """How far the keys that were picked last lie from the questions that picked them."""
        if self.config.pull == 0:
            return {}
        pool: Any = ctx.model
        return {"l2p": self.config.pull * pool.distance}
