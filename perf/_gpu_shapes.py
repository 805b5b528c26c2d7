"""What `perf/gpu.py` measures on: random models of known shapes, and random rows of known lengths."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Shape:
    """A Qwen2 model's sizes; longest: tokens of the longest prompt and of the longest answer of its rows."""

    hidden: int
    layers: int
    heads: int
    key_value_heads: int
    intermediate: int
    vocabulary: int
    tied: bool
    longest: tuple[int, int]


SHAPES = {
    "qwen2.5-7b": Shape(3584, 28, 28, 4, 18944, 152064, False, (512, 512)),
    "qwen2.5-0.5b": Shape(896, 24, 14, 2, 4864, 151936, True, (512, 512)),
    "tiny": Shape(128, 2, 4, 2, 256, 4096, True, (48, 48)),
}

PEAK_TFLOPS = {"H200": 989, "H100": 989, "A100": 312, "L40": 181, "L4": 121, "4090": 165, "3090": 71, "A10": 125}
"""Dense bf16 peak by the device's name, as its maker states it."""


def random_model(shape: Shape, *, bf16: bool, attention: str, device: str) -> Any:
    """A Qwen2 of random weights, the same ones every time."""
    import torch
    from transformers import AutoModelForCausalLM, Qwen2Config

    config = Qwen2Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_value_heads,
        max_position_embeddings=4096,
        tie_word_embeddings=shape.tied,
        pad_token_id=0,
        eos_token_id=1,
    )
    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(
            config, dtype=torch.bfloat16 if bf16 else torch.float32, attn_implementation=attention
        )
    # Recomputing activations stands in the way of a cache of keys and values.
    model.config.use_cache = False
    return model


@dataclass(frozen=True, slots=True)
class Row:
    """Token ids of one pair."""

    prompt: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]


def random_rows(shape: Shape, count: int, seed: int = 0) -> list[Row]:
    """Rows whose lengths spread as those of real pairs do: log-normal with a median of a quarter of the longest."""
    draw = random.Random(seed)

    def ids(longest: int) -> tuple[int, ...]:
        length = min(longest, max(4, round(longest / 4 * draw.lognormvariate(0, 0.8))))
        return tuple(draw.randrange(2, shape.vocabulary) for _ in range(length))

    return [Row(ids(shape.longest[0]), ids(shape.longest[1]), ids(shape.longest[1])) for _ in range(count)]


def tokens_of(rows: list[Row]) -> int:
    """Tokens of all sequences, padding not counted: every pair is two sequences with the same prompt."""
    return sum(2 * len(row.prompt) + len(row.chosen) + len(row.rejected) for row in rows)


def useful_flops(shape: Shape, rows: list[Row]) -> float:
    """Floating point operations of one pass forward and backward through a frozen model with adapters.

    2 a parameter and token forward, 2 backward for the activations' gradients (weights' gradients are the adapters'
    alone and left out), and attention's 4 * hidden * length^2 / 2 a layer forward, twice that backward. Recomputed
    activations and reference passes do not count: they are cost, not use.
    """
    head = shape.hidden // shape.heads
    attention = shape.hidden * (2 * shape.hidden + 2 * shape.key_value_heads * head)
    layer = attention + 3 * shape.hidden * shape.intermediate
    parameters = shape.layers * layer + shape.vocabulary * shape.hidden
    lengths = [len(row.prompt) + len(side) for row in rows for side in (row.chosen, row.rejected)]
    return 4.0 * parameters * sum(lengths) + 6.0 * shape.layers * shape.hidden * sum(n * n for n in lengths)


def peak_tflops(name: str) -> float | None:
    """The stated peak of a device by its name, None where it is not known."""
    return next((float(peak) for known, peak in PEAK_TFLOPS.items() if known in name), None)
