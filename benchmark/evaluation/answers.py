"""Greedy answers of a policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from lifealign_bench.benchmark.evaluation.logps import Progress
from lifealign_bench.benchmark.training.encode import Encoder
from lifealign_bench.data.rows import Pair


@dataclass(frozen=True, slots=True)
class Answer:
    """A generated answer: its text, its length in tokens (end of turn included), and why it ended."""

    pair_id: str
    text: str
    tokens: int
    finish_reason: Literal["stop", "length"]
    prompt_cut: bool


@torch.no_grad()
def greedy_answers(
    model: nn.Module,
    encoder: Encoder,
    pairs: Sequence[Pair],
    max_new_tokens: int,
    batch_size: int,
    progress: Progress | None = None,
) -> list[Answer]:
    """One answer per pair's prompt, in the pairs' order; greedy, left-padded, in batches of similar length.

    A prompt keeps its last `max_length` tokens, cut at turns where possible, less the room of the answer where that
    leaves at least a quarter of them.
    """
    room = prompt_room(encoder.max_length, max_new_tokens)
    prompts = [encoder.prompt(pair.prompt, room) for pair in pairs]
    order = sorted(range(len(pairs)), key=lambda index: (len(prompts[index][0]), pairs[index].pair_id))
    found: dict[int, Answer] = {}
    model.eval()
    for start in range(0, len(order), batch_size):
        part = order[start : start + batch_size]
        generated = _generate(model, encoder, [prompts[index][0] for index in part], max_new_tokens)
        for index, ids in zip(part, generated, strict=True):
            found[index] = _answer(encoder, pairs[index].pair_id, ids, prompts[index][1])
        if progress is not None:
            progress(min(start + batch_size, len(order)), len(order))
    return [found[index] for index in range(len(pairs))]


def prompt_room(max_length: int, max_new_tokens: int) -> int:
    """Tokens that a prompt may have so that an answer fits behind it, at least a quarter of `max_length`."""
    return max(max_length - max_new_tokens, max_length // 4)


def _generate(model: Any, encoder: Encoder, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> list[list[int]]:
    from transformers import GenerationConfig

    device = next(model.parameters()).device
    pad, width = encoder.tokenizer.pad_token_id, max(len(ids) for ids in prompts)
    ids = torch.tensor([[pad] * (width - len(row)) + list(row) for row in prompts], device=device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in prompts], device=device)
    # A model's own generation config may set sampling and penalties: ours is passed whole.
    config = GenerationConfig(
        do_sample=False,
        num_beams=1,
        max_new_tokens=max_new_tokens,
        eos_token_id=encoder.end_of_turn,
        pad_token_id=pad,
        repetition_penalty=1.0,
    )
    output = model.generate(input_ids=ids, attention_mask=mask, generation_config=config)
    rows: list[list[int]] = output[:, width:].tolist()
    return rows


def _answer(encoder: Encoder, pair_id: str, ids: list[int], prompt_cut: bool) -> Answer:
    ended = encoder.end_of_turn in ids
    kept = ids[: ids.index(encoder.end_of_turn)] if ended else ids
    text = encoder.tokenizer.decode(kept, skip_special_tokens=True)
    return Answer(pair_id, text.strip(), len(kept) + ended, "stop" if ended else "length", prompt_cut)
