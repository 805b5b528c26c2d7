"""A base for anywhere: a tokenizer and a small Llama trained on a suite's own training text."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import BaseModel, ConfigDict, Field

from lifealign_bench.benchmark.base_tokenizer import render, train_tokenizer
from lifealign_bench.benchmark.durable import new_folder
from lifealign_bench.data.errors import InputError, LifeAlignError, UnknownNameError
from lifealign_bench.data.rows import Message

Progress = Callable[[int, int, float], None]


class BaseBuildError(LifeAlignError):
    """Training a base went wrong."""


class BaseRecipe(BaseModel):
    """Everything that decides a built base beside its text.

    vocabulary: entries of the byte-level BPE. tokens: how many tokens training sees, repeated text counted again.
    context: positions that the model has; sequence: tokens of a training sequence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    vocabulary: int = Field(default=4096, ge=300)
    hidden: int = Field(default=128, ge=8)
    layers: int = Field(default=4, ge=1)
    heads: int = Field(default=4, ge=1)
    feed_forward: int = Field(default=384, ge=8)
    context: int = Field(default=1024, ge=64)
    sequence: int = Field(default=256, ge=16)
    batch: int = Field(default=8, ge=1)
    tokens: int = Field(default=1_000_000, ge=1)
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


class BaseCard(BaseModel):
    """What was built: written as `base.json` beside the model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: BaseRecipe
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
    recipes = {"small": BaseRecipe.small, "tiny": BaseRecipe.tiny}
    if name not in recipes:
        raise UnknownNameError("base", "build", name, recipes)
    return recipes[name]()


def build_base(
    recipe: BaseRecipe, chats: Sequence[Sequence[Message]], folder: Path, progress: Progress | None = None
) -> BaseCard:
    """Train a tokenizer and a model on chats and write both, with their card `base.json`, into a new folder.

    Equal recipe, chats, library versions and threads give equal bytes. `progress` is called with (step, steps, loss).
    The folder is there only once it is whole.

    Raises:
        InputError: there is no text, or the folder is already there.
        BaseBuildError: the loss is no number.
        StoreError: the disk is full or cannot be written.
    """
    if not chats:
        raise InputError("base builder", "text", "no chats", "the training text of a suite")
    with new_folder(folder) as scratch:
        tokenizer = train_tokenizer(chats, recipe.vocabulary)
        rows = tokenizer(render(tokenizer, chats), add_special_tokens=False)["input_ids"]
        ids = [token for row in rows for token in row]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            model = _model(recipe, tokenizer)
            seen, loss = _train(model, ids, recipe, progress)
        model.save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        card = BaseCard(
            recipe=recipe,
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            tokens_in_text=len(ids),
            tokens_seen=seen,
            final_loss=loss,
            weights_sha256=_sha256(scratch / "model.safetensors"),
            tokenizer_sha256=_sha256(scratch / "tokenizer.json"),
            chat_template_sha256=_sha256(scratch / "chat_template.jinja"),
        )
        (scratch / "base.json").write_text(card.model_dump_json(indent=2) + "\n", "utf-8")
    return card


def _model(recipe: BaseRecipe, tokenizer: Any) -> Any:
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    special = {
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
    }
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.hidden,
        intermediate_size=recipe.feed_forward,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads,
        max_position_embeddings=recipe.context,
        tie_word_embeddings=True,
        **special,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(do_sample=False, **special)
    return model


def _train(model: Any, ids: Sequence[int], recipe: BaseRecipe, progress: Progress | None) -> tuple[int, float]:
    """AdamW with warm-up and cosine over packed sequences; returns tokens seen and the mean loss of the last tenth."""
    steps = max(1, recipe.tokens // (recipe.batch * recipe.sequence))
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.95), weight_decay=0.1)
    warm = max(1, steps // 20)

    def rate(step: int) -> float:
        return min((step + 1) / warm, 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / steps)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    batches = _batches(ids, recipe)
    losses = []
    model.train()
    for step in range(steps):
        batch = next(batches)
        loss = model(input_ids=batch, labels=batch, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]):
            raise BaseBuildError(f"base {recipe.name}: loss is {losses[-1]} in step {step + 1} of {steps}")
        if progress is not None:
            progress(step + 1, steps, losses[-1])
    model.eval()
    tail = losses[-max(1, steps // 10) :]
    return steps * recipe.batch * recipe.sequence, sum(tail) / len(tail)


def _batches(ids: Sequence[int], recipe: BaseRecipe) -> Iterator[torch.Tensor]:
    """Endless batches (batch, sequence) of the packed text; every pass begins at another offset, in another order."""
    length = recipe.sequence
    text = torch.tensor(list(ids) * math.ceil(2 * length / len(ids)) if len(ids) < 2 * length else ids)
    generator = torch.Generator().manual_seed(recipe.seed)
    waiting: list[torch.Tensor] = []
    while True:
        offset = int(torch.randint(length, (1,), generator=generator))
        rows = text[offset:][: (len(text) - offset) // length * length].view(-1, length)
        waiting += list(rows[torch.randperm(len(rows), generator=generator)])
        while len(waiting) >= recipe.batch:
            yield torch.stack(waiting[: recipe.batch])
            waiting = waiting[recipe.batch :]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
