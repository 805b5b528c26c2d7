"""LoRA by role: which layers an adapter sits on is said in roles and resolved for each model family."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from lifealign_bench.benchmark.suite import Lora, LoraTargets
from lifealign_bench.data.errors import InputError

QUERY_VALUE = frozenset(
    {"q_proj", "v_proj", "query", "value", "q_lin", "v_lin", "query_key_value", "qkv_proj", "qkv", "Wqkv", "c_attn"}
)


def target_modules(model: nn.Module, role: LoraTargets) -> list[str]:
    """Full names of the layers of a role, sorted; fused query-key-value layers count as query and value.

    Raises:
        InputError: the family has no layer that the role describes.
    """
    head = getattr(model, "get_output_embeddings", lambda: None)()
    linear = [name for name, layer in model.named_modules() if _is_linear(layer) and layer is not head]
    found = sorted(name for name in linear if _plays(name, role))
    if not found:
        raise InputError(f"base {type(model).__name__}", "budget.lora.targets", repr(role), f"one of {linear[:8]} ...")
    return found


def wrap_with_lora(model: nn.Module, settings: Lora, seed: int) -> nn.Module:
    """The model with one trainable LoRA in float32 and everything else frozen; A is drawn from `seed`, B is zero."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=settings.r,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=target_modules(model, settings.targets),
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        wrapped: nn.Module = get_peft_model(model, config)
    return wrapped


def add_lora(model: Any, name: str, seed: int) -> None:
    """Another LoRA of the first one's form on a wrapped model, not active yet; A is drawn from `seed`, B is zero."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.add_adapter(name, copy.deepcopy(model.peft_config["default"]))


def _is_linear(layer: Any) -> bool:
    # GPT-2's Conv1D and quantised layers are linear maps that are no subclass of nn.Linear.
    return isinstance(layer, nn.Linear) or type(layer).__name__ in {"Conv1D", "Linear4bit", "Linear8bitLt"}


def _plays(name: str, role: LoraTargets) -> bool:
    *parents, leaf = name.split(".")
    if role == "all_linear":
        return True
    in_attention = any("attn" in part.lower() or "attention" in part.lower() for part in parents)
    return in_attention and (role == "attention" or leaf in QUERY_VALUE)
