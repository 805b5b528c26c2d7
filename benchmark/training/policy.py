"""Policies on disk: the parameters that differ from the base, by name, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from lifealign_bench.benchmark.strict_json import write_json
from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.tensors import load_tensors, save_tensors

WEIGHTS = "weights.safetensors"


def learned_state(model: nn.Module) -> dict[str, torch.Tensor]:
    """Every parameter that a method added or trains, frozen earlier adapters among them, by name (not copied)."""
    return {name: value.detach() for name, value in model.named_parameters() if value.requires_grad or "lora_" in name}


def save_policy(model: nn.Module, folder: Path) -> None:
    """Write `weights.safetensors` and `policy.json`, the shapes by name, into a folder."""
    folder.mkdir(parents=True)
    state = learned_state(model)
    save_tensors(state, folder / WEIGHTS)
    shapes = {name: list(value.shape) for name, value in state.items()}
    write_json(folder / "policy.json", {"layout": 1, "parameters": shapes})


def load_policy(model: nn.Module, folder: Path, *, grown: bool = False) -> None:
    """Copy a saved policy into an attached model, in place.

    grown: whether the model may have parameters that the policy does not have yet; these keep their start.

    Raises:
        InputError: the names or shapes are not the model's.
    """
    saved, own = load_tensors(folder / WEIGHTS), learned_state(model)
    odd = sorted(set(saved) - set(own) if grown else set(saved) ^ set(own))
    if odd:
        raise InputError(folder, "parameters", f"{odd[:3]} on one side only", "the parameters of the attached method")
    copy_state(saved, {name: own[name] for name in saved})


def copy_state(source: Mapping[str, torch.Tensor], target: Mapping[str, torch.Tensor]) -> None:
    """Overwrite `target` in place by name."""
    for name, value in target.items():
        value.copy_(source[name])


@contextmanager
def state_swapped_in(model: nn.Module, state: Mapping[str, torch.Tensor]) -> Iterator[None]:
    """Within the context the model's learned parameters are those of `state`; afterwards its own, to the bit."""
    own = learned_state(model)
    kept = {name: value.clone() for name, value in own.items()}
    copy_state(state, own)
    try:
        yield
    finally:
        copy_state(kept, own)
