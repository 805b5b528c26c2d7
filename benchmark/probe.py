"""A short measurement of this machine: how fast it trains, reads and answers with a model of the suite's kind.

Weights are random, for speed does not depend on them. Where the suite's own model is too large for a short look, a
smaller one of the same build stands in; its rate is then what the estimate is made with, and the record says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lifealign_bench.benchmark.cost import machine
from lifealign_bench.benchmark.estimate import DECODING_PENALTY, FORWARD, FORWARD_AND_BACKWARD
from lifealign_bench.benchmark.graph import Kind
from lifealign_bench.benchmark.suite import Suite

LEAST_S = 1.0
"""Each of the three is repeated until it took so long, after one that is not counted."""

VOCABULARY = 2000
NEW_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama: width, layers, and the pairs and tokens of one step."""

    width: int
    layers: int
    batch: int
    tokens: int

    @property
    def parameters(self) -> float:
        """Those that take part in a token's pass: four width x width and three width x 3 width matrices a layer."""
        return self.layers * 13.0 * self.width**2 + VOCABULARY * self.width


STAND_IN = {"cpu": Shape(256, 4, 1, 128), "cuda": Shape(2048, 22, 4, 512)}


@dataclass(frozen=True, slots=True)
class Probe:
    """Floating point operations a second of training, of reading and of answering, as `estimate` counts operations.

    device: `cpu` or `cuda`; hardware: its name; parameters: of the model that was measured; dtype, threads: as in the
    suite; seconds: what the probe took.
    """

    device: str
    hardware: str
    parameters: float
    dtype: str
    threads: int
    training: float
    reading: float
    answering: float
    seconds: float

    @property
    def rates(self) -> dict[Kind, float]:
        """The rate of every kind of node whose time a model decides."""
        trained: tuple[Kind, ...] = ("train", "base")
        read: tuple[Kind, ...] = ("reference", "pairs", "memory", "capability", "divergence")
        return {
            **dict.fromkeys(trained, self.training),
            **dict.fromkeys(read, self.reading),
            "answers": self.answering,
        }

    def __str__(self) -> str:
        rates = (self.training, self.reading)
        unit, name = (1e12, "TFLOP/s") if self.training >= 1e12 else (1e9, "GFLOP/s")
        training, reading = (f"{rate / unit:.3g}" for rate in rates)
        return (
            f"{self.hardware} ({self.device}, {self.dtype}, {self.threads} threads): training {training}, reading "
            f"{reading} {name}, measured in {self.seconds:.0f} s with a model of "
            f"{self.parameters / 1e6:.3g} M parameters"
        )


def probe(suite: Suite, device: str, shape: Shape | None = None, least_s: float = LEAST_S) -> Probe:
    """Measure this machine; device: `cpu` or `cuda`; it takes some seconds."""
    import torch

    chosen = shape or STAND_IN[device]
    before = torch.get_num_threads()
    torch.set_num_threads(suite.threads)
    began = time.perf_counter()
    try:
        model = _model(chosen, suite.base.dtype, device)
        texts = torch.randint(3, VOCABULARY, (chosen.batch, chosen.tokens), device=device)
        passed = chosen.parameters * chosen.batch
        trained = FORWARD_AND_BACKWARD * passed * chosen.tokens / _seconds(lambda: _step(model, texts), device, least_s)
        read = FORWARD * passed * chosen.tokens / _seconds(lambda: _read(model, texts), device, least_s)
        counted = FORWARD * passed * (chosen.tokens + NEW_TOKENS * DECODING_PENALTY)
        answered = counted / _seconds(lambda: _answer(model, texts), device, least_s)
    finally:
        torch.set_num_threads(before)
    name = str(torch.cuda.get_device_name()) if device == "cuda" else str(machine()["processor"])
    took = time.perf_counter() - began
    return Probe(device, name, chosen.parameters, suite.base.dtype, suite.threads, trained, read, answered, took)


def _model(shape: Shape, dtype: str, device: str) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=shape.width,
        intermediate_size=3 * shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=max(1, shape.width // 64),
        max_position_embeddings=2 * shape.tokens,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model: Any = LlamaForCausalLM(config)
    return model.to(device=device, dtype=getattr(torch, dtype)).requires_grad_(False).eval()


def _step(model: Any, texts: Any) -> None:
    """A pass there and back without the weights' own gradients, as with an adapter on a frozen base."""
    inputs = model.get_input_embeddings()(texts).detach().requires_grad_()
    model(inputs_embeds=inputs, labels=texts).loss.backward()


def _read(model: Any, texts: Any) -> None:
    import torch

    with torch.no_grad():
        model(input_ids=texts)


def _answer(model: Any, texts: Any) -> None:
    mask = texts.new_ones(texts.shape)
    model.generate(
        input_ids=texts, attention_mask=mask, do_sample=False, max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS
    )


def _seconds(work: Callable[[], None], device: str, least_s: float) -> float:
    """Seconds of one repetition, the first left out."""
    import torch

    work()
    if device == "cuda":
        torch.cuda.synchronize()
    began, spent, times = time.perf_counter(), 0.0, 0
    while spent < least_s or not times:
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        times, spent = times + 1, time.perf_counter() - began
    return spent / times
