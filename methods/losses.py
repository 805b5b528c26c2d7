"""The losses and log-probabilities that every method is made of; pure functions of tensors.

torch is imported inside the functions: a method's declaration can then be read (listed, planned, shown on the
leaderboard) on a machine that has no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    import torch
    from torch import nn

IGNORED = -100
"""The label of a position that is not learned (prompt and padding), as torch and transformers use it."""


class ChosenRows(Protocol):
    """What `sft` needs of a batch: labels whose first `n_pairs` rows are the chosen answers."""

    @property
    def labels(self) -> torch.Tensor:
        """Token ids, shape (rows, L), `IGNORED` on prompt and padding."""

    @property
    def n_pairs(self) -> int:
        """The number of pairs."""


def completion_mask(labels: torch.Tensor) -> torch.Tensor:
    """Which predictions are of an answer's tokens: boolean, shape (rows, L - 1), aligned with `token_logps`."""
    return labels[:, 1:] != IGNORED


def token_logps(
    model: nn.Module, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Natural-log probability of each next token, shape (rows, L - 1), 0 where the shifted label is `IGNORED`.

    The model carries TRL's fused head (`add_fused_lm_head`), so that the logits of the vocabulary are never held.
    """
    output = model(
        input_ids=input_ids, attention_mask=attention_mask, labels=labels, use_cache=False, fused_lm_head=True
    )
    return cast("torch.Tensor", output.log_probs)


def sequence_logps(token_logps: torch.Tensor, completion_mask: torch.Tensor) -> torch.Tensor:
    """Log-probability of each answer, summed over its tokens, shape (rows,); what the mask excludes never counts."""
    import torch

    kept = token_logps.masked_fill(~completion_mask.bool(), 0.0)
    # A sum of a thousand bf16 terms would lose whole nats.
    return kept.sum(dim=-1, dtype=torch.promote_types(kept.dtype, torch.float32))


def sft(token_logps: torch.Tensor, batch: ChosenRows) -> tuple[torch.Tensor, torch.Tensor]:
    """Negative log-likelihood (nats) summed over the tokens of the chosen answers, and their number; two scalars."""
    mask = completion_mask(batch.labels[: batch.n_pairs])
    return -sequence_logps(token_logps[: batch.n_pairs], mask).sum(), mask.sum()


def implicit_margin(
    policy_chosen: torch.Tensor,
    policy_rejected: torch.Tensor,
    reference_chosen: torch.Tensor,
    reference_rejected: torch.Tensor,
    beta: float,
) -> torch.Tensor:
    """z = beta * [(log pi(c|x) - log pi(r|x)) - (log pi_ref(c|x) - log pi_ref(r|x))], shape (pairs,).

    Source: Rafailov et al., "Direct Preference Optimization", 2023 (the implicit reward's difference).
    """
    return beta * ((policy_chosen - policy_rejected) - (reference_chosen - reference_rejected))


def dpo(margins: torch.Tensor) -> torch.Tensor:
    """-log sigmoid(z) for every pair, shape (pairs,), at least 0.

    Source: Rafailov et al., "Direct Preference Optimization", 2023.
    """
    from torch.nn import functional

    return -functional.logsigmoid(margins)


def fpo(margins: torch.Tensor, gamma: float) -> torch.Tensor:
    """Focalised preference loss -(1 - s)^gamma * log s with s = sigmoid(z), shape (pairs,), at least 0.

    The gradient goes through the weight, too. `gamma` 0 is `dpo`, bit for bit. Source: LifeAlign (arXiv 2509.17183).
    """
    from torch.nn import functional

    if gamma == 0:
        return dpo(margins)
    # 1 - s = sigmoid(-z): its logarithm stays finite where 1 - s itself rounds to 0.
    weight = (gamma * functional.logsigmoid(-margins)).exp()
    return weight * dpo(margins)
