"""What tasks look like to the base model: mean hidden states of prompts and of preferences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from lifealign_bench.benchmark.bases import base_identity
from lifealign_bench.benchmark.statistics.similarity import SimilarityRecord
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.training.collate import collate
from lifealign_bench.benchmark.training.encode import EncodedPair
from lifealign_bench.benchmark.world import LoadedWorld
from lifealign_bench.data.errors import InputError

ROWS = 256
"""Training pairs a task that are looked at; the first ones."""


def measure_similarity(world: LoadedWorld, store: Store) -> SimilarityRecord:
    """The similarities of a suite's tasks in the last hidden states of its base.

    Raises:
        InputError: the base has still to be built.
    """
    folder = world.folder_of_base(store)
    if not folder.is_dir():
        raise InputError(world.suite.name, "base", "not built yet", "a suite that `lifealign run` has begun")
    model, encoder = world.open_base(store)
    vectors = {
        task: task_vectors(
            model, encoder.encode(data.train[:ROWS]), world.suite.evaluation.batch_size, encoder.tokenizer.pad_token_id
        )
        for task, data in world.stream.items()
    }
    return SimilarityRecord(
        base_sha256=base_identity(folder, store.root).weights_sha256,
        tasks=tuple(vectors),
        rows=tuple(min(ROWS, len(world.stream[task].train)) for task in vectors),
        prompts=cosines({task: prompt for task, (prompt, _) in vectors.items()}),
        preference=cosines({task: direction for task, (_, direction) in vectors.items()}),
    )


@torch.no_grad()
def task_vectors(
    model: nn.Module, rows: Sequence[EncodedPair], batch_size: int, pad: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Two vectors of the model's width: the mean state of a prompt's tokens, and the mean over pairs of the chosen
    answer's mean state less the rejected one's; each pair counts once, whatever its length."""
    model.eval()
    device = next(model.parameters()).device
    # The body without its head: every family of transformers has it under this name.
    body: Any = model.base_model
    prompts, directions = [], []
    for start in range(0, len(rows), batch_size):
        part = rows[start : start + batch_size]
        batch = collate(part, pad, both=True)
        mask = batch.attention_mask.to(device)
        states = body(input_ids=batch.input_ids.to(device), attention_mask=mask).last_hidden_state.double()
        answer = batch.labels.to(device) != -100
        prompts.append(_means(states, mask.bool() & ~answer)[: len(part)])
        answers = _means(states, answer)
        directions.append(answers[: len(part)] - answers[len(part) :])
    return torch.cat(prompts).mean(dim=0).cpu(), torch.cat(directions).mean(dim=0).cpu()


def cosines(vectors: Mapping[str, torch.Tensor]) -> tuple[tuple[float, ...], ...]:
    """The cosine of each two vectors, -1 to 1; 0 with a vector of zeros."""
    stacked = torch.stack(list(vectors.values())).numpy()
    lengths = np.linalg.norm(stacked, axis=1, keepdims=True)
    unit = stacked / np.where(lengths > 0, lengths, 1.0)
    found = np.clip(unit @ unit.T, -1.0, 1.0)
    return tuple(tuple(float(value) for value in row) for row in (found + found.T) / 2)


def _means(states: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """(N, L, H) and (N, L) -> (N, H): the mean over the chosen tokens."""
    weights = chosen.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)
