"""A stage's policy as the adapter folder that servers load: PEFT's own format, one LoRA however many were learned."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch

from lifealign_bench.benchmark.suite import Lora
from lifealign_bench.benchmark.training.policy import WEIGHTS
from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.tensors import load_tensors, save_tensors

_LORA = re.compile(r"^(?P<layer>.+)\.lora_(?P<side>[AB])\.(?P<adapter>[^.]+)\.weight$")


def adapter_folder(policy: Path, lora: Lora, target: Path) -> Path:
    """`target`, holding the policy as `adapter_config.json` and `adapter_model.safetensors`; made unless it is there.

    Several adapters that add up become one: A stacked, B side by side, the rank their sum. The scale stays alpha / r.

    Raises:
        InputError: the policy has parameters that are no LoRA's.
    """
    if target.is_dir():
        return target
    layers = _by_layer(load_tensors(policy / WEIGHTS), policy)
    state, ranks = {}, set()
    for layer, (down, up) in layers.items():
        state[f"{layer}.lora_A.weight"] = torch.cat([down[name] for name in sorted(down)], dim=0)
        state[f"{layer}.lora_B.weight"] = torch.cat([up[name] for name in sorted(down)], dim=1)
        ranks.add(state[f"{layer}.lora_A.weight"].shape[0])
    (rank,) = ranks
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": lora.alpha * rank / lora.r,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": sorted({layer.rsplit(".", 1)[-1] for layer in layers}),
        "inference_mode": True,
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}")
    scratch.mkdir()
    save_tensors(state, scratch / "adapter_model.safetensors")
    (scratch / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    try:
        scratch.rename(target)
    except OSError:
        # Another process made the same one first.
        shutil.rmtree(scratch)
        if not target.is_dir():
            raise
    return target


def _by_layer(
    state: Mapping[str, torch.Tensor], policy: Path
) -> dict[str, tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]]:
    """(A by adapter, B by adapter) of every layer."""
    found: dict[str, tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]] = {}
    for name, value in state.items():
        named = _LORA.match(name)
        if named is None:
            raise InputError(policy, "policy", f"parameter {name}", "parameters of LoRA alone; answer it built-in")
        sides = found.setdefault(named["layer"], ({}, {}))
        sides["AB".index(named["side"])][named["adapter"]] = value
    return found
