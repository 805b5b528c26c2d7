"""Answers of a policy: greedy, or one drawn from what it finds likely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from lifealign_bench.benchmark.evaluation.logps import Progress
from lifealign_bench.benchmark.training.encode import Encoder
from lifealign_bench.data.rows import Pair, digest


@dataclass(frozen=True, slots=True)
class Answer:
    """A generated answer: its text, its length in tokens (end of turn included), and why it ended."""

    pair_id: str
    text: str
    tokens: int
    finish_reason: Literal["stop", "length"]
    prompt_cut: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """One draw of answers: its number, which seeds it, and the temperature that log-probabilities are divided by."""

    draw: int
    temperature: float


def drawing_of(inputs: Mapping[str, object]) -> Drawing | None:
    """The draw that an answers node asks for, None where it decodes greedily."""
    if "draw" not in inputs:
        return None
    return Drawing(int(str(inputs["draw"])), float(str(inputs["temperature"])))


@torch.no_grad()
def answers_of(
    model: nn.Module,
    encoder: Encoder,
    pairs: Sequence[Pair],
    max_new_tokens: int,
    batch_size: int,
    progress: Progress | None = None,
    batch_tokens: int | None = None,
    drawing: Drawing | None = None,
) -> list[Answer]:
    """One answer per pair's prompt, in the pairs' order; greedy or drawn, left-padded, in batches of similar length.

    batch_tokens: where given, a batch has as many rows as fit into so many tokens, padding and room for the answers
    counted, and at least one; `batch_size` then says nothing.

    A prompt keeps its last `max_length` tokens, cut at turns where possible, less the room of the answer where that
    leaves at least a quarter of them.
    """
    room = prompt_room(encoder.max_length, max_new_tokens)
    prompts = [encoder.prompt(pair.prompt, room) for pair in pairs]
    order = sorted(range(len(pairs)), key=lambda index: (len(prompts[index][0]), pairs[index].pair_id))
    lengths = [len(prompts[index][0]) for index in order]
    found: dict[int, Answer] = {}
    model.eval()
    for start, end in spans(lengths, max_new_tokens, batch_size, batch_tokens):
        part = order[start:end]
        with _seeded(drawing, [pairs[index].pair_id for index in part]):
            generated = generate(model, encoder, [prompts[index][0] for index in part], max_new_tokens, drawing)
        for index, ids in zip(part, generated, strict=True):
            found[index] = answer_of(encoder, pairs[index].pair_id, ids, prompts[index][1])
        if progress is not None:
            progress(end, len(order))
    return [found[index] for index in range(len(pairs))]


def spans(
    lengths: Sequence[int], max_new_tokens: int, batch_size: int, batch_tokens: int | None
) -> Iterator[tuple[int, int]]:
    """Where each batch of prompts of these lengths, shortest first, begins and ends (exclusive)."""
    start = 0
    while start < len(lengths):
        end = min(start + batch_size, len(lengths)) if batch_tokens is None else start + 1
        if batch_tokens is not None:
            # Sorted, the last prompt of a batch is its width.
            while end < len(lengths) and (end + 1 - start) * (lengths[end] + max_new_tokens) <= batch_tokens:
                end += 1
        yield start, end
        start = end


def prompt_room(max_length: int, max_new_tokens: int) -> int:
    """Tokens that a prompt may have so that an answer fits behind it, at least a quarter of `max_length`."""
    return max(max_length - max_new_tokens, max_length // 4)


@contextmanager
def _seeded(drawing: Drawing | None, asked: list[str]) -> Iterator[None]:
    """A generator of random numbers that the draw and the batch's prompts alone decide, put back afterwards."""
    if drawing is None:
        yield
        return
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(int(digest(["draw", drawing.draw, asked])[:15], 16))
        yield


def generate(
    model: Any,
    encoder: Encoder,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    drawing: Drawing | None = None,
) -> list[list[int]]:
    """The tokens that follow each prompt, up to the end of turn and padding behind it."""
    from transformers import GenerationConfig

    device = next(model.parameters()).device
    pad, width = encoder.tokenizer.pad_token_id, max(len(ids) for ids in prompts)
    ids = torch.tensor([[pad] * (width - len(row)) + list(row) for row in prompts], device=device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in prompts], device=device)
    # A model's own generation config may set sampling and penalties: ours is passed whole.
    config = GenerationConfig(
        **({"do_sample": False} if drawing is None else _as_drawn(drawing)),
        num_beams=1,
        max_new_tokens=max_new_tokens,
        eos_token_id=encoder.end_of_turn,
        pad_token_id=pad,
        repetition_penalty=1.0,
    )
    output = model.generate(input_ids=ids, attention_mask=mask, generation_config=config)
    rows: list[list[int]] = output[:, width:].tolist()
    return rows


def _as_drawn(drawing: Drawing) -> dict[str, Any]:
    """Plain ancestral sampling: nothing is cut off, so that a draw is of what the policy finds likely."""
    return {"do_sample": True, "temperature": drawing.temperature, "top_k": 0, "top_p": 1.0}


def answer_of(encoder: Encoder, pair_id: str, ids: list[int], prompt_cut: bool) -> Answer:
    """The record of generated tokens, which may go on behind the end of turn."""
    ended = encoder.end_of_turn in ids
    kept = ids[: ids.index(encoder.end_of_turn)] if ended else ids
    text = encoder.tokenizer.decode(kept, skip_special_tokens=True)
    return Answer(pair_id, text.strip(), len(kept) + ended, "stop" if ended else "length", prompt_cut)
