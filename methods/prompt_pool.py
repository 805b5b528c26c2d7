"""A language model behind a pool of prompts: the module that L2P trains and answers with."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from lifealign_bench.methods.losses import IGNORED


class PromptPool(nn.Module):
    """A frozen base whose questions pick `top` of `pool` prompts of `length` vectors, which then stand before them.

    A row is laid out as padding, prompts, tokens, so that a batch gives what its rows give one by one; what comes back
    has the places of the tokens alone. prompts: (pool, length, width); keys: (pool, width), both in float32.
    distance: after each pass the mean over rows of the sum over picked keys of 1 - cosine, a scalar with gradient.
    """

    def __init__(self, base: Any, pool: int, length: int, top: int, generator: torch.Generator) -> None:
        super().__init__()
        base.requires_grad_(False)
        self.base = base
        self.top = top
        table = base.get_input_embeddings().weight.detach()
        drawn = torch.randint(len(table), (pool, length), generator=generator)
        keys = torch.randn(pool, table.shape[1], generator=generator)
        # Prompts begin as words that the base knows.
        self.prompts = nn.Parameter(table[drawn.to(table.device)].float())
        self.keys = nn.Parameter(keys.to(table.device))
        self.distance = torch.zeros(())

    def __getattr__(self, name: str) -> Any:
        """Whatever else trainers ask of a model (its configuration, its embeddings) is the base's."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "base":
                raise
            return getattr(self.base, name)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor | None = None, **kwargs: Any
    ) -> Any:
        """The base's output; log-probabilities have the shape that the base alone would give, (rows, tokens - 1)."""
        question = attention_mask if labels is None else attention_mask * (labels == IGNORED)
        embedded, mask = self._prompted(input_ids, attention_mask, question)
        added = embedded.shape[1] - input_ids.shape[1]
        if labels is not None:
            # The answer never stands before the prompts, so labels keep their places behind them.
            labels = functional.pad(labels, (added, 0), value=IGNORED)
        output = self.base(inputs_embeds=embedded, attention_mask=mask, labels=labels, **kwargs)
        for name in ("log_probs", "logits"):
            if getattr(output, name, None) is not None:
                output[name] = output[name][:, added:]
        return output

    def generate(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **kwargs: Any) -> torch.Tensor:
        """Answers behind their questions, as a model without prompts gives them."""
        embedded, mask = self._prompted(input_ids, attention_mask, attention_mask)
        answers = self.base.generate(inputs_embeds=embedded, attention_mask=mask, **kwargs)
        return torch.cat([input_ids, answers], dim=1)

    def _prompted(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, question: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings and attention mask, both longer by the prompts' places."""
        tokens = self.base.get_input_embeddings()(input_ids)
        picked = self._pick(tokens, question)
        added = picked.shape[1]
        both = torch.cat([picked.to(tokens), tokens], dim=1)
        # Padding on the left goes before the prompts: places are counted from each row's first token.
        padding = (attention_mask.cumsum(dim=1) == 0).sum(dim=1, keepdim=True)
        places = torch.arange(both.shape[1], device=both.device).expand(both.shape[0], -1)
        source = torch.where(
            places < padding, places + added, torch.where(places < padding + added, places - padding, places)
        )
        embedded = both.gather(1, source.unsqueeze(-1).expand_as(both))
        ones = attention_mask.new_ones(len(attention_mask), added)
        mask = torch.cat([ones, attention_mask], dim=1).gather(1, source)
        return embedded, mask

    def _pick(self, tokens: torch.Tensor, question: torch.Tensor) -> torch.Tensor:
        """The picked prompts of every row, (rows, top * length, width); notes how far their keys are."""
        weights = question.unsqueeze(-1).to(tokens)
        query = (tokens * weights).sum(dim=1) / weights.sum(dim=1).clamp_min(1)
        cosine = functional.cosine_similarity(query.float().unsqueeze(1), self.keys.unsqueeze(0), dim=-1)
        nearest = cosine.topk(self.top, dim=1)
        self.distance = (1 - nearest.values).sum(dim=1).mean()
        return self.prompts[nearest.indices].flatten(1, 2)
