"""A base for anywhere: a tokenizer and a small model trained on chats."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from lifealign_bench.benchmark.base_recipe import BaseCard, BaseRecipe
from lifealign_bench.benchmark.base_tokenizer import render, train_tokenizer, word_tokenizer
from lifealign_bench.benchmark.durable import new_folder
from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.data.rows import Message

Progress = Callable[[int, int, float], None]
TrainBatch = Mapping[str, torch.Tensor]
IGNORED = -100


class BaseBuildError(LifeAlignError):
    """Training a base went wrong."""


def build_base(
    recipe: BaseRecipe,
    chats: Sequence[Sequence[Message]],
    folder: Path,
    progress: Progress | None = None,
    world_seed: int | None = None,
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
        tokenizer = train_tokenizer(chats, recipe.vocabulary) if recipe.vocabulary else word_tokenizer(chats)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            model = _model(recipe, tokenizer)
            if recipe.chats is None:
                ids = [token for row in _token_rows(tokenizer, chats) for token in row]
                steps = max(1, recipe.tokens // (recipe.batch * recipe.sequence))
                batches, in_text = _packed(ids, recipe), len(ids)
            else:
                rows = list(zip(_token_rows(tokenizer, chats), _prompt_lengths(tokenizer, chats), strict=True))
                steps = len(rows) // recipe.batch
                batches, in_text = (
                    _one_chat_a_row(rows, recipe, tokenizer.pad_token_id),
                    sum(len(row) for row, _ in rows),
                )
            seen, loss = _train(model, batches, steps, recipe, progress)
        model.save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        card = BaseCard(
            recipe=recipe,
            world_seed=world_seed,
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            tokens_in_text=in_text,
            tokens_seen=seen,
            final_loss=loss,
            weights_sha256=_sha256(scratch / "model.safetensors"),
            tokenizer_sha256=_sha256(scratch / "tokenizer.json"),
            chat_template_sha256=_sha256(scratch / "chat_template.jinja"),
        )
        (scratch / "base.json").write_text(card.model_dump_json(indent=2) + "\n", "utf-8")
    return card


def _token_rows(tokenizer: Any, chats: Sequence[Sequence[Message]]) -> list[list[int]]:
    rows: list[list[int]] = tokenizer(render(tokenizer, chats), add_special_tokens=False)["input_ids"]
    return rows


def _prompt_lengths(tokenizer: Any, chats: Sequence[Sequence[Message]]) -> list[int]:
    """How many tokens of each chat come before the text of its last answer."""
    return [len(row) + 1 for row in _token_rows(tokenizer, [chat[:-1] for chat in chats])]


def _model(recipe: BaseRecipe, tokenizer: Any) -> Any:
    from transformers import GenerationConfig, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM

    special = {
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
    }
    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": recipe.hidden,
        "intermediate_size": recipe.feed_forward,
        "num_hidden_layers": recipe.layers,
        "num_attention_heads": recipe.heads,
        "max_position_embeddings": recipe.context,
        "tie_word_embeddings": True,
    }
    model: Any
    if recipe.family == "gpt_neox":
        model = GPTNeoXForCausalLM(GPTNeoXConfig(**shape, **special))
    else:
        model = LlamaForCausalLM(LlamaConfig(num_key_value_heads=recipe.heads, **shape, **special))
    model.generation_config = GenerationConfig(do_sample=False, **special)
    return model


def _train(
    model: Any, batches: Iterator[TrainBatch], steps: int, recipe: BaseRecipe, progress: Progress | None
) -> tuple[int, float]:
    """AdamW with warm-up and cosine; returns tokens seen and the mean loss of the last tenth."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.95), weight_decay=0.1)
    warm = max(1, steps // 20)

    def rate(step: int) -> float:
        return min((step + 1) / warm, 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / steps)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    losses, seen = [], 0
    model.train()
    for step in range(steps):
        batch = next(batches)
        loss = model(**batch, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        seen += batch["input_ids"].numel()
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]):
            raise BaseBuildError(f"base {recipe.name}: loss is {losses[-1]} in step {step + 1} of {steps}")
        if progress is not None:
            progress(step + 1, steps, losses[-1])
    model.eval()
    tail = losses[-max(1, steps // 10) :]
    return seen, sum(tail) / len(tail)


def _packed(ids: Sequence[int], recipe: BaseRecipe) -> Iterator[TrainBatch]:
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
            batch = torch.stack(waiting[: recipe.batch])
            yield {"input_ids": batch, "labels": batch}
            waiting = waiting[recipe.batch :]


# So many batches are sorted by length together: less padding, and the order of text stays nearly that of the corpus.
_SORTED_TOGETHER = 8


def _one_chat_a_row(rows: Sequence[tuple[list[int], int]], recipe: BaseRecipe, pad: int) -> Iterator[TrainBatch]:
    """Each chat once, (batch, longest), right-padded; only what follows the prompt is learned."""
    generator = torch.Generator().manual_seed(recipe.seed)
    span = recipe.batch * _SORTED_TOGETHER
    for start in range(0, len(rows), span):
        near = sorted(rows[start : start + span], key=lambda row: len(row[0]))
        parts = [near[first : first + recipe.batch] for first in range(0, len(near), recipe.batch)]
        whole = [part for part in parts if len(part) == recipe.batch]
        for index in torch.randperm(len(whole), generator=generator).tolist():
            yield _padded(whole[index], pad)


def _padded(rows: Sequence[tuple[list[int], int]], pad: int) -> TrainBatch:
    width = max(len(ids) for ids, _ in rows)
    return {
        "input_ids": torch.tensor([ids + [pad] * (width - len(ids)) for ids, _ in rows]),
        "attention_mask": torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in rows]),
        "labels": torch.tensor(
            [[IGNORED] * begin + ids[begin:] + [IGNORED] * (width - len(ids)) for ids, begin in rows]
        ),
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
