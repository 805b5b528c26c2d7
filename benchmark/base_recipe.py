"""What decides a built base beside its text, and what was built."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from lifealign_bench.data.errors import UnknownNameError


class BaseRecipe(BaseModel):
    """Everything that decides a built base beside its text.

    vocabulary: entries of the byte-level BPE; None makes every word of the text one token. tokens: how many tokens
    training sees, repeated text counted again, packed in rows of `sequence`. chats: instead, one row a chat of the
    miniature world's corpus, of which only the answer is learned. context: positions that the model has; sequence:
    tokens of a packed row.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    family: Literal["llama", "gpt_neox"] = "llama"
    vocabulary: int | None = Field(default=4096, ge=300)
    hidden: int = Field(default=128, ge=8)
    layers: int = Field(default=4, ge=1)
    heads: int = Field(default=4, ge=1)
    feed_forward: int = Field(default=384, ge=8)
    context: int = Field(default=1024, ge=64)
    sequence: int = Field(default=256, ge=16)
    batch: int = Field(default=8, ge=1)
    tokens: int = Field(default=1_000_000, ge=1)
    chats: int | None = Field(default=None, ge=1)
    learning_rate: float = Field(default=3e-3, gt=0)
    seed: int = 0

    @classmethod
    def small(cls) -> Self:
        """About 1.4 M parameters, a few minutes on two cores."""
        return cls(name="small")

    @classmethod
    def tiny(cls) -> Self:
        """For tests: seconds."""
        return cls(
            name="tiny",
            vocabulary=400,
            hidden=32,
            layers=2,
            heads=2,
            feed_forward=64,
            sequence=64,
            tokens=8_000,
        )

    @classmethod
    def mini(cls) -> Self:
        """The base of the miniature world: a Llama of 0.2 M parameters, some minutes on one core."""
        return cls(
            name="mini",
            vocabulary=None,
            hidden=64,
            layers=3,
            feed_forward=192,
            context=256,
            batch=64,
            chats=64 * 2000,
        )

    @classmethod
    def mini_neox(cls) -> Self:
        """Another family on the same corpus: fused query-key-value, LayerNorm, partial rotary positions."""
        return cls.mini().model_copy(update={"name": "mini-neox", "family": "gpt_neox", "feed_forward": 384})


RECIPES = {
    "small": BaseRecipe.small,
    "tiny": BaseRecipe.tiny,
    "mini": BaseRecipe.mini,
    "mini-neox": BaseRecipe.mini_neox,
}


class BaseCard(BaseModel):
    """What was built: written as `base.json` beside the model. world_seed: of a miniature world, else null."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: BaseRecipe
    world_seed: int | None = None
    parameters: int
    tokens_in_text: int
    tokens_seen: int
    final_loss: float
    weights_sha256: str
    tokenizer_sha256: str
    chat_template_sha256: str


def recipe_for(name: str) -> BaseRecipe:
    """The recipe of `build:NAME`.

    Raises:
        UnknownNameError: no recipe of that name.
    """
    if name not in RECIPES:
        raise UnknownNameError("base", "build", name, RECIPES)
    return RECIPES[name]()
