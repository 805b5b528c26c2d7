"""Batches of encoded pairs, right-padded for training and scoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from lifealign_bench.benchmark.training.encode import EncodedPair
from lifealign_bench.methods.context import Batch

IGNORED = -100
Logps = Mapping[str, tuple[float, float]]


def collate(rows: Sequence[EncodedPair], pad: int, *, both: bool, reference: Logps | None = None) -> Batch:
    """A batch of chosen answers, followed by the rejected ones if `both`; reference log-probabilities by pair id."""
    sides = [(row.prompt, row.chosen) for row in rows]
    if both:
        sides += [(row.prompt, row.rejected) for row in rows]
    width = max(len(prompt) + len(answer) for prompt, answer in sides)
    ids = torch.full((len(sides), width), pad)
    mask = torch.zeros((len(sides), width), dtype=torch.long)
    labels = torch.full((len(sides), width), IGNORED)
    for index, (prompt, answer) in enumerate(sides):
        end = len(prompt) + len(answer)
        ids[index, :end] = torch.tensor(prompt + answer)
        mask[index, :end] = 1
        labels[index, len(prompt) : end] = torch.tensor(answer)
    known = None if reference is None else torch.tensor([reference[row.pair.pair_id] for row in rows])
    return Batch(
        pairs=tuple(row.pair for row in rows),
        input_ids=ids,
        attention_mask=mask,
        labels=labels,
        reference_chosen_logps=None if known is None else known[:, 0],
        reference_rejected_logps=None if known is None else known[:, 1],
    )
