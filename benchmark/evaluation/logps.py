"""Log-probabilities of both answers of pairs under a policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from lifealign_bench.benchmark.training.collate import collate
from lifealign_bench.benchmark.training.encode import EncodedPair
from lifealign_bench.methods import losses

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PairLogps:
    """Summed log-probabilities (nats) of a pair's answers given the prompt, and their lengths in tokens."""

    pair_id: str
    chosen: float
    rejected: float
    chosen_tokens: int
    rejected_tokens: int


@torch.no_grad()
def pair_logps(
    model: nn.Module, rows: Sequence[EncodedPair], batch_size: int, pad: int, progress: Progress | None = None
) -> list[PairLogps]:
    """One record per row, in the rows' order; computed without dropout, in batches of similar length."""
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    order = sorted(range(len(rows)), key=lambda index: (_length(rows[index]), rows[index].pair.pair_id))
    found: dict[int, PairLogps] = {}
    for start in range(0, len(order), batch_size):
        part = order[start : start + batch_size]
        batch = collate([rows[index] for index in part], pad, both=True)
        labels = batch.labels.to(device)
        per_token = losses.token_logps(model, batch.input_ids.to(device), batch.attention_mask.to(device), labels)
        sums = per_token.double().sum(dim=1).tolist()
        for place, index in enumerate(part):
            row = rows[index]
            found[index] = PairLogps(
                row.pair.pair_id, sums[place], sums[place + len(part)], len(row.chosen), len(row.rejected)
            )
        if progress is not None:
            progress(min(start + batch_size, len(order)), len(order))
    model.train(was_training)
    return [found[index] for index in range(len(rows))]


def _length(row: EncodedPair) -> int:
    return len(row.prompt) + max(len(row.chosen), len(row.rejected))
