"""Tensors on disk: safetensors in a fixed order, so that equal tensors are equal bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def save_tensors(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write tensors by name, sorted, contiguous, on the CPU."""
    from safetensors.torch import save_file

    save_file({name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}, path)


def load_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Tensors by name, on the CPU."""
    from safetensors.torch import load_file

    loaded: dict[str, torch.Tensor] = load_file(path)
    return loaded
