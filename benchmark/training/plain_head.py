"""Log-probabilities of whole logits: what the fused head is compared with, in value, gradient, memory and time."""

from __future__ import annotations

from typing import Any

import torch

from lifealign_bench.methods.losses import IGNORED


def plain_token_logps(
    model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """As `methods.losses.token_logps`, (rows, tokens - 1), holding logits (rows, tokens, vocabulary) on the way."""
    logits: torch.Tensor = (
        model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits[:, :-1].float()
    )
    following = labels[:, 1:]
    known = following != IGNORED
    picked = logits.gather(-1, following.clamp_min(0).unsqueeze(-1)).squeeze(-1)
    return (picked - logits.logsumexp(dim=-1)).masked_fill(~known, 0.0)
