"""How far a policy has moved from the base where it answers: the Kullback-Leibler divergence, token by token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from lifealign_bench.benchmark.evaluation.logps import Progress
from lifealign_bench.methods.losses import IGNORED

Turn = tuple[tuple[int, ...], tuple[int, ...]]
"""Token ids of a prompt and of the answer to it."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """Summed divergence of one answer in nats, 0 or more, and over how many tokens."""

    nats: float
    tokens: int


@torch.no_grad()
def divergences(
    policy: nn.Module,
    base: nn.Module,
    turns: Sequence[Turn],
    batch_size: int,
    pad: int,
    progress: Progress | None = None,
) -> list[Divergence]:
    """KL(policy || base) along each answer y to its prompt x, in the turns' order:

        sum_t sum_v p(v | x, y_<t) (log p(v | x, y_<t) - log b(v | x, y_<t))

    over all tokens v of the vocabulary at every place t of the answer, p being the policy and b the base. For y drawn
    from the policy this estimates the divergence of the answers' distributions without the noise of log p(y) - log b(y)
    (the penalty of Stiennon et al., 2020, arXiv 2009.01325); for greedy answers it is the divergence along the answers
    that are judged. An empty answer has 0 tokens and 0 nats.
    """
    order = sorted(range(len(turns)), key=lambda index: (sum(map(len, turns[index])), index))
    found: dict[int, Divergence] = {}
    for start in range(0, len(order), batch_size):
        part = order[start : start + batch_size]
        ids, mask, labels = _padded([turns[index] for index in part], pad, next(policy.parameters()).device)
        answered = labels[:, 1:] != IGNORED
        own = _log_probabilities(policy, ids, mask, labels)
        other = _log_probabilities(base, ids, mask, labels)
        per_token = (own.exp() * (own - other)).sum(dim=-1).clamp_min(0).masked_fill(~answered, 0)
        sums = per_token.double().sum(dim=1).tolist()
        for place, index in enumerate(part):
            found[index] = Divergence(sums[place], len(turns[index][1]))
        if progress is not None:
            progress(min(start + batch_size, len(order)), len(order))
    return [found[index] for index in range(len(turns))]


def _log_probabilities(model: Any, ids: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Log-probabilities of every next token, (rows, tokens - 1, vocabulary); labels tell where the question ends."""
    logits: torch.Tensor = model(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False).logits
    return torch.log_softmax(logits[:, :-1].float(), dim=-1)


def _padded(turns: Sequence[Turn], pad: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    width = max(len(prompt) + len(answer) for prompt, answer in turns)
    ids = torch.full((len(turns), width), pad)
    mask = torch.zeros((len(turns), width), dtype=torch.long)
    labels = torch.full((len(turns), width), IGNORED)
    for row, (prompt, answer) in enumerate(turns):
        end = len(prompt) + len(answer)
        ids[row, :end] = torch.tensor(prompt + answer)
        mask[row, :end] = 1
        labels[row, len(prompt) : end] = torch.tensor(answer, dtype=torch.long)
    return ids.to(device), mask.to(device), labels.to(device)
